"""The outbox: mail that Mailhafen itself writes, queued like any other."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from mailstore import clock, lanes, mailboxes, recording
from mailstore.addresses import Address
from mailstore.domains import Domain
from mailstore.envelopes import Action, Client, MailClass, Policy, Recipient, Summary, Verdict
from mailstore.messages import new_public_id
from mailstore.packs import Place
from mailstore.recording import Accepted
from mailstore.retention import expiry_day
from mailstore.routes import Route
from mailstore.settings import Settings
from mailstore.store import Store

OURSELVES = Client(ip="", helo="")
OUTSIDE_DAYS = 7


Stored = tuple[Accepted, Place]


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail of ours that is not stored yet."""

    recipient: Recipient
    content: bytes
    summary: Summary


def towards(db: Session, settings: Settings, address: Address, domain: Domain) -> Recipient:
    """Return how mail of ours gets to an address; `domain` is whose mail it is about.

    To one of our own people it goes like any mail that came in, never to us by DNS.
    """
    if found := mailboxes.resolve(db, address):
        return found
    return Recipient(
        address=address,
        tenant_id=domain.tenant_id,
        domain_id=domain.id,
        mailbox_id=None,
        lane_id=lane_towards(db, settings, address.domain),
        keep_days=OUTSIDE_DAYS,
        held_days=OUTSIDE_DAYS,
        policy=Policy(),
    )


def lane_towards(db: Session, settings: Settings, domain: str) -> int:
    """Return the lane of mail to a domain that is not ours, made if need be."""
    if settings.way_out:
        return lanes.lane_to(db, settings.way_out)
    return lanes.lane_to(db, Route.by_mx(domain), named_by=lanes.NOBODY)


def put_in_pack(store: Store, recipient: Recipient, content: bytes, summary: Summary) -> Stored:
    """Store a mail of ours durably; it is queued once `queue` has committed."""
    (stored,) = put_all_in_pack(store, [Letter(recipient, content, summary)])
    return stored


def put_all_in_pack(store: Store, letters: Sequence[Letter]) -> list[Stored]:
    """Store mails of ours durably, all together; each is queued by itself."""
    now = clock.now()
    accepted = [_accepted(store, each, now) for each in letters]
    places = store.packs.append([each.sealed.slice for each in accepted]) if accepted else []
    return list(zip(accepted, places, strict=True))


def _accepted(store: Store, letter: Letter, now: datetime) -> Accepted:
    recipient = letter.recipient
    day = expiry_day(now, recipient.keep_days)
    verdict = Verdict(recipient, Action.DELIVER, MailClass.REPORT, 0.0, "our own report", ())
    return Accepted(
        public_id=new_public_id(),
        tenant_id=recipient.tenant_id,
        received_at=now,
        client=OURSELVES,
        sender="",
        summary=letter.summary,
        sealed=store.seal(recipient.tenant_id, day, [letter.content]),
        headers="",
        verdicts=(verdict,),
    )


def queue(db: Session, *stored: Stored) -> None:
    """Queue what lies in a pack, in the caller's transaction."""
    recording.record(db, stored)


def summary_of(author: Address, name: str, subject: str) -> Summary:
    """Return what lists show of a mail of ours."""
    return Summary(author=author, author_name=name, subject=subject)
