"""A retention that changed: mail that is stored already follows the new days, longer or shorter.

Only what lay under the tenant's days is moved: mail that a policy keeps for other days stays.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from mailstore import clock, jobs, tenants
from mailstore.db import Base, PrimaryKey, TenantKey
from mailstore.deliveries import Delivery, State
from mailstore.messages import Message
from mailstore.store import Store
from mailstore.tenants import Tenant

BATCH = 1000
# Relays may go on with the days from before for so long.
SETTLES = timedelta(hours=1)


class RetentionCut(Base):
    """A change of a tenant's days, until all mail follows it."""

    __tablename__ = "retention_cuts"

    id: Mapped[PrimaryKey]
    tenant_id: Mapped[TenantKey]
    decided_at: Mapped[datetime] = mapped_column(default=clock.now)
    keep_before: Mapped[int]
    keep_after: Mapped[int]
    held_before: Mapped[int]
    held_after: Mapped[int]
    done_at: Mapped[datetime | None]


class _Kept(NamedTuple):
    """What says how long a mail is kept: when it came, its day, and whether it was held."""

    id: int
    received_at: datetime
    day: date
    until: date | None
    held: bool
    taken: bool


def change(
    db: Session, tenant_id: int, keep_days: int, held_days: int, pin_days: int, *, by: str
) -> None:
    """Keep mail, held mail and pinned mail for so many days, mail that is stored already too.

    Raises BadName for what cannot be; a job lets stored mail follow.
    """
    # Of two administrators at once the second says what was before.
    mine = select(Tenant.keep_days, Tenant.held_days).where(Tenant.id == tenant_id)
    before = db.execute(mine.with_for_update(key_share=True)).one()
    tenants.set_retention(db, tenant_id, keep_days, held_days, pin_days, by=by)
    if (keep_days, held_days) == tuple(before):
        return
    cut = RetentionCut(tenant_id=tenant_id, keep_before=before[0], held_before=before[1])
    cut.keep_after, cut.held_after = keep_days, held_days
    db.add(cut)
    jobs.after_commit(db, "expire")


def follow(store: Store) -> None:
    """Let stored mail follow all changes; may run twice, and may be cut off anywhere."""
    with store.read() as db:
        open_ones = select(RetentionCut).where(RetentionCut.done_at.is_(None))
        cuts = db.scalars(open_ones.order_by(RetentionCut.id)).all()
    for cut in cuts:
        _messages(store, cut)
        _held(store, cut)
        if clock.now() >= cut.decided_at + SETTLES:
            with store.write() as db:
                done = update(RetentionCut).where(RetentionCut.id == cut.id)
                db.execute(done.values(done_at=clock.now()))


def _messages(store: Store, cut: RetentionCut) -> None:
    last = 0
    while True:
        with store.read() as db:
            some = _some(db, cut, last)
        changed = list(_moved(some, cut))
        if changed:
            with store.write() as db:
                db.connection().execute(_UNTIL, changed)
        if len(some) < BATCH:
            return
        last = some[-1].id


def _some(db: Session, cut: RetentionCut, after: int) -> Sequence[_Kept]:
    of_it = select(Delivery.id).where(Delivery.message_id == Message.id)
    held = of_it.where(Delivery.held_until.is_not(None)).exists()
    taken = of_it.where(Delivery.held_until.is_(None)).exists()
    rows = db.execute(
        select(Message.id, Message.received_at, Message.day, Message.until, held, taken)
        .where(Message.tenant_id == cut.tenant_id, Message.pack.is_not(None), Message.id > after)
        .where(Message.received_at <= cut.decided_at + SETTLES)
        .order_by(Message.id)
        .limit(BATCH)
    )
    return [_Kept(*row) for row in rows]


def _moved(some: Iterable[_Kept], cut: RetentionCut) -> Iterable[dict[str, object]]:
    for mail in some:
        came, now = mail.received_at.date(), mail.until or mail.day
        if now != came + _days(mail, cut.keep_before, cut.held_before):
            continue
        wanted = came + _days(mail, cut.keep_after, cut.held_after)
        # Beyond its day it is carried to a later one, when that day is over.
        yield {"moved": mail.id, "wanted": wanted if wanted < mail.day else None}


def _days(mail: _Kept, keep: int, held: int) -> timedelta:
    days = ([keep] if mail.taken else []) + ([held] if mail.held else [])
    return timedelta(days=max(days, default=keep))


def _held(store: Store, cut: RetentionCut) -> None:
    """Let held mail leave the quarantine when the new days say so."""
    before, after = timedelta(days=cut.held_before), timedelta(days=cut.held_after)
    last = 0
    while before != after:
        with store.read() as db:
            some = db.execute(
                select(Delivery.id, Delivery.accepted_at, Delivery.held_until)
                .where(Delivery.tenant_id == cut.tenant_id, Delivery.id > last)
                .where(Delivery.state == State.QUARANTINED)
                .where(Delivery.accepted_at <= cut.decided_at + SETTLES)
                .order_by(Delivery.id)
                .limit(BATCH)
            ).all()
        rows = [
            {"moved": number, "was": until, "wanted": came + after}
            for number, came, until in some
            if until == came + before
        ]
        if rows:
            with store.write() as db:
                db.connection().execute(_HELD_UNTIL, rows)
        if len(some) < BATCH:
            return
        last = some[-1].id


_UNTIL = (
    update(Message.__table__)
    .where(Message.__table__.c.id == bindparam("moved"))
    .values(until=bindparam("wanted"))
)
_HELD_UNTIL = (
    update(Delivery.__table__)
    .where(Delivery.__table__.c.id == bindparam("moved"))
    .where(Delivery.__table__.c.held_until == bindparam("was"))
    .where(Delivery.__table__.c.state == State.QUARANTINED)
    .values(held_until=bindparam("wanted"))
)
