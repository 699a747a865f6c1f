"""Mail whose structure programs read differently (RFC 2045, RFC 2046), so that filters see less.

What some program could find in it is looked at all the same. Broken programs write such mail
too, so it weighs little by itself.
"""

from collections.abc import Iterator

from filter.attached.readings import ambiguities
from filter.rule import Exam, rule
from mailstore.envelopes import Symbol
from mailstore.wording import N_

SYMBOL = "AMBIGUOUS_MIME"


@rule(SYMBOL, weight=2.0, says=N_("It is built so that programs show different content."))
def find(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol once, with all that is ambiguous."""
    found = ambiguities(exam.mail)
    if found:
        yield Symbol(SYMBOL, ", ".join(found))
