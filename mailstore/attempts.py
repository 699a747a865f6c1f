"""Counted failures (sign-in, link code): rows that slow an attacker down."""

from datetime import datetime, timedelta

from sqlalchemy import Index, delete, func, insert, select
from sqlalchemy.orm import Mapped, Session

from mailstore import clock
from mailstore.db import Base, PrimaryKey

WINDOW = timedelta(minutes=15)


class Attempt(Base):
    """One failure of one kind."""

    __tablename__ = "attempts"
    __table_args__ = (Index("ix_attempts_key", "kind", "key", "at"),)

    id: Mapped[PrimaryKey]
    kind: Mapped[str]
    key: Mapped[str]
    at: Mapped[datetime]


def failed(db: Session, kind: str, *keys: str) -> None:
    """Count a failure for each key; wants a session of its own, committed whatever follows."""
    now = clock.now()
    db.execute(insert(Attempt), [{"kind": kind, "key": key, "at": now} for key in keys])


def count(db: Session, kind: str, key: str, *, window: timedelta = WINDOW) -> int:
    """Return how many failures a key had lately."""
    since = clock.now() - window
    counted = select(func.count()).where(
        Attempt.kind == kind, Attempt.key == key, Attempt.at > since
    )
    return db.scalar(counted) or 0


def purge(db: Session, *, older: timedelta = timedelta(days=1)) -> None:
    """Delete what no window reaches any more."""
    db.execute(delete(Attempt).where(Attempt.at < clock.now() - older))
