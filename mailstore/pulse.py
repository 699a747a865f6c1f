"""The pulse: the worker notes once a minute that time goes by, so that a jump of it is seen.

After a jump, or after nobody worked for an hour, ages are not trusted for an hour: a clock that
was set wrong must neither fail nor erase mail.
"""

from datetime import datetime, timedelta

from sqlalchemy.orm import Mapped, Session, mapped_column

from mailstore import clock
from mailstore.db import Base

ONLY = 1
LONGEST_GAP = timedelta(hours=1)
LEAST_GAP = timedelta(minutes=-2)
DISTRUST = timedelta(hours=1)


class Pulse(Base):
    """The last moment that a worker noted, and from when on ages are trusted."""

    __tablename__ = "pulse"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    settled_at: Mapped[datetime]


def beat(db: Session) -> timedelta | None:
    """Note that it is now; returns how far time jumped since the last one, None if it did not."""
    now = clock.now()
    last = db.get(Pulse, ONLY)
    if last is None:
        db.add(Pulse(id=ONLY, at=now, settled_at=now))
        return None
    gap = now - last.at
    last.at = now
    if LEAST_GAP <= gap <= LONGEST_GAP:
        return None
    last.settled_at = now + DISTRUST
    return gap


def settled(db: Session) -> bool:
    """Whether ages can be trusted."""
    last = db.get(Pulse, ONLY)
    if last is None:
        return True
    now = clock.now()
    # Before the next beat a jump is seen here too.
    return last.settled_at <= now and LEAST_GAP <= now - last.at <= LONGEST_GAP
