"""Macros in office documents; one that starts by itself or starts programs is a program.

Offices exchange documents with macros, so those that do neither only weigh.
"""

from collections.abc import Iterator

from filter.attached.attachments import first_few, look
from filter.attached.macros import Macros
from filter.rule import Exam, rule
from mailstore.envelopes import MailClass, Symbol
from mailstore.wording import N_

SOME = "MACROS"
DANGEROUS = "DANGEROUS_MACROS"


@rule(SOME, weight=2.0, says=N_("An attached document contains a small program."))
def find(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol for each of the first documents with macros, unless any do harm."""
    if next(_where(exam, Macros.DANGEROUS), None) is not None:
        return
    for where in _where(exam, Macros.SOME):
        yield Symbol(SOME, where)


@rule(
    DANGEROUS,
    weight=6.0,
    says=N_("An attached document contains a program that could damage your computer."),
    marks=MailClass.DANGEROUS,
)
def find_dangerous(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol for each of the first documents with macros that do harm."""
    for where in _where(exam, Macros.DANGEROUS):
        yield Symbol(DANGEROUS, where)


def _where(exam: Exam, kind: Macros) -> Iterator[str]:
    yield from first_few(
        [where for where, found in look(exam.mail).macros.items() if found is kind]
    )
