"""Reading mail of somebody else: with a reason that is on record first, and not for long.

The line of the log is what opens the mail, so nothing is shown without one.
"""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailstore import clock, events
from mailstore.errors import BadName
from mailstore.events import Event
from mailstore.requests import Asked
from mailstore.texts import plain

READ = "content_read"
ACCESS = "release request"
LASTS = timedelta(minutes=15)
SHORTEST_REASON, LONGEST_REASON = 5, 200


def disclose(db: Session, asked: Asked, reason: str, *, by: str) -> None:
    """Note that an administrator reads the mail of a request, and why; raises BadName.

    The caller commits it before anything of the mail is shown.
    """
    text = plain(reason, LONGEST_REASON).replace("\n", " ")
    if len(text) < SHORTEST_REASON:
        raise BadName(f"A reason has {SHORTEST_REASON} characters at least.")
    events.record(
        db,
        READ,
        by=by,
        tenant_id=asked.request.tenant_id,
        mailbox_id=asked.request.mailbox_id,
        delivery_id=asked.request.delivery_id,
        detail={"access": ACCESS, "request": asked.request.id, "reason": text},
    )


def is_disclosed(db: Session, asked: Asked, *, by: str) -> bool:
    """Whether somebody may read the mail of a request now: it is open, and they said why."""
    if not asked.open:
        return False
    lately = db.scalars(
        select(Event).where(
            Event.delivery_id == asked.request.delivery_id,
            Event.kind == READ,
            Event.by == by,
            Event.at > clock.now() - LASTS,
        )
    )
    return any(each.detail.get("request") == asked.request.id for each in lately)


def readings(db: Session, delivery_id: int) -> Sequence[Event]:
    """Return the lines of the log about who read a mail of somebody else, oldest first."""
    found = select(Event).where(Event.delivery_id == delivery_id, Event.kind == READ)
    return db.scalars(found.order_by(Event.id)).all()
