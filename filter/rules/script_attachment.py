"""Attached scripts that name the program to run them with (`#!`).

They do not start by being opened on most computers, and people who write programs mail them to
each other, so it weighs and does not hold by itself.
"""

from collections.abc import Iterator

from filter.attached.attachments import first_few, look
from filter.rule import Exam, rule
from mailstore.envelopes import Symbol
from mailstore.wording import N_

SYMBOL = "SCRIPT_ATTACHMENT"


@rule(SYMBOL, weight=2.0, says=N_("An attachment is a small program."))
def find(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol for each of the first such attachments."""
    for where in first_few(look(exam.mail).scripts):
        yield Symbol(SYMBOL, where)
