"""The outgoing quarantine: mail of our people that is held on its way out, one line for each mail.

An administrator decides for all recipients together, for colleagues too.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from mailstore import pages, quarantine, rights
from mailstore.deliveries import Delivery, Direction, State
from mailstore.messages import Message
from mailstore.pages import Page
from mailstore.scope import Scope


@dataclass(frozen=True, slots=True)
class HeldOut:
    """The first delivery of a mail that is held, its message loaded, and for whom it is held."""

    delivery: Delivery
    recipients: Sequence[str]

    @property
    def deliverable(self) -> bool:
        """Whether an administrator may have it delivered: a virus stays."""
        return self.delivery.mail_class in quarantine.BY_ADMINISTRATOR


def listed(db: Session, tenant_id: int, page: Page) -> list[HeldOut]:
    """Return what is held of a tenant, the newest first; one more than a page if more follow."""
    first = select(func.min(Delivery.id)).where(*_held(tenant_id)).group_by(Delivery.message_id)
    found = pages.page_of(db, select(Delivery).where(Delivery.id.in_(first)), page)
    whom = select(Delivery.message_id, Delivery.recipient).where(
        Delivery.message_id.in_([each.message_id for each in found]),
        Delivery.state == State.QUARANTINED,
    )
    recipients: dict[int, list[str]] = {}
    for message_id, recipient in db.execute(whom.order_by(Delivery.id)):
        recipients.setdefault(message_id, []).append(recipient)
    return [HeldOut(each, recipients.get(each.message_id, [])) for each in found]


def known(db: Session, tenant_id: int, delivery_id: int) -> bool:
    """Whether a delivery of the tenant is outgoing, and is or was held."""
    mine = select(Delivery.id).where(Delivery.id == delivery_id, *_outgoing(tenant_id))
    return db.scalar(mine.where(Delivery.held_until.is_not(None))) is not None


def release(db: Session, tenant_id: int, delivery_id: int, *, by: str) -> int:
    """Send the mail of a held delivery on to all; return for how many, 0 for a virus."""
    may = rights.of_classes(quarantine.BY_ADMINISTRATOR)
    return _each(
        db,
        tenant_id,
        delivery_id,
        lambda scope, each: quarantine.release(db, scope, each, by=by, may=may),
    )


def delete(db: Session, tenant_id: int, delivery_id: int, *, by: str) -> int:
    """Send the mail of a held delivery to nobody; return for how many it was held."""
    return _each(
        db,
        tenant_id,
        delivery_id,
        lambda scope, each: quarantine.delete(db, scope, each, by=by),
    )


def _each(db: Session, tenant_id: int, delivery_id: int, deed: Callable[[Scope, int], bool]) -> int:
    """Do something with each held delivery of the mail that one belongs to; return how often."""
    of_one = select(Delivery.message_id).where(Delivery.id == delivery_id, *_held(tenant_id))
    held = Delivery.tenant_id == tenant_id, Delivery.state == State.QUARANTINED
    ids = db.scalars(
        select(Delivery.id)
        .where(Delivery.message_id.in_(of_one.scalar_subquery()), *held)
        .order_by(Delivery.id)
    ).all()
    return sum(deed(Scope(tenant_id), each) for each in ids)


def _outgoing(tenant_id: int) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions that mail goes to strangers, or that a colleague wrote it."""
    written = select(Message.id).where(
        Message.tenant_id == tenant_id, Message.writer_id.is_not(None)
    )
    out = or_(Delivery.direction == Direction.OUT, Delivery.message_id.in_(written))
    return Delivery.tenant_id == tenant_id, out


def _held(tenant_id: int) -> tuple[Any, ...]:
    return (*_outgoing(tenant_id), Delivery.state == State.QUARANTINED)
