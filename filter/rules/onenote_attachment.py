"""OneNote files as attachments: people share notebooks and do not mail them.

A program inside one counts apart; buttons that hide it look like any picture.
"""

from collections.abc import Iterator

from filter.attached.attachments import first_few, look
from filter.rule import Exam, rule
from mailstore.envelopes import Symbol
from mailstore.wording import N_

SYMBOL = "ONENOTE_ATTACHMENT"


@rule(SYMBOL, weight=2.5, says=N_("An attachment is a notebook, which can hide programs."))
def find(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol for each of the first such attachments."""
    for where in first_few(look(exam.mail).notes):
        yield Symbol(SYMBOL, where)
