"""Lanes: one per next hop, with what is known of its health."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, UniqueConstraint, case, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from mailstore import clock, events
from mailstore.db import Base, PrimaryKey, upsert

LONGEST_WAIT = timedelta(seconds=60)
LONGEST_DOUBLING = 5


class Lane(Base):
    """The way to one next hop. A lane is claimed by one worker at a time."""

    __tablename__ = "lanes"
    __table_args__ = (UniqueConstraint("host", "port"),)

    id: Mapped[PrimaryKey]
    host: Mapped[str]
    port: Mapped[int]
    down_since: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(default=0)
    probe_at: Mapped[datetime | None]
    last_error: Mapped[str] = mapped_column(default="")
    lease_until: Mapped[datetime | None]
    fence: Mapped[int] = mapped_column(default=0)


def lane_to(db: Session, host: str, port: int) -> int:
    """Return the id of the lane to a next hop, made if need be."""
    db.execute(upsert(db, Lane).values(host=host, port=port).on_conflict_do_nothing())
    return db.scalars(select(Lane.id).where(Lane.host == host, Lane.port == port)).one()


def free(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions that no worker has a lane and that it may be tried."""
    return (
        or_(Lane.lease_until.is_(None), Lane.lease_until < now),
        or_(Lane.probe_at.is_(None), Lane.probe_at <= now),
    )


def claim(db: Session, lane_id: int, *, lease: timedelta) -> Lane | None:
    """Take a lane for this worker; None while another has it, or until its next probe."""
    now = clock.now()
    return db.scalar(
        update(Lane)
        .where(Lane.id == lane_id, *free(now))
        .values(lease_until=now + lease, fence=Lane.fence + 1)
        .returning(Lane)
    )


def extend(db: Session, lane_id: int, fence: int, *, lease: timedelta) -> bool:
    """Keep a lane; False if its lease was lost to another worker."""
    return _touch(db, lane_id, fence, lease_until=clock.now() + lease)


def give_back(db: Session, lane_id: int, fence: int) -> None:
    """Leave a lane to whoever finds it due next."""
    _touch(db, lane_id, fence, lease_until=None)


def went_down(db: Session, lane_id: int, fence: int, error: str, *, first_wait: float) -> None:
    """Note that the next hop does not answer; it is probed soon, then at most once a minute."""
    now = clock.now()
    failures = db.scalar(select(Lane.failures).where(Lane.id == lane_id)) or 0
    wait = timedelta(seconds=first_wait * 2 ** min(failures, LONGEST_DOUBLING))
    if (
        _touch(
            db,
            lane_id,
            fence,
            lease_until=None,
            failures=failures + 1,
            last_error=error,
            probe_at=now + min(wait, LONGEST_WAIT),
            down_since=case((Lane.down_since.is_(None), now), else_=Lane.down_since),
        )
        and not failures
    ):
        events.record(db, "lane_down", by="worker", detail={"lane": lane_id, "error": error})


def came_back(db: Session, lane_id: int, fence: int) -> None:
    """Note that the next hop answers again."""
    if _touch(db, lane_id, fence, down_since=None, failures=0, probe_at=None, last_error=""):
        events.record(db, "lane_up", by="worker", detail={"lane": lane_id})


def _touch(db: Session, lane_id: int, fence: int, **values: object) -> bool:
    touched = db.scalar(
        update(Lane)
        .where(Lane.id == lane_id, Lane.fence == fence)
        .values(**values)
        .returning(Lane.id)
    )
    return touched is not None
