"""The EICAR test file: a harmless string that every virus scanner calls a virus.

It shows that infected mail is refused, without anybody having to send an infected mail. It is
found in archives too, and in every way that some mail program may read the mail.
"""

from collections.abc import Iterator

from filter.attached.attachments import TEST_VIRUS, first_few, look
from filter.rule import Exam, rule
from mailstore.envelopes import MailClass, Symbol
from mailstore.wording import N_

SYMBOL = "VIRUS_FOUND"
TEST_STRING = TEST_VIRUS


@rule(
    SYMBOL,
    weight=0.0,
    says=N_("It carries a virus."),
    marks=MailClass.VIRUS,
    refuses="Virus found",
)
def find(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol once if the string is anywhere in the mail."""
    for virus in first_few(look(exam.mail).viruses, 1):
        yield Symbol(SYMBOL, virus)
