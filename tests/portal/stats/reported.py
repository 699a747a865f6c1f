"""Reports about domains as their readers get them, and mail worth reporting."""

import email
from email.message import EmailMessage
from email.policy import default
from typing import Any

from sqlalchemy import select

from mailstore import subscriptions
from mailstore.addresses import Address
from mailstore.deliveries import Delivery
from mailstore.envelopes import MailClass, Summary
from mailstore.mailboxes import Mailbox
from mailstore.messages import Message
from mailstore.store import Store
from mailstore.subscriptions import Kind, Subscription, Wish
from mailstore.tenants import Tenant
from portal.stats.mails import send_subscription
from tests.factories import a_held_delivery, an_accepted

OUTSIDE = "trust@there.example"
WRITER = Address("=cmd", "evil.example")


def a_subscription(store: Store, mailbox: Mailbox, **wish: Any) -> Subscription:
    """Return a new report that comes to an address outside unless said otherwise."""
    wanted = Wish(**{"kind": Kind.STATISTICS, "address": OUTSIDE} | wish)
    with store.write() as db:
        return subscriptions.add(db, db.get_one(Tenant, mailbox.tenant_id), wanted, by="beat")


def busy(store: Store, *mailboxes: Mailbox) -> None:
    """Let each mailbox get a mail, and have one held."""
    odd = Summary(author=WRITER, subject="Plans")
    for mailbox in mailboxes:
        an_accepted(store, mailbox, summary=odd)
        a_held_delivery(store, mailbox, mail_class=MailClass.PHISH)


def queued(store: Store) -> list[Delivery]:
    """Return the reports on their way, the oldest first."""
    with store.read() as db:
        found = select(Delivery).where(Delivery.mail_class == MailClass.REPORT)
        return list(db.scalars(found.order_by(Delivery.id)))


def written(store: Store, made: Subscription) -> EmailMessage:
    """Send a report now, and return it as a mail program reads it, which finds nothing wrong."""
    with store.write() as db:
        assert subscriptions.send_now(db, made.tenant_id, made.id, by="beat")
    send_subscription(store, made.id)
    with store.read() as db:
        message = db.get_one(Message, queued(store)[-1].message_id)
    raw = b"".join(store.content(message))
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    mail = email.message_from_bytes(raw, policy=default)
    assert isinstance(mail, EmailMessage)
    assert [part.defects for part in mail.walk() if part.defects] == []
    return mail


def said(mail: EmailMessage) -> str:
    """Return all that a mail says to whoever gets it: subject, text, HTML and the file."""
    parts = [part for part in mail.walk() if not part.is_multipart()]
    return "\n".join([str(mail["Subject"]), *(str(part.get_content()) for part in parts)])


def file_of(mail: EmailMessage) -> str:
    """Return the table that is attached."""
    (attached,) = mail.iter_attachments()
    return str(attached.get_content())
