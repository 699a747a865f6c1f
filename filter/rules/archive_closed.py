"""Archives of kinds that we know but cannot open, and archives that are broken.

People send such archives too, so it weighs little; what scanners find in them counts apart.
"""

from collections.abc import Iterator

from filter.attached.attachments import first_few, look
from filter.rule import Exam, rule
from mailstore.envelopes import Symbol
from mailstore.wording import N_

SYMBOL = "ARCHIVE_CLOSED"


@rule(SYMBOL, weight=1.0, says=N_("An attached archive could not be opened and checked."))
def find(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol for each of the first such archives."""
    for where in first_few(look(exam.mail).closed):
        yield Symbol(SYMBOL, where)
