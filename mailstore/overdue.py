"""Mail that waits for too long: its sender is told once, and in the end that it failed."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Select, or_, select, update
from sqlalchemy.orm import Session, contains_eager

from mailstore import clock, events, jobs, pulse
from mailstore.deliveries import TOLD_OF, Delivery, Direction, State, is_due
from mailstore.lanes import NOBODY, Lane
from mailstore.messages import Message

BATCH = 500
BOUNCE = "write_bounce"
# Whose sender is told: not of spam by strangers, not of a bounce, not of what was sent again.
_OURS = or_(Delivery.direction == Direction.OUT, Message.writer_id.is_not(None))
_KNOWN = or_(Delivery.mail_class.in_(TOLD_OF), _OURS)
_DESERVING = (_KNOWN, Message.sender != "", Delivery.resend_of == 0)


def untold(db: Session, now: datetime) -> Sequence[int]:
    """Return deliveries whose sender is to be told something now, a batch at most."""
    return db.scalars(
        select(Delivery.id).where(Delivery.dsn_at <= now).order_by(Delivery.dsn_at).limit(BATCH)
    ).all()


def due_for_long(since: datetime, now: datetime) -> Select[int]:
    """Return what is due since before a moment though its next hop answers, as a query."""
    return (
        select(Delivery.id)
        .join(Lane, Lane.id == Delivery.lane_id)
        .where(Lane.failing_since.is_(None), *is_due(now))
        .where(Delivery.next_attempt_at < since)
    )


def look(db: Session, delivery_id: int) -> Delivery | None:
    """Return a delivery whose sender is to be told something, its message loaded, or None."""
    return db.scalar(
        select(Delivery)
        .join(Delivery.message)
        .options(contains_eager(Delivery.message))
        .where(Delivery.id == delivery_id, Delivery.dsn_at.is_not(None))
    )


def tell(db: Session, delivery: Delivery) -> bool:
    """Note that the sender is told; False if another worker did, or the mail was delivered."""
    kind = "bounced" if delivery.state is State.FAILED else "delay_told"
    return _settle(db, delivery, kind)


def leave_untold(db: Session, delivery: Delivery) -> None:
    """Note that nobody is told: the sender is no address, or was forged."""
    _settle(db, delivery, "sender_untold")


def _settle(db: Session, delivery: Delivery, kind: str) -> bool:
    settled = db.scalar(
        update(Delivery)
        .where(Delivery.id == delivery.id, Delivery.dsn_at.is_not(None))
        .where(Delivery.state == delivery.state)
        .values(dsn_at=None)
        .returning(Delivery.id)
        .execution_options(synchronize_session=False)
    )
    if settled is None:
        return False
    events.record(
        db,
        kind,
        by="worker",
        tenant_id=delivery.tenant_id,
        delivery_id=delivery.id,
        mailbox_id=delivery.mailbox_id,
    )
    return True


def find_delayed(db: Session, before: datetime) -> int:
    """Mark mail that waits since before a moment for a notice of delay; a batch at most.

    A clock that jumped makes nothing late.
    """
    if not pulse.settled(db):
        return 0
    chosen = (
        _waiting(before)
        .join(Message, Message.id == Delivery.message_id)
        .where(Delivery.delay_told.is_(False), *_DESERVING)
        .limit(BATCH)
    )
    found = db.scalars(
        update(Delivery)
        .where(Delivery.id.in_(chosen), Delivery.state == State.QUEUED)
        .values(delay_told=True, dsn_at=clock.now())
        .returning(Delivery.id)
        .execution_options(synchronize_session=False)
    ).all()
    for each in found:
        jobs.after_commit(db, BOUNCE, each)
    return len(found)


def give_up(db: Session, before: datetime) -> int:
    """Let mail that waits since before a moment fail, whatever its next hop does; a batch at most.

    Only what nobody is sending right now; the rest ends with its attempt.
    """
    return _give_up(db, _waiting(before))


def give_up_abroad(db: Session, before: datetime) -> int:
    """Let mail to strangers fail that waits since before a moment; a batch at most.

    Nobody here can bring a stranger's server back, so its silence counts.
    """
    abroad = Delivery.direction == Direction.OUT, Lane.named_by == NOBODY
    return _give_up(db, _waiting(before).where(*abroad))


def _give_up(db: Session, waiting: Select[int]) -> int:
    if not pulse.settled(db):
        return 0
    now = clock.now()
    chosen = waiting.where(_free(now)).limit(BATCH)
    failed = db.execute(
        update(Delivery)
        .where(Delivery.id.in_(chosen), Delivery.state == State.QUEUED, _free(now))
        .values(state=State.FAILED, done_at=now, next_attempt_at=None)
        .returning(Delivery.id, Delivery.tenant_id, Delivery.reply)
        .execution_options(synchronize_session=False)
    ).all()
    lines = [
        {"kind": State.FAILED, "delivery_id": each, "tenant_id": tenant, "detail": {"reply": reply}}
        for each, tenant, reply in failed
    ]
    events.record_all(db, lines, by="worker")
    deserving = (
        select(Delivery.id)
        .join(Message, Message.id == Delivery.message_id)
        .where(Delivery.id.in_([each for each, *_ in failed]), *_DESERVING)
    )
    db.execute(
        update(Delivery)
        .where(Delivery.id.in_(deserving))
        .values(dsn_at=now)
        .execution_options(synchronize_session=False)
    )
    return len(failed)


def _free(now: datetime) -> ColumnElement[bool]:
    # A worker that died leaves its lease, and while the next hop is down nobody takes it over.
    return or_(Delivery.lease_until.is_(None), Delivery.lease_until < now)


def _waiting(before: datetime) -> Select[int]:
    # By way of the lanes, so that the index of what is queued in each is used.
    return (
        select(Delivery.id)
        .join(Lane, Lane.id == Delivery.lane_id)
        .where(Delivery.state == State.QUEUED, Delivery.queued_at <= before)
    )
