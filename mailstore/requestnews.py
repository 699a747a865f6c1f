"""Who is told of requests for held mail: administrators that some wait, a person of an answer.

Administrators get one mail an hour at most, of everything that is open by then.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from mailstore import accounts, clock, events, mailboxes, requests
from mailstore.accounts import KEEPERS
from mailstore.addresses import Address
from mailstore.events import Event
from mailstore.readers import Reader, administrators, reader_at
from mailstore.requests import Asked, ReleaseRequest, RequestState
from mailstore.tenants import Tenant

TOLD_ADMINISTRATORS, TOLD_PERSON = "requests_told", "request_told"
TOLD_EVERY = timedelta(hours=1)
TRY_AGAIN_AFTER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Waiting:
    """The open requests that administrators of a tenant are told of together."""

    tenant: Tenant
    ids: frozenset[int]
    readers: Sequence[Reader]


def due(db: Session, now: datetime) -> Sequence[int]:
    """Return the requests of which somebody is to be told."""
    return db.scalars(select(ReleaseRequest.id).where(ReleaseRequest.tell_at <= now)).all()


def take(db: Session, request_id: int) -> ReleaseRequest | None:
    """Take a request for telling of it; None if nobody is to be told, or another worker has it.

    The next try is written first: it is what `tell_at` of the row says then.
    """
    now = clock.now()
    return db.scalar(
        update(ReleaseRequest)
        .where(ReleaseRequest.id == request_id, ReleaseRequest.tell_at <= now)
        .values(tell_at=now + TRY_AGAIN_AFTER)
        .returning(ReleaseRequest)
    )


def waiting(db: Session, tenant_id: int) -> Waiting:
    """Return what waits for the administrators of a tenant, and who they are."""
    tenant = db.get_one(Tenant, tenant_id)
    readers = administrators(db, tenant, KEEPERS)
    return Waiting(tenant, requests.open_ids(db, tenant_id), readers)


def person_of(db: Session, asked: Asked) -> Reader | None:
    """Return whom an answer goes to: whoever asked, or else the mailbox that the mail came to.

    None if neither gets any.
    """
    if reader := _asker_of(db, asked):
        return reader
    tenant, mailbox = db.get_one(Tenant, asked.request.tenant_id), asked.mailbox
    return reader_at(db, mailbox.address, mailbox.name, (mailbox.language,), tenant)


def _asker_of(db: Session, asked: Asked) -> Reader | None:
    """Return whoever asked, if they still see the mail, and get mail of their own here."""
    asker = accounts.find(db, asked.request.asked_by)
    if asker is None or not asker.active or asker.tenant_id != asked.request.tenant_id:
        return None
    mine = accounts.scope_of(db, asker).mailbox_ids or frozenset()
    own = mailboxes.at(db, Address.parse(asker.email))
    if own is None or not {own.id, asked.mailbox.id} <= mine:
        return None
    tenant = db.get_one(Tenant, asked.request.tenant_id)
    return reader_at(db, asker.email, asker.name, (asker.language, own.language), tenant)


def wait(db: Session, taken: ReleaseRequest, until: datetime | None) -> bool:
    """Tell of a taken request later, or never; False if something else was decided meanwhile."""
    kept = db.scalar(
        update(ReleaseRequest)
        .where(ReleaseRequest.id == taken.id, ReleaseRequest.tell_at == taken.tell_at)
        .where(ReleaseRequest.state == taken.state)
        .values(tell_at=until)
        .returning(ReleaseRequest.id)
        .execution_options(synchronize_session=False)
    )
    return kept is not None


def told_administrators(db: Session, taken: ReleaseRequest, news: Waiting) -> bool:
    """Note that administrators are told of what waits; False if they were within the hour.

    Then the taken request comes up again after it.
    """
    tenant_id = news.tenant.id
    # Two workers with a request each must not both find that nobody was told.
    db.execute(select(Tenant.id).where(Tenant.id == tenant_id).with_for_update(key_share=True))
    if last := last_told(db, tenant_id):
        wait(db, taken, last + TOLD_EVERY)
        return False
    if not wait(db, taken, None):
        return False
    db.execute(
        update(ReleaseRequest)
        .where(ReleaseRequest.id.in_(news.ids), ReleaseRequest.state == RequestState.OPEN)
        .values(tell_at=None)
        .execution_options(synchronize_session=False)
    )
    detail = {"open": len(news.ids)}
    events.record(db, TOLD_ADMINISTRATORS, by="worker", tenant_id=tenant_id, detail=detail)
    return True


def last_told(db: Session, tenant_id: int) -> datetime | None:
    """Return when administrators of a tenant were told last, if that was within the hour."""
    return db.scalar(
        select(Event.at)
        .where(Event.tenant_id == tenant_id, Event.kind == TOLD_ADMINISTRATORS)
        .where(Event.at > clock.now() - TOLD_EVERY)
        .order_by(Event.at.desc())
        .limit(1)
    )


def told_person(db: Session, taken: ReleaseRequest) -> bool:
    """Note that the person is told of the answer; False if they were already."""
    if not wait(db, taken, None):
        return False
    events.record(
        db,
        TOLD_PERSON,
        by="worker",
        tenant_id=taken.tenant_id,
        mailbox_id=taken.mailbox_id,
        delivery_id=taken.delivery_id,
    )
    return True
