"""Sent copies: what somebody wrote here, as a mail to themselves.

It is how a message comes home where no IMAP server takes it. Such a delivery is a further one of
the same message, of our own class: no list, figure or report takes it for received mail, and
nobody is told of what becomes of it.
"""

from email.utils import getaddresses
from typing import Any

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from mailstore import clock, events, jobs, mailboxes
from mailstore.db import upsert
from mailstore.deliveries import Delivery, Direction, State
from mailstore.envelopes import MailClass
from mailstore.mailboxes import Mailbox
from mailstore.messages import Message
from mailstore.mime import Mail, head_of, raw_fields
from mailstore.tenants import Tenant

REASON = "sent copy"
# What stands before the Subject, by the language of the mailbox.
TAGS = {"de": "[Gesendet]", "fr": "[Envoyé]", "it": "[Inviato]", "en": "[Sent]"}


def queue(db: Session, message_id: int, mailbox_id: int) -> None:
    """Queue a message as a copy for whoever wrote it; once, however often it is asked for."""
    mailbox = db.get_one(Mailbox, mailbox_id)
    its = mailboxes.recipient_of(db, mailbox)
    first, thread = db.execute(
        select(Delivery.id, Delivery.thread)
        .where(Delivery.message_id == message_id)
        .order_by(Delivery.id)
        .limit(1)
    ).one()
    now = clock.now()
    values: dict[str, Any] = {
        "tenant_id": its.tenant_id, "message_id": message_id, "domain_id": its.domain_id,
        "mailbox_id": its.mailbox_id, "lane_id": its.lane_id, "direction": Direction.IN,
        "recipient": str(its.address), "resend_of": first, "thread": thread,
        "state": State.QUEUED, "mail_class": MailClass.REPORT, "score": 0.0, "reason": REASON,
        "symbols": [], "tag": _tag(db, mailbox), "accepted_at": now, "queued_at": now,
        "next_attempt_at": now,
    }  # fmt: skip
    added = upsert(db, Delivery).values(**values).on_conflict_do_nothing().returning(Delivery.id)
    if (copy_id := db.scalar(added)) is None:
        return
    ids = {"tenant_id": its.tenant_id, "mailbox_id": mailbox_id, "delivery_id": copy_id}
    events.record(db, "sent_copy_queued", by="worker", **ids)
    jobs.after_commit(db, "drain", its.lane_id)


def of(db: Session, message_id: int) -> Delivery | None:
    """Return the copy of a message for whoever wrote it, if there is one."""
    return db.scalar(select(Delivery).where(Delivery.message_id == message_id, among(Delivery)))


def is_one(delivery: Delivery) -> bool:
    """Whether a delivery, its message loaded, is a copy for whoever wrote it."""
    again = delivery.resend_of != 0 and delivery.mail_class is MailClass.REPORT
    return again and delivery.message.writer_id is not None


def among(rows: Any) -> ColumnElement[bool]:
    """Return the condition that a delivery is a copy for whoever wrote it."""
    written = select(Message.id).where(
        Message.id == rows.message_id, Message.writer_id.is_not(None)
    )
    # Hardly any delivery comes as far as the question for its message.
    again = rows.resend_of != 0, rows.mail_class == MailClass.REPORT
    return and_(*again, written.exists())


def recipients_of(db: Session, message_id: int) -> list[str]:
    """Return whom a message was sent to."""
    sent = Delivery.message_id == message_id, Delivery.resend_of == 0
    return list(db.scalars(select(Delivery.recipient).where(*sent).order_by(Delivery.id)))


def bcc(first: bytes, recipients: list[str]) -> bytes:
    """Return the line that names who got a mail and stands neither in To nor in Cc.

    `first` is the beginning of the mail. Its writer knows of them, and nobody else reads it.
    """
    message = Mail(head_of(first)).message
    named = getaddresses([*raw_fields(message, "To"), *raw_fields(message, "Cc")])
    shown = {address.lower() for _, address in named}
    blind = [each for each in recipients if each.lower() not in shown]
    return b"Bcc: " + ",\r\n ".join(blind).encode() + b"\r\n" if blind else b""


def _tag(db: Session, mailbox: Mailbox) -> str:
    language = mailbox.language or db.get_one(Tenant, mailbox.tenant_id).language
    return TAGS.get(language, TAGS["en"])
