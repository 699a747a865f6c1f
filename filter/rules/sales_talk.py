"""Mail that talks like advertising from beginning to end: many kinds of it at once.

One offer is ordinary. A text that promises money, hurries, guarantees, offers things for free and
explains how to be removed is written by somebody who sends to strangers.
"""

from collections.abc import Iterator

from filter.rule import Exam, rule
from filter.views.wording import spoken, spoken_in_subject
from mailstore.envelopes import Symbol
from mailstore.wording import N_

SALES_TALK = "SALES_TALK"
SALES_TALK_DENSE = "SALES_TALK_DENSE"
SALES_PHRASES = "SALES_PHRASES"
SUBJECT_SELLS = "SUBJECT_SELLS"
SEVERAL, MANY = 3, 5
PHRASES = 8
KINDS = frozenset(
    [
        *("ACCOUNT_THREAT", "ADULT", "BULK_TOOLS", "CLICK_HERE", "EASY_MONEY", "FREE_OFFER"),
        *("LOANS", "LOTTERY", "NOT_SPAM", "PILLS", "REMOVE_ME", "SALES_GREETING", "SLIMMING"),
        *("STOCK_TIPS", "TOO_GOOD_GUARANTEE", "URGENT_OFFER"),
    ]
)


@rule(SALES_TALK, weight=0.5, says=N_("It talks like an advertisement."))
def find_sales_talk(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol for a text of several kinds of advertising."""
    kinds = KINDS & spoken(exam.mail).keys()
    if SEVERAL <= len(kinds) < MANY:
        yield Symbol(SALES_TALK, str(len(kinds)))


@rule(SALES_TALK_DENSE, weight=0.9, says=N_("It is advertising from beginning to end."))
def find_sales_talk_dense(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol for a text of many kinds of advertising."""
    kinds = KINDS & spoken(exam.mail).keys()
    if len(kinds) >= MANY:
        yield Symbol(SALES_TALK_DENSE, ", ".join(sorted(kinds)))


@rule(SALES_PHRASES, weight=0.2, says=N_("It piles up the phrases of advertising."))
def find_sales_phrases(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol for many different phrases, of whatever kinds."""
    count = sum(len(said) for kind, said in spoken(exam.mail).items() if kind in KINDS)
    if count >= PHRASES:
        yield Symbol(SALES_PHRASES, str(count))


@rule(SUBJECT_SELLS, weight=0.8, says=N_("Its subject is an advertisement."))
def find_subject_sells(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if the Subject itself speaks like advertising."""
    said = spoken_in_subject(exam.mail)
    for kind in sorted(KINDS & said.keys())[:1]:
        yield Symbol(SUBJECT_SELLS, f"{kind}: {min(said[kind])}")
