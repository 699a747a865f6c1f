"""Marks: what its reader did with a mail (read, hid, pinned), kept beside its delivery.

Nothing here touches the queue: hidden mail is delivered all the same. Pinned mail is kept longer,
as long as its tenant lets it be.
"""

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, ForeignKey, Index, func, literal, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from mailstore import clock, copies, events
from mailstore.db import Base, Utc, upsert
from mailstore.deliveries import Delivery
from mailstore.scope import Scope
from mailstore.tenants import Tenant

MOST_PINNED = 500
PINNED, HIDDEN = text("pinned_at IS NOT NULL"), text("hidden_at IS NOT NULL")


class Mark(Base):
    """What its reader did with a mail, and when."""

    __tablename__ = "marks"
    __table_args__ = (
        Index("ix_marks_pinned", "mailbox_id", sqlite_where=PINNED, postgresql_where=PINNED),
        Index("ix_marks_hidden", "mailbox_id", sqlite_where=HIDDEN, postgresql_where=HIDDEN),
    )

    delivery_id: Mapped[int] = mapped_column(
        ForeignKey("deliveries.id", ondelete="CASCADE"), primary_key=True
    )
    # That of the delivery: what few mails are pinned or hidden is found by it.
    mailbox_id: Mapped[int | None] = mapped_column(ForeignKey("mailboxes.id"))
    read_at: Mapped[datetime | None]
    hidden_at: Mapped[datetime | None]
    pinned_at: Mapped[datetime | None]


class MarkDeed(StrEnum):
    """What a reader does with mails."""

    READ = "read"
    UNREAD = "unread"
    HIDE = "hide"
    UNHIDE = "unhide"
    PIN = "pin"
    UNPIN = "unpin"


# The column that a deed sets or empties, and what the log calls it.
_COLUMNS = {
    MarkDeed.READ: ("read_at", True, ""),
    MarkDeed.UNREAD: ("read_at", False, ""),
    MarkDeed.HIDE: ("hidden_at", True, "hidden"),
    MarkDeed.UNHIDE: ("hidden_at", False, "unhidden"),
    MarkDeed.PIN: ("pinned_at", True, "pinned"),
    MarkDeed.UNPIN: ("pinned_at", False, "unpinned"),
}


def do(db: Session, scope: Scope, deed: MarkDeed, ids: Collection[int], *, by: str) -> int:
    """Mark mails and return of how many that changed anything; what is out of scope stays.

    Conversations are hidden, and shown again, whole.
    """
    column, on, kind = _COLUMNS[deed]
    found = _of(db, scope, ids, whole=column == "hidden_at")
    marked = {each.delivery_id: each for each in db.scalars(_marks(found))}
    changed = [each for each in found if bool(getattr(marked.get(each.id), column, None)) != on]
    if deed is MarkDeed.PIN:
        changed = changed[: _free_pins(db, changed)]
    if changed:
        mark(db, [each.id for each in changed], **{column: clock.now() if on else None})
    for each in changed if kind else ():
        events.record(
            db, kind, by=by, tenant_id=each.tenant_id, mailbox_id=each.mailbox_id,
            delivery_id=each.id,
        )  # fmt: skip
    return len(changed)


def mark(db: Session, ids: Sequence[int], **when: datetime | None) -> None:
    """Write marks down as they are to be, whoever's they are."""
    marked = select(
        Delivery.id, Delivery.mailbox_id, *(literal(moment, Utc()) for moment in when.values())
    ).where(Delivery.id.in_(ids))
    db.execute(
        upsert(db, Mark)
        .from_select(["delivery_id", "mailbox_id", *when], marked)
        .on_conflict_do_update(index_elements=["delivery_id"], set_=when)
    )


def of(db: Session, delivery_id: int) -> Mark:
    """Return the marks of a mail; those of one that nobody marked are empty."""
    return db.get(Mark, delivery_id) or Mark(delivery_id=delivery_id)


def read_of(db: Session, ids: Collection[int]) -> set[int]:
    """Return which of these mails have been read."""
    return set(
        db.scalars(
            select(Mark.delivery_id).where(Mark.delivery_id.in_(ids), Mark.read_at.is_not(None))
        )
    )


def kept_until(day: date, received_at: datetime, pinned_at: datetime | None, pin_days: int) -> date:
    """Return the last day on which a mail can be read, kept until `day` unless it is pinned."""
    return max(day, received_at.date() + timedelta(days=pin_days)) if pinned_at else day


def is_pinned(message_id: Any) -> ColumnElement[bool]:
    """Return the condition that somebody pinned a message."""
    pinned = Delivery.message_id == message_id, Mark.pinned_at.is_not(None)
    return select(Mark).join(Delivery, Delivery.id == Mark.delivery_id).where(*pinned).exists()


def _marks(found: Sequence[Delivery]) -> Any:
    return select(Mark).where(Mark.delivery_id.in_([each.id for each in found]))


def _of(db: Session, scope: Scope, ids: Collection[int], *, whole: bool) -> Sequence[Delivery]:
    """Return the mails of these ids, or all of their conversations, in the order of their ids."""
    mine = select(Delivery).join(Delivery.message)
    mine = mine.where(copies.mine(db, scope)).order_by(Delivery.id)
    chosen = db.scalars(mine.where(Delivery.id.in_(ids))).all()
    if not whole:
        return chosen
    # Two people's mail may be of one conversation: each has their own part of it.
    pairs = {(each.mailbox_id, each.thread) for each in chosen}
    threads = Delivery.thread.in_({thread for _, thread in pairs})
    found = db.scalars(mine.where(threads, Delivery.mailbox_id.in_({box for box, _ in pairs})))
    return [each for each in found if (each.mailbox_id, each.thread) in pairs]


def _free_pins(db: Session, wanted: Sequence[Delivery]) -> int:
    """Return how many more mails may be pinned in the mailboxes of these."""
    boxes = {each.mailbox_id for each in wanted}
    pinned = (
        select(func.count())
        .select_from(Mark)
        .join(Delivery, Delivery.id == Mark.delivery_id)
        .where(Delivery.mailbox_id.in_(boxes), Mark.pinned_at.is_not(None))
    )
    tenants = select(Tenant.id).where(Tenant.id.in_({each.tenant_id for each in wanted}))
    if not db.scalar(tenants.where(Tenant.pin_days > 0).limit(1)):
        return 0
    return max(MOST_PINNED - (db.scalar(pinned) or 0), 0)
