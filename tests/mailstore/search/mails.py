"""Mail with words in it, and what people find."""

from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from zoneinfo import ZoneInfo

from mailstore import clock, copies
from mailstore.addresses import Address
from mailstore.deliveries import Delivery
from mailstore.envelopes import Summary
from mailstore.mailboxes import Mailbox
from mailstore.pages import Page
from mailstore.scope import Scope
from mailstore.search import finding
from mailstore.search.grammar import understood
from mailstore.search.indexing import index_mail
from mailstore.store import Store
from tests.factories import an_accepted

ZONE = ZoneInfo("Europe/Zurich")


def a_mail(
    text: str = "",
    *,
    subject: str = "",
    author: str = "bob@there.example",
    to: str = "anna@muster.example",
    attached: str = "",
) -> bytes:
    """Return a mail as a program of today writes it."""
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = author, to, subject
    mail.set_content(text)
    if attached:
        mail.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename=attached)
    return mail.as_bytes()


def received(  # noqa: PLR0913 (what may differ from mail to mail is its arguments)
    store: Store,
    mailbox: Mailbox,
    text: str = "",
    *,
    subject: str = "",
    author: str = "bob@there.example",
    raw: bytes = b"",
    held: bool = False,
    at: datetime | None = None,
    attachments: int = 0,
) -> Delivery:
    """Return the delivery of a mail that search does not know yet."""
    summary = Summary(author=Address.parse(author), subject=subject, attachments=attachments)
    raw = raw or a_mail(text, subject=subject, author=author)
    return an_accepted(store, mailbox, raw=raw, summary=summary, held=held, at=at)


def indexed(store: Store, mailbox: Mailbox, text: str = "", **values: object) -> int:
    """Return the id of a delivery whose words search knows."""
    delivery = received(store, mailbox, text, **values)  # type: ignore[arg-type]  # as they are named
    index_mail(store)
    return delivery.id


def found(store: Store, scope: Scope, text: str, page: Page | None = None) -> list[int]:
    """Return the ids of copies that a scope finds by what somebody types, in their order."""
    with store.read() as db:
        query = understood(text, clock.now(), ZONE)
        shown = copies.shown(db, scope)
        return [each.id for each in finding.found(db, shown, scope, query, page or Page())]
