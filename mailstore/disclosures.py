"""Reading mail of somebody else: with a reason that is on record first, and not for long.

The line of the log is what opens the mail, so nothing is shown without one.
"""

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailstore import clock, events
from mailstore.deliveries import Delivery, State
from mailstore.errors import BadName
from mailstore.events import Event
from mailstore.requests import Asked
from mailstore.texts import plain

READ = "content_read"
LASTS = timedelta(minutes=15)
SHORTEST_REASON, LONGEST_REASON = 5, 200


class Access(StrEnum):
    """What leads an administrator to mail of somebody else."""

    REQUEST = "release request"
    HELD = "held mail"


def disclose(
    db: Session, delivery: Delivery, reason: str, *, by: str, request_id: int | None = None
) -> None:
    """Note that an administrator reads a held mail, for a request or not, and why; raises BadName.

    The caller commits it before anything of the mail is shown.
    """
    text = plain(reason, LONGEST_REASON).replace("\n", " ")
    if len(text) < SHORTEST_REASON:
        raise BadName(f"A reason has {SHORTEST_REASON} characters at least.")
    access = Access.HELD if request_id is None else Access.REQUEST
    events.record(
        db,
        READ,
        by=by,
        tenant_id=delivery.tenant_id,
        mailbox_id=delivery.mailbox_id,
        delivery_id=delivery.id,
        detail={"access": access, "request": request_id, "reason": text},
    )


def is_disclosed(
    db: Session, delivery: Delivery, *, by: str, request_id: int | None = None
) -> bool:
    """Whether somebody may read a mail now: it is held, and they said why, for this request."""
    if delivery.state is not State.QUARANTINED:
        return False
    lately = db.scalars(
        select(Event).where(
            Event.delivery_id == delivery.id,
            Event.kind == READ,
            Event.by == by,
            Event.at > clock.now() - LASTS,
        )
    )
    return any(each.detail.get("request") == request_id for each in lately)


def may_read(db: Session, asked: Asked, *, by: str) -> bool:
    """Whether somebody may read the mail of a request now: it is open, and they said why."""
    return asked.open and is_disclosed(db, asked.delivery, by=by, request_id=asked.request.id)


def readings(db: Session, delivery_id: int) -> Sequence[Event]:
    """Return the lines of the log about who read a mail of somebody else, oldest first."""
    found = select(Event).where(Event.delivery_id == delivery_id, Event.kind == READ)
    return db.scalars(found.order_by(Event.id)).all()
