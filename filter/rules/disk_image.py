"""Images of disks, by their name or content: what lies in them runs without any warning.

They open like a folder, and what Windows knows of where a file came from gets lost on the way.
"""

from collections.abc import Iterator

from filter.attached.attachments import first_few, look
from filter.rule import Exam, rule
from mailstore.envelopes import MailClass, Symbol
from mailstore.wording import N_

SYMBOL = "DISK_IMAGE"


@rule(
    SYMBOL,
    weight=5.0,
    says=N_("An attachment is the image of a disk, which can hide programs."),
    marks=MailClass.DANGEROUS,
)
def find(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol for each of the first such attachments."""
    for where in first_few(look(exam.mail).disks):
        yield Symbol(SYMBOL, where)
