"""The EICAR test file: a harmless string that every virus scanner calls a virus.

It shows that infected mail is refused, without anybody having to send an infected mail.
"""

from collections.abc import Iterator

from filter.rule import Exam, rule
from mailstore.envelopes import MailClass, Symbol
from mailstore.wording import N_

SYMBOL = "VIRUS_FOUND"
# In two halves, so that no scanner takes this file away.
TEST_STRING = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


@rule(
    SYMBOL,
    weight=0.0,
    says=N_("It carries a virus."),
    marks=MailClass.VIRUS,
    refuses="Virus found",
)
def find(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol for the first part that contains the string."""
    for part in exam.mail.parts:
        if TEST_STRING in part.content():
            yield Symbol(SYMBOL, "Eicar-Test-File")
            return
