"""Scanners that do not answer, as administrators see them; those that answer have no row."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from mailstore import clock
from mailstore.db import Base, upsert


class SilentScanner(Base):
    """An engine that the operator named and that does not answer, since when, and why."""

    __tablename__ = "silent_scanners"

    name: Mapped[str] = mapped_column(primary_key=True)
    since: Mapped[datetime]
    why: Mapped[str]


def note(db: Session, name: str, why: str | None) -> None:
    """Note why an engine does not answer, or with None that it does."""
    if why is None:
        db.execute(delete(SilentScanner).where(SilentScanner.name == name))
        return
    row = upsert(db, SilentScanner).values(name=name, since=clock.now(), why=why)
    db.execute(row.on_conflict_do_nothing())


def silent(db: Session) -> Sequence[SilentScanner]:
    """Return the engines that do not answer, by name."""
    return db.scalars(select(SilentScanner).order_by(SilentScanner.name)).all()
