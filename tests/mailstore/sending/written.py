"""Mail that somebody writes in the webmail, recorded as it is once it is sent."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from email.message import EmailMessage

from sqlalchemy import select

from mailstore import outbox, recording
from mailstore.addresses import Address
from mailstore.domains import Domain
from mailstore.envelopes import Summary
from mailstore.mailboxes import Mailbox
from mailstore.messages import Message
from mailstore.sending.homecomings import Homecoming
from mailstore.store import Store
from tests.factories import a_verdict, accepted_by

KUNDE, BLIND = "kunde@kunde.example", "blind@kunde.example"


def answer(mailbox: Mailbox, number: int = 1) -> bytes:
    """Return an answer to the mail of that number, as a mail program writes it."""
    mail = EmailMessage()
    mail["From"], mail["To"] = mailbox.address, f"Kunde <{KUNDE}>"
    mail["Subject"] = f"Re: Offerte {number} für Zürich"
    mail["Message-ID"] = id_of(mailbox, number)
    mail["In-Reply-To"] = mail["References"] = f"<{number}@kunde.example>"
    mail.set_content("Guten Tag\n.\nGrüsse")
    return mail.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def id_of(mailbox: Mailbox, number: int = 1) -> str:
    return f"<antwort-{number}@{mailbox.address.partition('@')[2]}>"


def send(
    store: Store,
    mailbox: Mailbox,
    *,
    to: Sequence[str] = (KUNDE, BLIND),
    number: int = 1,
    at: datetime | None = None,
    comes_home: bool = True,
) -> Message:
    """Record an answer of a mailbox, and return its message."""
    with store.write() as db:
        domain = db.get_one(Domain, mailbox.domain_id)
        their = [outbox.towards(db, store.settings, Address.parse(each), domain) for each in to]
    summary = Summary(
        Address.parse(mailbox.address), subject="Re: Offerte", message_id=id_of(mailbox, number)
    )
    content, verdicts = answer(mailbox, number), [a_verdict(each) for each in their]
    accepted = replace(
        accepted_by(store, verdicts, raw=content, at=at, summary=summary),
        sender=mailbox.address, headers="", writer_id=mailbox.id, comes_home=comes_home,
    )  # fmt: skip
    (place,) = store.packs.append([accepted.sealed.slice])
    with store.write() as db:
        recording.record(db, [(accepted, place)])
        return db.scalars(select(Message).filter_by(public_id=accepted.public_id)).one()


def home_of(store: Store, message: Message) -> Homecoming:
    """Return how far a message is on its way home."""
    with store.read() as db:
        return db.scalars(select(Homecoming).filter_by(message_id=message.id)).one()
