"""A queue of ours, made without any relay: rows and packs as it would have written them."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from itertools import islice

from sqlalchemy import select

from bench.installation import BY, Installation
from bench.load import mail
from mailstore import clock, mailboxes, onboarding, recording
from mailstore.addresses import Address
from mailstore.domains import Takes
from mailstore.envelopes import Action, Client, MailClass, Recipient, Summary, Verdict
from mailstore.messages import new_public_id
from mailstore.recording import Accepted
from mailstore.retention import expiry_day
from mailstore.store import Store
from mailstore.tenants import Tenant

AGE = timedelta(minutes=10)
TOGETHER = 1000

Numbered = tuple[int, Recipient]


def add_domains(it: Installation, next_hops: Iterable[str]) -> list[Recipient]:
    """Give the customer a domain with one person for each next hop; returns the people."""
    with closing(it.store()) as store, store.write() as db:
        tenant = db.scalars(select(Tenant)).one()
        people = []
        for number, hop in enumerate(next_hops):
            address = Address.parse(f"user@domain{number}.example")
            domain = onboarding.add_domain(db, tenant, address.domain, hop, Takes.KNOWN, by=BY)
            onboarding.add_mailbox(db, tenant, domain, address, by=BY)
            people.append(_known(mailboxes.resolve(db, address)))
    return people


def the_person(it: Installation, address: str) -> Recipient:
    """Return somebody whom the installation knows."""
    with closing(it.store()) as store, store.read() as db:
        return _known(mailboxes.resolve(db, Address.parse(address)))


def wait_in_line(it: Installation, mails: Iterable[Numbered], size: int) -> None:
    """Put numbered mails for these people into the queue, the first one as the oldest."""
    begun, left = clock.now() - AGE, iter(mails)
    with closing(it.store()) as store:
        while batch := list(islice(left, TOGETHER)):
            accepted = list(_accepted(store, batch, size, begun))
            places = store.packs.append([each.sealed.slice for each in accepted])
            with store.write() as db:
                recording.record(db, list(zip(accepted, places, strict=True)))


def _accepted(
    store: Store, batch: Sequence[Numbered], size: int, begun: datetime
) -> Iterator[Accepted]:
    for number, recipient in batch:
        at = begun + timedelta(microseconds=number)
        day = expiry_day(at, recipient.keep_days)
        yield Accepted(
            public_id=new_public_id(),
            tenant_id=recipient.tenant_id,
            received_at=at,
            client=Client("192.0.2.1", "mail.sender.example"),
            sender="bench@sender.example",
            summary=Summary(subject=f"Offerte {number}", message_id=f"<{number}@bench.example>"),
            sealed=store.seal(recipient.tenant_id, day, [mail(number, size)]),
            headers="Received: by mailhafen.localhost\r\n",
            verdicts=(Verdict(recipient, Action.DELIVER, MailClass.CLEAN, 0.0, "score", ()),),
        )


def _known(recipient: Recipient | None) -> Recipient:
    if recipient is None:
        raise LookupError("nobody of that address")
    return recipient
