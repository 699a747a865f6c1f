"""Jobs that fail again and again: tried five times, then left alone and told to the operator.

A job is a nudge, so its row stays as it is; what is kept here is only that asking is of no use.
A new start of the worker, which may be a new version, asks again.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import inf

import structlog
from sqlalchemy import delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from mailstore import clock, incidents
from mailstore.db import Base
from mailstore.incidents import IncidentKind

log = structlog.get_logger()

MOST_TRIES = 5
FIRST_PAUSE = timedelta(seconds=2)
FACTOR = 4


class DeadLetter(Base):
    """A job that failed, how often, and when it is asked for again; never once it is dead."""

    __tablename__ = "dead_letters"

    name: Mapped[str] = mapped_column(primary_key=True)
    ids: Mapped[str] = mapped_column(primary_key=True)
    tries: Mapped[int]
    try_at: Mapped[datetime]
    error: Mapped[str]

    @property
    def is_dead(self) -> bool:
        """Whether it is not tried any more."""
        return self.tries >= MOST_TRIES

    @property
    def is_resting(self) -> bool:
        """Whether it is not to be asked for now."""
        return self.is_dead or self.try_at > clock.now()


def of(db: Session, name: str, ids: Sequence[int]) -> DeadLetter | None:
    """Return what is known of a job that failed and did not succeed since."""
    return db.get(DeadLetter, (name, _written(ids)))


def failed(db: Session, name: str, ids: Sequence[int], error: str) -> float:
    """Note that a job failed; returns the seconds until it may be tried again."""
    row = of(db, name, ids)
    if row is None:
        row = DeadLetter(name=name, ids=_written(ids), tries=0)
        db.add(row)
    row.tries += 1
    row.error = error[:500]
    pause: timedelta = FIRST_PAUSE * FACTOR ** (row.tries - 1)
    row.try_at = clock.now() + pause
    if not row.is_dead:
        return pause.total_seconds()
    incidents.begin(db, IncidentKind.JOB, f"{name} {row.ids}".strip(), error)
    log.error("job_dead", job=name, ids=list(ids))
    return inf


def went_well(db: Session, name: str, ids: Sequence[int]) -> None:
    """Forget what failed before."""
    db.execute(delete(DeadLetter).filter_by(name=name, ids=_written(ids)))
    incidents.end(db, IncidentKind.JOB, f"{name} {_written(ids)}".strip())


def resting(db: Session) -> set[tuple[str | int, ...]]:
    """Return the jobs that are not to be asked for now: name and ids."""
    return {
        (row.name, *map(int, row.ids.split()))
        for row in db.scalars(select(DeadLetter))
        if row.is_resting
    }


def all_of(db: Session) -> Sequence[DeadLetter]:
    """Return all jobs that failed and did not succeed since."""
    return db.scalars(select(DeadLetter).order_by(DeadLetter.try_at)).all()


def start_anew(db: Session) -> int:
    """Let everything be tried again; returns how much that is."""
    rows = all_of(db)
    for row in rows:
        went_well(db, row.name, [int(each) for each in row.ids.split()])
    return len(rows)


def _written(ids: Sequence[int]) -> str:
    return " ".join(map(str, ids))
