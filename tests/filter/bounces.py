"""Bounces: what they are written from, and how two parsers that know nothing of us read them."""

import email
from dataclasses import dataclass
from datetime import timedelta
from email.errors import NonASCIILocalPartDefect
from email.message import EmailMessage, Message
from email.policy import default
from typing import Any

from flufl.bounce import all_failures
from sqlalchemy import select, update

from filter.bounce import Case, written
from mailstore.deliveries import Delivery, State
from mailstore.domains import Domain
from mailstore.envelopes import MailClass
from mailstore.lanes import Lane
from mailstore.messages import Message as Stored
from mailstore.store import Store
from mailstore.tenants import Tenant
from tests.factories import ANNA, BOB, NOON, RAW

HOST = "mx.mailhafen.test"
REFUSED = "550 5.1.1 nobody here"
HEAD = RAW[: RAW.index(b"\r\n\r\n") + 2]
MOST_BYTES = 998


@dataclass(frozen=True, slots=True)
class Read:
    """A bounce as a mail program reads it: what people see, what programs see, what came back."""

    mail: EmailMessage
    text: str
    whole: EmailMessage
    each: EmailMessage
    head: str


def a_case(  # noqa: PLR0913 (what may differ from bounce to bounce is its arguments)
    *,
    sender: str = str(BOB),
    recipient: str = ANNA,
    subject: str = "Plans",
    message_id: str = "<1@there.example>",
    reply: str = REFUSED,
    head: bytes = HEAD,
    tenant: str = "Muster AG",
    domain: str = "muster.example",
    language: str = "de",
    state: State = State.FAILED,
) -> Case:
    """Return what a bounce is written from; it has no rows."""
    delivery = Delivery(recipient=recipient, state=state, reply=reply, accepted_at=NOON)
    delivery.attempts = 1
    delivery.message = Stored(sender=sender, subject=subject, message_id=message_id)
    customer = Tenant(name=tenant, language=language, zone="Europe/Zurich")
    lane = Lane(route="mail.muster.example:25")
    return Case(delivery, Domain(name=domain), customer, lane, head, until=NOON + timedelta(days=5))


def read(raw: bytes) -> Read:
    """Return a bounce as the standard library reads it, which may find nothing wrong with it."""
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert max(map(len, raw.split(b"\r\n"))) <= MOST_BYTES
    mail = email.message_from_string(raw.decode(), policy=default)
    assert isinstance(mail, EmailMessage)
    assert [defect for part in mail.walk() for defect in defects(part)] == []
    text, status, head = map(of_mail, mail.iter_parts())
    whole, each = map(of_mail, status.iter_parts())
    assert (text.get_content_type(), mail.get_content_type()) == ("text/plain", "multipart/report")
    assert status.get_content_type() == f"message/{mail.get_param('report-type')}"
    assert head.get_content_type() == "text/rfc822-headers"
    came_back = head.get_content().replace("\r\n", "\n")
    return Read(mail, text.get_content(), whole, each, came_back)


def of_mail(part: object) -> EmailMessage:
    """Return a part as what it is."""
    assert isinstance(part, EmailMessage)
    return part


def defects(part: "Message[Any, Any]") -> list[object]:
    """Return what is wrong with a part; that an address is not ASCII is not (RFC 6532)."""
    found = [*part.defects, *(each for field in part.values() for each in field.defects)]
    return [each for each in found if not isinstance(each, NonASCIILocalPartDefect)]


def told_in(**values: Any) -> Read:
    """Return a bounce of such a case, as it is read."""
    return read(written(a_case(**values), HOST))


def failures(raw: bytes) -> tuple[set[bytes], set[bytes]]:
    """Return which addresses wait and which failed, as the parser of mailing lists reads it."""
    waiting, failed = all_failures(email.message_from_bytes(raw))
    return set(waiting), set(failed)


def bounces(store: Store) -> list[Delivery]:
    """Return the bounces that are queued or were, oldest first."""
    with store.read() as db:
        ours = select(Delivery).where(Delivery.mail_class == MailClass.REPORT)
        return list(db.scalars(ours.order_by(Delivery.id)))


def raw_of(store: Store, delivery: Delivery) -> bytes:
    """Return the bytes of a mail as they are stored."""
    with store.read() as db:
        message = db.get_one(Stored, delivery.message_id)
    return b"".join(store.content(message))


def alter(store: Store, delivery: Delivery, **values: Any) -> None:
    """Let the message of a delivery have come with other values."""
    with store.write() as db:
        db.execute(update(Stored).where(Stored.id == delivery.message_id).values(**values))
