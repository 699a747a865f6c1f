"""Retention copies: what the emergency webmail shows, and sending one again.

What a person does here (read, hide) is kept beside the delivery and never touches the queue.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Select, func, select
from sqlalchemy.orm import Mapped, Session, contains_eager, mapped_column

from mailstore import clock, events, jobs
from mailstore.db import Base, upsert
from mailstore.deliveries import Delivery, Direction, State
from mailstore.incidents import Incident
from mailstore.messages import Message
from mailstore.pages import Page, page_of
from mailstore.scope import Scope
from mailstore.tenants import Tenant

ON_THE_WAY = (State.QUEUED, State.FAILED)
SHOWN = (*ON_THE_WAY, State.DELIVERED)


class Mark(Base):
    """What its reader did with a copy."""

    __tablename__ = "marks"

    delivery_id: Mapped[int] = mapped_column(
        ForeignKey("deliveries.id", ondelete="CASCADE"), primary_key=True
    )
    read_at: Mapped[datetime | None]
    hidden_at: Mapped[datetime | None]
    pinned_at: Mapped[datetime | None]


def inbox(db: Session, scope: Scope, page: Page) -> Sequence[Delivery]:
    """Return the copies of received mail, newest first, their messages loaded."""
    return page_of(db, shown(db, scope), page)


def waiting(db: Session, scope: Scope, lane_id: int | None = None) -> int:
    """Return how much mail the customer's server has not taken yet, or that of one lane."""
    queued = select(func.count()).where(
        Delivery.state == State.QUEUED, Delivery.direction == Direction.IN, scope.covers(Delivery)
    )
    if lane_id is not None:
        queued = queued.where(Delivery.lane_id == lane_id)
    return db.scalar(queued) or 0


def delivered_after(db: Session, scope: Scope, outage: Incident) -> int:
    """Return how much mail that waited through an outage the customer's server has taken."""
    count = select(func.count()).where(
        Delivery.state == State.DELIVERED, Delivery.direction == Direction.IN,
        Delivery.lane_id == outage.lane_id, Delivery.done_at >= outage.began_at,
        scope.covers(Delivery),
    )  # fmt: skip
    if outage.ended_at is not None:
        count = count.where(Delivery.queued_at <= outage.ended_at)
    return db.scalar(count) or 0


def look(db: Session, scope: Scope, delivery_id: int) -> Delivery | None:
    """Return one copy, its message loaded; None if out of scope or not shown."""
    return db.scalar(
        shown(db, scope)
        .where(Delivery.id == delivery_id)
        .join(Delivery.message)
        .options(contains_eager(Delivery.message))
    )


def chosen(db: Session, scope: Scope, ids: Sequence[int] | None, limit: int) -> Sequence[Delivery]:
    """Return copies by their ids, or all there are, newest first; only those still whole."""
    query = shown(db, scope).join(Delivery.message).options(contains_eager(Delivery.message))
    if ids is not None:
        query = query.where(Delivery.id.in_(ids))
    kept = query.where(Message.pack.is_not(None), Message.day >= clock.today())
    return db.scalars(kept.order_by(Delivery.accepted_at.desc()).limit(limit)).all()


def are_all_in(db: Session, scope: Scope, ids: Collection[int]) -> bool:
    """Whether a scope covers each of these deliveries."""
    mine = select(func.count()).where(Delivery.id.in_(ids), scope.covers(Delivery))
    return db.scalar(mine) == len(set(ids))


def last_of(db: Session, originals: Sequence[Delivery]) -> dict[int, Delivery]:
    """Return the newest delivery of each of these copies, by the id of the copy."""
    found = db.scalars(
        select(Delivery)
        .where(Delivery.message_id.in_([each.message_id for each in originals]))
        .order_by(Delivery.id)
    )
    newest = {(each.message_id, each.recipient): each for each in found}
    return {each.id: newest[each.message_id, each.recipient] for each in originals}


def read_marks(db: Session, deliveries: Sequence[Delivery]) -> set[int]:
    """Return which of these have been read."""
    ids = [delivery.id for delivery in deliveries]
    read = select(Mark.delivery_id).where(Mark.delivery_id.in_(ids), Mark.read_at.is_not(None))
    return set(db.scalars(read))


def mark_read(db: Session, delivery_id: int) -> None:
    """Note that a copy was opened."""
    _mark(db, delivery_id, read_at=clock.now())


def hide(db: Session, scope: Scope, delivery_id: int, *, by: str) -> bool:
    """Take a copy out of the list; its delivery goes on. False if out of scope."""
    delivery = look(db, scope, delivery_id)
    if delivery is None:
        return False
    _mark(db, delivery_id, hidden_at=clock.now())
    _record(db, "hidden", delivery, by)
    return True


def resend(db: Session, scope: Scope, delivery_id: int, *, by: str) -> bool:
    """Deliver a copy again to its stored recipient; False if it is on its way already."""
    original = look(db, scope, delivery_id)
    if original is None or not _kept(original.message):
        return False
    latest = last_sent(db, original)
    if latest.state is State.QUEUED:
        return False
    copied = ("tenant_id", "message_id", "domain_id", "mailbox_id", "lane_id", "direction",
              "recipient", "thread", "mail_class", "score", "reason", "symbols", "tag")  # fmt: skip
    values: dict[str, Any] = {name: getattr(original, name) for name in copied}
    now = clock.now()
    values |= {
        "resend_of": latest.id, "state": State.QUEUED, "accepted_at": now, "queued_at": now,
        "next_attempt_at": now,
    }  # fmt: skip
    added = db.scalar(
        upsert(db, Delivery).values(**values).on_conflict_do_nothing().returning(Delivery.id)
    )
    if added is None:
        return False
    _record(db, "resent", original, by)
    jobs.after_commit(db, "drain", original.lane_id)
    return True


def _kept(message: Message) -> bool:
    # Beyond its last day the content may be erased while this transaction runs.
    return message.pack is not None and message.day >= clock.today()


def last_sent(db: Session, original: Delivery) -> Delivery:
    """Return the newest delivery of the same message to the same recipient."""
    return db.scalars(
        select(Delivery)
        .where(Delivery.message_id == original.message_id, Delivery.recipient == original.recipient)
        .order_by(Delivery.id.desc())
        .limit(1)
    ).one()


def shown(db: Session, scope: Scope) -> Select[Delivery]:
    """Return a query for the copies that a scope shows."""
    # The webmail switched off: mail that waits is still shown, delivered mail is not.
    tenant = db.get(Tenant, scope.tenant_id) if scope.tenant_id else None
    states = SHOWN if tenant is None or tenant.webmail_on else ON_THE_WAY
    hidden = select(Mark.delivery_id).where(
        Mark.delivery_id == Delivery.id, Mark.hidden_at.is_not(None)
    )
    return select(Delivery).where(
        Delivery.state.in_(states),
        Delivery.direction == Direction.IN,
        Delivery.resend_of == 0,
        scope.covers(Delivery),
        ~hidden.exists(),
    )


def _mark(db: Session, delivery_id: int, **when: datetime) -> None:
    db.execute(
        upsert(db, Mark)
        .values(delivery_id=delivery_id, **when)
        .on_conflict_do_update(index_elements=["delivery_id"], set_=when)
    )


def _record(db: Session, kind: str, delivery: Delivery, by: str) -> None:
    events.record(
        db,
        kind,
        by=by,
        tenant_id=delivery.tenant_id,
        mailbox_id=delivery.mailbox_id,
        delivery_id=delivery.id,
    )
