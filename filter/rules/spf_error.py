"""Mail whose sender could not be checked: SPF is written wrongly, or DNS did not answer.

That is the fault of whoever looks after the domain, or of the network (RFC 7208 §8.6, §8.7): it
weighs nothing and tells an administrator why there is no better result.
"""

from collections.abc import Iterator

from filter.rule import Exam, rule
from mailstore.envelopes import Symbol
from mailstore.wording import N_

SYMBOL = "SPF_ERROR"
ERRORS = ("temperror", "permerror")


@rule(SYMBOL, weight=0.0, says=N_("It could not be checked whether its server may send it."))
def find(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol with the kind of error."""
    if exam.authentication.spf in ERRORS:
        yield Symbol(SYMBOL, exam.authentication.spf)
