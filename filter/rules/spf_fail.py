"""Mail whose sender's domain says that this server may not send for it (RFC 7208 §8.4).

Forwarding breaks SPF too, so the weight stays below the threshold, and where a signature proves
the author all the same it says nothing.
"""

from collections.abc import Iterator

from filter.rule import Exam, rule
from mailstore.envelopes import Symbol
from mailstore.wording import N_

SYMBOL = "SPF_FAIL"


@rule(
    SYMBOL,
    weight=3.0,
    says=N_("The server it came from may not send for the sender's domain."),
)
def find(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if SPF says fail and nothing else proves the author."""
    if exam.authentication.spf == "fail" and not exam.authentication.proofs:
        yield Symbol(SYMBOL, exam.sender)
