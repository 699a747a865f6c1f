"""Departures: mail that was written here and is to be sent, after a moment in which it comes back.

writing → sending → gone, once it is recorded like any other mail. The row with its lease is the
truth: a worker that dies leaves mail that is sending and is found again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, Update, delete, or_, select, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from mailstore import clock, events
from mailstore.db import upsert
from mailstore.packs import Pack, Place
from mailstore.slices import Sealed
from mailstore.writing.rows import Draft, DraftState

JOB = "send_written"
# As long can a mail be taken back.
SECONDS = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Departure:
    """A whole mail as it lies in a pack, and its envelope."""

    public_id: str
    sender: str
    recipients: Sequence[str]
    sealed: Sealed
    place: Place


def send(db: Session, draft: Draft, version: int, departure: Departure, *, by: str) -> bool:
    """Send a version of a draft ten seconds from now; False if there is another, or it is sent."""
    now, place, sealed = clock.now(), departure.place, departure.sealed
    pack = {"name": place.pack, "day": place.day}
    db.execute(upsert(db, Pack).values(**pack).on_conflict_do_nothing())
    begun = db.scalar(
        update(Draft)
        .where(Draft.id == draft.id, Draft.state == DraftState.WRITING)
        .where(Draft.version == version)
        .values(
            state=DraftState.SENDING, public_id=departure.public_id, sender=departure.sender,
            recipients=list(departure.recipients), sent_day=place.day, pack=place.pack,
            offset=place.offset, length=place.length, size=sealed.size, sha256=sealed.sha256,
            send_at=now + SECONDS, attempts=0, lease_until=None, error="",
        )
        .returning(Draft.id)
        .execution_options(synchronize_session=False)
    )  # fmt: skip
    if begun is not None:
        _record(db, "sending_begun", draft, {"id": departure.public_id}, by=by)
    return begun is not None


def take_back(db: Session, account_id: int, public_id: str, *, by: str) -> int | None:
    """Make mail that is about to be sent a draft again; returns its id, None if it is too late."""
    draft = leaving(db, account_id, public_id)
    if draft is None:
        return None
    back = db.scalar(
        update(Draft)
        .where(Draft.id == draft.id, Draft.state == DraftState.SENDING)
        .where(Draft.fence == draft.fence, Draft.lease_until.is_(None))
        .values(**_WRITING)
        .returning(Draft.id)
        .execution_options(synchronize_session=False)
    )
    if back is not None:
        _record(db, "sending_undone", draft, {"id": public_id}, by=by)
    return back


def leaving(db: Session, account_id: int, public_id: str) -> Draft | None:
    """Return somebody's mail that is about to be sent, or that came back as a draft; or None."""
    mine = select(Draft).where(Draft.public_id == public_id, Draft.account_id == account_id)
    return db.scalar(mine) if public_id else None


# Its bytes stay in the pack unnamed, and go with it.
_WRITING = {
    "state": DraftState.WRITING, "lease_until": None, "send_at": None, "attempts": 0,
    "pack": None, "sent_day": None,
}  # fmt: skip


class Why(StrEnum):
    """Why a mail was not sent, as a draft's `error` says it; what a server said follows a colon."""

    NOT_YOURS = "not_yours"
    NOBODY = "nobody"
    BLOCKED = "blocked"
    REFUSED = "refused"
    NOT_SCANNED = "not_scanned"
    LOST = "lost"


def worded(why: Why, said: str = "") -> str:
    """Return what a draft's `error` is."""
    return f"{why}:{said}" if said else why


def due(db: Session, now: datetime) -> bool:
    """Whether any mail that was written is to be sent by now."""
    return db.scalar(select(Draft.id).where(*_due(now)).limit(1)) is not None


def claim(db: Session, limit: int, lease: timedelta) -> Sequence[Draft]:
    """Take mails that are to be sent by now, those with the fewest attempts first."""
    now = clock.now()
    found = db.scalars(
        select(Draft)
        .where(*_due(now))
        .order_by(Draft.attempts, Draft.send_at, Draft.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    for draft in found:
        values = {
            "attempts": draft.attempts + 1,
            "fence": draft.fence + 1,
            "lease_until": now + lease,
        }
        for name, value in values.items():
            set_committed_value(draft, name, value)
        db.execute(
            update(Draft)
            .where(Draft.id == draft.id, Draft.state == DraftState.SENDING)
            .values(**values)
            .execution_options(synchronize_session=False)
        )
    return found


def gone(db: Session, draft: Draft) -> bool:
    """End a claimed draft in the transaction that records its mail; False if the lease was lost."""
    ended = db.scalar(
        delete(Draft)
        .where(*_claimed(draft))
        .returning(Draft.id)
        .execution_options(synchronize_session=False)
    )
    return ended is not None


def give_back(db: Session, draft: Draft, error: str) -> bool:
    """Make a claimed mail a draft again, and say why; False if the lease was lost."""
    given = db.scalar(_change(draft).values(error=error, **_WRITING).returning(Draft.id))
    if given is not None:
        _record(db, "sending_refused", draft, {"error": error})
    return given is not None


def put_off(db: Session, draft: Draft, again_at: datetime, error: str) -> bool:
    """Let a claimed mail wait for another attempt; False if the lease was lost."""
    waits = db.scalar(
        _change(draft).values(send_at=again_at, error=error, lease_until=None).returning(Draft.id)
    )
    if waits is not None:
        _record(db, "sending_put_off", draft, {"error": error})
    return waits is not None


def _change(draft: Draft) -> Update:
    return update(Draft).where(*_claimed(draft)).execution_options(synchronize_session=False)


def _claimed(draft: Draft) -> tuple[ColumnElement[bool], ...]:
    return (
        Draft.id == draft.id,
        Draft.fence == draft.fence,
        Draft.state == DraftState.SENDING,
        Draft.lease_until.is_not(None),
    )


def _due(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        Draft.state == DraftState.SENDING,
        Draft.send_at <= now,
        or_(Draft.lease_until.is_(None), Draft.lease_until < now),
    )


def _record(
    db: Session, kind: str, draft: Draft, detail: dict[str, str], *, by: str = "worker"
) -> None:
    ids = {"tenant_id": draft.tenant_id, "mailbox_id": draft.mailbox_id}
    events.record(db, kind, by=by, detail=detail, **ids)
