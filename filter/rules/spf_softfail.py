"""Mail whose sender's domain says that this server probably may not send for it (RFC 7208 §8.5).

Owners write this while they are not sure of all their servers, so it weighs little.
"""

from collections.abc import Iterator

from filter.rule import Exam, rule
from mailstore.envelopes import Symbol
from mailstore.wording import N_

SYMBOL = "SPF_SOFTFAIL"


@rule(
    SYMBOL,
    weight=1.0,
    says=N_("The server it came from is not known to send for the sender's domain."),
)
def find(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if SPF says softfail and nothing else proves the author."""
    if exam.authentication.spf == "softfail" and not exam.authentication.proofs:
        yield Symbol(SYMBOL, exam.sender)
