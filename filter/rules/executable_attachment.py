"""Attachments that run a program when they are opened, by their name or by their first bytes.

A name is read in every way a mail program might read it, and archives are opened; one dangerous
reading is enough, and that one is shown.
"""

from collections.abc import Iterator

from filter.attached.attachments import first_few, look
from filter.rule import Exam, rule
from mailstore.envelopes import MailClass, Symbol
from mailstore.wording import N_

SYMBOL = "EXECUTABLE_ATTACHMENT"


@rule(
    SYMBOL,
    weight=6.0,
    says=N_("An attachment is a program and could damage your computer."),
    marks=MailClass.DANGEROUS,
)
def find(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol for each of the first files that are programs."""
    for where in first_few(look(exam.mail).programs):
        yield Symbol(SYMBOL, where)
