"""Departures: mail that was written here and is to be sent, after the moment that undoes it.

writing → sending → gone, once it is recorded like any other mail. The row with its lease is the
truth: a worker that dies leaves mail that is sending and is found again.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Update, delete, or_, select, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from mailstore import clock, events
from mailstore.writing.rows import Draft, DraftState

JOB = "send_written"


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
    given = db.scalar(
        _change(draft)
        .values(state=DraftState.WRITING, error=error, lease_until=None, send_at=None, attempts=0)
        .returning(Draft.id)
    )
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


def _record(db: Session, kind: str, draft: Draft, detail: dict[str, str]) -> None:
    ids = {"tenant_id": draft.tenant_id, "mailbox_id": draft.mailbox_id}
    events.record(db, kind, by="worker", detail=detail, **ids)
