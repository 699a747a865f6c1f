"""Releases: held mail that somebody let go, while it is scanned again before it goes on.

releasing → queued, or quarantined again. The row with its lease is the truth: a worker that dies
leaves mail that is releasing and is found again.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Update, or_, select, update
from sqlalchemy.orm import Session, contains_eager
from sqlalchemy.orm.attributes import set_committed_value

from mailstore import clock, events, jobs, lessons
from mailstore.deliveries import Delivery, State
from mailstore.envelopes import Ended, MailClass, Symbol

JOB = "scan_releases"
# Whoever reads why a release was stopped has this long at least to act on it.
KEPT_AFTER_STOP = timedelta(days=1)


def due(db: Session, now: datetime) -> bool:
    """Whether any released mail waits to be scanned."""
    return db.scalar(select(Delivery.id).where(*_due(now)).limit(1)) is not None


def claim(db: Session, limit: int, lease: timedelta) -> Sequence[Delivery]:
    """Take released mails that are due, the oldest first, their messages loaded.

    What was tried before comes last, so that a mail that ends its worker keeps no other waiting.
    """
    now = clock.now()
    found = db.scalars(
        select(Delivery)
        .join(Delivery.message)
        .options(contains_eager(Delivery.message))
        .where(*_due(now))
        .order_by(Delivery.attempts, Delivery.next_attempt_at, Delivery.id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=Delivery)
    ).all()
    for delivery in found:
        _take(db, delivery, now + lease)
    return found


def let_go(db: Session, delivery: Delivery, *, lane_id: int | None = None) -> bool:
    """Send a claimed mail on, its attempts counted anew; False if the lease was lost.

    It goes by its own lane, or by this one: where a stranger's mail leads may have changed.
    """
    now = clock.now()
    lane_id = db.scalar(
        _claimed(delivery)
        .values(
            state=State.QUEUED,
            lane_id=lane_id or delivery.lane_id,
            queued_at=now,
            next_attempt_at=now,
            lease_until=None,
            attempts=0,
            reply="",
        )
        .returning(Delivery.lane_id)
    )
    if lane_id is None:
        return False
    _record(db, "release_passed", delivery, {})
    jobs.after_commit(db, "drain", lane_id)
    return True


def end(db: Session, delivery: Delivery, ended: Ended) -> bool:
    """End a claimed mail that nobody hands on: it was taken here, or nobody here has the address.

    False if the lease was lost.
    """
    now, state = clock.now(), State.DELIVERED if ended.arrived else State.FAILED
    # It is mail of our own people, who are told whatever it was held for.
    told = not ended.arrived and delivery.message.sender != ""
    done = db.scalar(
        _claimed(delivery)
        .values(
            state=state,
            reply=ended.reply,
            done_at=now,
            dsn_at=now if told else None,
            next_attempt_at=None,
            lease_until=None,
        )
        .returning(Delivery.id)
    )
    if done is None:
        return False
    _record(db, "release_passed", delivery, {})
    _record(db, state, delivery, {"reply": ended.reply})
    return True


def stop(
    db: Session, delivery: Delivery, mail_class: MailClass, reason: str, symbols: Sequence[Symbol]
) -> bool:
    """Hold a claimed mail again, for what was found by now; False if the lease was lost."""
    soonest = clock.now() + KEPT_AFTER_STOP
    stopped = db.scalar(
        _claimed(delivery)
        .values(
            state=State.QUARANTINED,
            mail_class=mail_class,
            reason=reason,
            symbols=[[each.name, each.detail, each.points] for each in symbols],
            held_until=max(delivery.held_until or soonest, soonest),
            next_attempt_at=None,
            lease_until=None,
            attempts=0,
            reply="",
        )
        .returning(Delivery.id)
    )
    if stopped is None:
        return False
    # Whoever released it did not know what it is, and said nothing of mail like it.
    if mail_class is not delivery.mail_class:
        lessons.take_back(db, delivery.id)
    _record(db, "release_stopped", delivery, {"reason": reason})
    return True


def put_off(db: Session, delivery: Delivery, again_at: datetime, reply: str) -> bool:
    """Let a claimed mail wait for another scan; False if the lease was lost."""
    waits = db.scalar(
        _claimed(delivery)
        .values(next_attempt_at=again_at, lease_until=None, reply=reply)
        .returning(Delivery.id)
    )
    if waits is None:
        return False
    _record(db, "release_put_off", delivery, {"reply": reply, "attempt": delivery.attempts})
    return True


def _take(db: Session, delivery: Delivery, until: datetime) -> None:
    """Give a row its lease and the next fence, and let its object say the same already."""
    values = {
        "attempts": delivery.attempts + 1,
        "fence": delivery.fence + 1,
        "lease_until": until,
    }
    for name, value in values.items():
        set_committed_value(delivery, name, value)
    db.execute(
        update(Delivery)
        .where(Delivery.id == delivery.id, Delivery.state == State.RELEASING)
        .values(**values)
        .execution_options(synchronize_session=False)
    )


def _claimed(delivery: Delivery) -> Update:
    return (
        update(Delivery)
        .where(Delivery.id == delivery.id, Delivery.fence == delivery.fence)
        .where(Delivery.state == State.RELEASING, Delivery.lease_until.is_not(None))
        .execution_options(synchronize_session=False)
    )


def _due(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        Delivery.state == State.RELEASING,
        Delivery.next_attempt_at <= now,
        or_(Delivery.lease_until.is_(None), Delivery.lease_until < now),
    )


def _record(db: Session, kind: str, delivery: Delivery, detail: dict[str, Any]) -> None:
    events.record(
        db,
        kind,
        by="worker",
        tenant_id=delivery.tenant_id,
        mailbox_id=delivery.mailbox_id,
        delivery_id=delivery.id,
        detail=detail,
    )
