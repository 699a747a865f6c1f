"""The generic test for unsolicited bulk mail: a string agreed on for testing spam filters.

Every mail that carries it is held, so that an administrator can try the quarantine out.
"""

from collections.abc import Iterator

from filter.rule import Exam, rule
from mailstore.envelopes import MailClass, Symbol
from mailstore.wording import N_

SYMBOL = "GTUBE"
# In two halves, so that this file is not spam itself.
TEST_STRING = b"XJS*C4JDBQADN1.NSBN3*2IDNEN*" + b"GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"


@rule(
    SYMBOL,
    weight=1000.0,
    says=N_("It contains the test string for spam filters."),
    marks=MailClass.SPAM,
)
def find(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if the string stands anywhere in the mail, decoded or not."""
    if TEST_STRING in exam.mail.raw or TEST_STRING.decode() in exam.mail.text:
        yield Symbol(SYMBOL)
