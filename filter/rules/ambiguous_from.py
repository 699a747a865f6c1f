"""Mail whose From can be read in several ways: repeated, with several authors, or with tricks.

Forgers write it so that a filter proves one address and people see another. Such mail is never
taken as proven. A few programs write such lines by mistake: the weight stays below the threshold.
"""

from collections.abc import Iterator

from filter.authentication.authors import ambiguity
from filter.rule import Exam, rule
from mailstore.envelopes import Symbol
from mailstore.wording import N_

SYMBOL = "AMBIGUOUS_FROM"


@rule(SYMBOL, weight=3.0, says=N_("It does not say clearly who wrote it."))
def find(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol with what is ambiguous (RFC 5322 §3.6.2)."""
    if why := ambiguity(exam.mail):
        yield Symbol(SYMBOL, why)
