"""What a retention costs: the room that a tenant's own mail needs, and what a shorter one ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from mailstore import clock
from mailstore.deliveries import Delivery, State
from mailstore.erasure.forgetting import FORGOTTEN
from mailstore.events import Event
from mailstore.messages import Message
from mailstore.retention import UNSETTLED

LOOKED_BACK = timedelta(days=28)
# Of a large tenant the newest so many tell how it goes.
MOST = 50_000
KEYS_ERASED, PERSON_ERASED = "keys_erased", "person_erased"
RECORDS = 20


@dataclass(frozen=True, slots=True)
class Traffic:
    """How much room a tenant's mail takes, and how much comes in a day, in bytes on the disk."""

    kept_bytes: int
    kept_mails: int
    copies_a_day: float
    held_a_day: float

    def needs(self, keep_days: int, held_days: int) -> int:
        """Return how many bytes there will be if so many days are kept."""
        return round(self.copies_a_day * keep_days + self.held_a_day * held_days)


@dataclass(frozen=True, slots=True)
class Ending:
    """What a shorter retention ends at once: copies and held mail, and when the oldest came."""

    copies: int
    held: int
    oldest: datetime | None
    kept: int

    @property
    def concerns(self) -> bool:
        """Whether any mail ends sooner than it would."""
        return self.kept > 0


def traffic(db: Session, tenant_id: int, keep_days: int, held_days: int) -> Traffic:
    """Return what a tenant's mail takes and brings; under its present days, for a large one."""
    newest = (
        select(
            Message.length,
            Message.received_at,
            Message.pack.is_not(None).label("kept"),
            _was_held().label("held"),
        )
        .where(Message.tenant_id == tenant_id)
        .order_by(Message.id.desc())
        .limit(MOST)
        .subquery()
    )
    since = clock.now() - LOOKED_BACK
    lately = newest.c.received_at > since
    count, kept_bytes, kept_mails, copies, held, first = db.execute(
        select(
            func.count(),
            _sum(newest.c.kept, newest.c.length),
            _sum(newest.c.kept, 1),
            _sum(lately & ~newest.c.held, newest.c.length),
            _sum(lately & newest.c.held, newest.c.length),
            func.min(case((lately, newest.c.received_at))),
        )
    ).one()
    days = max((clock.now() - first) / timedelta(days=1), 1.0) if first else 1.0
    a_day = float(copies) / days, float(held) / days
    found = Traffic(int(kept_bytes), int(kept_mails), *a_day)
    if count < MOST:
        return found
    # More is kept than was looked at.
    mails = round(int(kept_mails) * max(keep_days / days, 1.0))
    return Traffic(found.needs(keep_days, held_days), mails, *a_day)


def ending(db: Session, tenant_id: int, keep_days: int, held_days: int) -> Ending:
    """Return what ends within the hour if a tenant keeps mail for so many days only."""
    midnight = datetime.combine(clock.today(), time.min, UTC)
    mine = Message.tenant_id == tenant_id, Message.pack.is_not(None)
    old = Message.received_at < midnight - timedelta(days=keep_days)
    waits = select(Delivery.id).where(
        Delivery.message_id == Message.id, Delivery.state.in_(UNSETTLED)
    )
    free = ~_was_held() & ~waits.exists()
    copies, oldest, kept = db.execute(
        select(
            _sum(old & free, 1), func.min(case((old & free, Message.received_at))), func.count()
        ).where(*mine, Message.day >= clock.today())
    ).one()
    held, first = db.execute(
        select(func.count(), func.min(Delivery.accepted_at))
        .where(Delivery.tenant_id == tenant_id, Delivery.state == State.QUARANTINED)
        .where(Delivery.accepted_at < clock.now() - timedelta(days=held_days))
    ).one()
    return Ending(int(copies), held, min((each for each in (oldest, first) if each), default=None),
                  kept)  # fmt: skip


def records(db: Session, tenant_id: int) -> Sequence[Event]:
    """Return what was erased of a tenant lately, without any of its content; newest first."""
    kinds = (KEYS_ERASED, FORGOTTEN, PERSON_ERASED)
    mine = select(Event).where(Event.tenant_id == tenant_id, Event.kind.in_(kinds))
    return db.scalars(mine.order_by(Event.at.desc(), Event.id.desc()).limit(RECORDS)).all()


def _was_held() -> ColumnElement[bool]:
    held = select(Delivery.id).where(
        Delivery.message_id == Message.id, Delivery.held_until.is_not(None)
    )
    return held.exists()


def _sum(condition: Any, what: Any) -> Any:
    return func.coalesce(func.sum(case((condition, what), else_=0)), 0)
