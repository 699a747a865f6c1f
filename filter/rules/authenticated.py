"""Mail whose author is proven: by DMARC, or by SPF or DKIM for the domain that people see in From.

Allow lists hold only for such mail, because anybody can write an allowed author into From.
"""

from collections.abc import Iterator

from filter.rule import Exam, rule
from mailstore.envelopes import Symbol
from mailstore.wording import N_

SYMBOL = "AUTHENTICATED"


@rule(SYMBOL, weight=0.0, says=N_("Its sender is proven."))
def find(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol with what proves the one author, if anything does."""
    if exam.authentication.proofs:
        yield Symbol(SYMBOL, " ".join(exam.authentication.proofs))
