"""Archives that unpack to far too much, or in which programs find different files.

Nobody makes such an archive by accident: it is meant to stop a filter, or to get past one.
"""

from collections.abc import Iterator

from filter.attached.attachments import first_few, look
from filter.rule import Exam, rule
from mailstore.envelopes import MailClass, Symbol
from mailstore.wording import N_

SYMBOL = "ARCHIVE_TOO_COMPLEX"


@rule(
    SYMBOL,
    weight=5.0,
    says=N_("An attached archive is built so that it cannot be checked."),
    marks=MailClass.DANGEROUS,
)
def find(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol with what is wrong with each of the first such archives."""
    for knot in first_few(look(exam.mail).knots):
        yield Symbol(SYMBOL, knot)
