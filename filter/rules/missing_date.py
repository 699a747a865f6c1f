"""Mail without a Date, which RFC 5322 §3.6 asks of every mail.

Devices in a company forget it too, so it weighs little and others add to it.
"""

from collections.abc import Iterator

from filter.rule import Exam, rule
from mailstore.envelopes import Symbol
from mailstore.wording import N_

SYMBOL = "MISSING_DATE"


@rule(SYMBOL, weight=1.4, says=N_("It does not say when it was written."))
def find(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if there is no Date, or an empty one."""
    if not exam.mail.header("Date"):
        yield Symbol(SYMBOL)
