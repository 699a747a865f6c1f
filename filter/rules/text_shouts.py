"""Texts that shout: lines in capitals, rows of signs, sums of money everywhere."""

import re
from collections.abc import Iterator

from filter.rule import Exam, rule
from filter.views.shape import whole_text
from mailstore.envelopes import Symbol
from mailstore.wording import N_

TEXT_SHOUTS = "TEXT_SHOUTS"
TEXT_EXCLAIMS = "TEXT_EXCLAIMS"
TEXT_MONEY = "TEXT_MONEY"
TOLL_FREE = "TOLL_FREE"
PAPER_FORM = "PAPER_FORM"
MOST_LINES, SEVERAL, SUMS, EXCLAMATIONS = 1000, 3, 4, 6
CURRENCIES = ("$", "€", "£", "CHF", "EUR", "USD", "Fr.")
_EXCLAIMED = re.compile(r"\w!")
FEWEST_LETTERS = 10
_MONEY = re.compile(r"[$€£]\s?\d[\d,.']+|\b(?:CHF|EUR|USD|Fr\.)\s?\d{2,9}|[$€£]{3,9}")
_TOLL_FREE = re.compile(
    r"8(?<!\w8)(?:00|88|77|66)\)?[- .]\d{3}[- .]\d{4}\b|0(?<!\w0)(?:800|90[016])[ .-]?\d{2,3}"
)


@rule(TEXT_SHOUTS, weight=0.1, says=N_("It shouts in capitals."))
def find_text_shouts(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if several lines are words in capitals."""
    lines = [line for line in _lines(exam) if _shouts(line)]
    if len(lines) >= SEVERAL:
        yield Symbol(TEXT_SHOUTS, str(len(lines)))


@rule(TEXT_EXCLAIMS, weight=0.2, says=N_("It is full of exclamation marks."))
def find_text_exclaims(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if many sentences end with exclamation marks."""
    text = whole_text(exam.mail)
    if text.count("!") < EXCLAMATIONS:
        return
    count = len(_EXCLAIMED.findall(text))
    if count >= EXCLAMATIONS:
        yield Symbol(TEXT_EXCLAIMS, str(count))


@rule(TEXT_MONEY, weight=0.1, says=N_("It names sums of money again and again."))
def find_text_money(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if at least four sums are named."""
    text = whole_text(exam.mail)
    if not any(sign in text for sign in CURRENCIES):
        return
    count = len(_MONEY.findall(text))
    if count >= SUMS:
        yield Symbol(TEXT_MONEY, str(count))


@rule(TOLL_FREE, weight=0.4, says=N_("It asks you to call a special number."))
def find_toll_free(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol for numbers that cost nothing, or a lot."""
    found = _TOLL_FREE.search(whole_text(exam.mail))
    if found:
        yield Symbol(TOLL_FREE, found[0])


@rule(PAPER_FORM, weight=0.9, says=N_("It contains a form to print and send."))
def find_paper_form(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if lines to write on come again and again."""
    rows = sum("_____" in line and ":" in line for line in _lines(exam))
    if rows >= SEVERAL:
        yield Symbol(PAPER_FORM, str(rows))


def _lines(exam: Exam) -> list[str]:
    return whole_text(exam.mail).splitlines()[:MOST_LINES]


def _shouts(line: str) -> bool:
    if not line.isupper() or " " not in line.strip():
        return False
    return sum(map(str.isalpha, line)) >= FEWEST_LETTERS
