"""Signed mail of which no signature holds: something was changed, or somebody copied a signature.

Mailing lists add a line and break signatures every day, so it weighs next to nothing. A key that
cannot be looked up now says nothing at all (RFC 6376 §6.1.2).
"""

from collections.abc import Iterator

from filter.authentication.signatures import FAIL, PASS, PERMERROR
from filter.rule import Exam, rule
from mailstore.envelopes import Symbol
from mailstore.wording import N_

SYMBOL = "DKIM_INVALID"
WRONG = frozenset({FAIL, PERMERROR})


@rule(SYMBOL, weight=0.3, says=N_("Its signature is not valid."))
def find(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol once, with what is wrong with the first signature."""
    signatures = exam.authentication.dkim
    if any(each.result == PASS for each in signatures):
        return
    for each in signatures:
        if each.result in WRONG:
            yield Symbol(SYMBOL, f"{each.domain}: {each.comment}")
            return
