"""Small things that tests of examination are made of: mails written as plain text."""

from filter.authentication import Authentication
from filter.rule import Exam, load_rules
from mailstore.envelopes import Client
from mailstore.mime import Mail

STRANGER = Client("192.0.2.7", "mail.there.example")


def raw_mail(text: str) -> bytes:
    """Return the canonical bytes of a mail written with plain line ends."""
    return text.lstrip("\n").replace("\n", "\r\n").encode("utf-8", "surrogateescape")


def an_exam(text: str, *, sender: str = "", authentication: Authentication | None = None) -> Exam:
    return Exam(Mail(raw_mail(text)), STRANGER, sender, authentication or Authentication())


def found(symbol: str, exam: Exam) -> list[str]:
    """Return the details of what the one rule behind a symbol finds."""
    rule = load_rules()[symbol]
    assert rule.find is not None
    symbols = list(rule.find(exam))
    assert {each.name for each in symbols} <= {symbol}
    return [each.detail for each in symbols]
