"""Archives with names that would put files outside the folder they are unpacked to.

`../`, a path from the root, the name of a device, or a line end: no program writes those by
itself.
"""

from collections.abc import Iterator

from filter.attached.attachments import first_few, look
from filter.rule import Exam, rule
from mailstore.envelopes import Symbol
from mailstore.wording import N_

SYMBOL = "ARCHIVE_NAME_LEAVES"


@rule(
    SYMBOL,
    weight=3.0,
    says=N_("An attached archive would put files where they do not belong."),
)
def find(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol for each of the first such names."""
    for where in first_few(look(exam.mail).strays):
        yield Symbol(SYMBOL, where)
