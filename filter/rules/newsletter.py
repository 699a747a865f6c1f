"""Bulk mail that people subscribed to, or once gave their address for.

One sign is not enough: shops put List-Unsubscribe (RFC 2369) into order confirmations too. A
discussion list (List-Post, or Precedence: list) is a conversation and not a newsletter.
"""

from collections.abc import Iterator

from filter.rule import Exam, rule
from mailstore.envelopes import MailClass, Symbol
from mailstore.wording import N_

SYMBOL = "NEWSLETTER"
ENOUGH = 2


@rule(
    SYMBOL,
    weight=0.0,
    says=N_("It is a newsletter."),
    marks=MailClass.NEWSLETTER,
)
def find(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol if at least two independent signs of bulk mail are there."""
    mail = exam.mail
    precedence = mail.header("Precedence").lower()
    if precedence == "list" or mail.header("List-Post"):
        return
    signs = [name for name in ("List-Unsubscribe", "List-Id", "Feedback-ID") if mail.header(name)]
    if precedence == "bulk":
        signs.append("Precedence")
    if len(signs) >= ENOUGH and "Auto-Submitted" not in mail.message:
        yield Symbol(SYMBOL, ", ".join(signs))
