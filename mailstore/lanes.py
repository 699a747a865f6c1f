"""Lanes: one per next hop, with what is known of its health.

A hop that does not answer is tried again soon. Silent for two minutes, it has an outage: it is
probed once a minute, and three good probes end it. Mail goes as soon as it answers at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, UniqueConstraint, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from mailstore import clock, events, incidents, jobs
from mailstore.db import Base, PrimaryKey, upsert
from mailstore.incidents import IncidentKind
from mailstore.routes import Route

# Who named a route: the operator, foreign DNS, or the tenant with a number.
OPERATOR, NOBODY = 0, -1
GOOD_PROBES = 3
LONGEST_PAUSE = 12


class Lane(Base):
    """The way to one next hop. A lane is claimed by one worker at a time.

    `named_by`: whose tenant wrote its route, or NOBODY: then it stands in DNS, where anybody may
    write; only the operator's may lead to the inside of the network.
    """

    __tablename__ = "lanes"
    __table_args__ = (UniqueConstraint("route", "named_by"),)

    id: Mapped[PrimaryKey]
    route: Mapped[str]
    named_by: Mapped[int] = mapped_column(default=OPERATOR)
    failing_since: Mapped[datetime | None]
    down_since: Mapped[datetime | None]
    answers_since: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(default=0)
    good_probes: Mapped[int] = mapped_column(default=0)
    try_at: Mapped[datetime | None]
    probe_at: Mapped[datetime | None]
    last_error: Mapped[str] = mapped_column(default="")
    lease_until: Mapped[datetime | None]
    fence: Mapped[int] = mapped_column(default=0)

    @property
    def trusted(self) -> bool:
        """Whether its route may lead to the inside of the network."""
        return self.named_by == OPERATOR


@dataclass(frozen=True, slots=True)
class Patience:
    """How soon a silent next hop is tried again, and when that is called an outage."""

    first: timedelta
    outage: timedelta

    @property
    def longest(self) -> timedelta:
        """The pause between probes."""
        return self.first * LONGEST_PAUSE

    def wait(self, failures: int) -> timedelta:
        """Return the wait after so many failures in a row: doubling, a minute at most."""
        return min(self.first * (1 << min(failures, LONGEST_PAUSE)), self.longest)


def lane_to(db: Session, route: Route, *, named_by: int = OPERATOR) -> int:
    """Return the id of the lane of a route, made if need be."""
    named = {"route": str(route), "named_by": named_by}
    db.execute(upsert(db, Lane).values(**named).on_conflict_do_nothing())
    return db.scalars(select(Lane.id).filter_by(**named)).one()


def free(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions that no worker has a lane and that it may be tried."""
    return (
        or_(Lane.lease_until.is_(None), Lane.lease_until < now),
        or_(Lane.try_at.is_(None), Lane.try_at <= now),
    )


def failing_abroad(db: Session) -> Sequence[Lane]:
    """Return the lanes to strangers whose servers do not answer as they should, by route."""
    failing = Lane.named_by == NOBODY, Lane.failing_since.is_not(None)
    return db.scalars(select(Lane).where(*failing).order_by(Lane.route)).all()


def probe_due(now: datetime) -> ColumnElement[bool]:
    """Return the condition that a lane has an outage and is to be probed."""
    return Lane.probe_at <= now


def claim(db: Session, lane_id: int, *, lease: timedelta) -> Lane | None:
    """Take a lane for this worker; None while another has it, or until its next try."""
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


def failed(db: Session, lane: Lane, error: str, patience: Patience) -> bool:
    """Note that the next hop does not answer; True if that begins an outage."""
    now = clock.now()
    since = lane.failing_since or now
    down = lane.down_since or (since if now - since >= patience.outage else None)
    again = now + patience.wait(lane.failures)
    noted = _touch(
        db, lane.id, lane.fence, lease_until=None, failing_since=since, down_since=down,
        answers_since=None, failures=lane.failures + 1, good_probes=0, last_error=error,
        try_at=again, probe_at=again if down else None,
    )  # fmt: skip
    if not noted or down is None or lane.down_since is not None:
        return False
    incidents.begin(db, IncidentKind.OUTAGE, str(lane.id), error, since=since, lane_id=lane.id)
    events.record(db, "lane_down", by="worker", detail={"lane": lane.id, "error": error})
    return True


def answered(db: Session, lane: Lane, patience: Patience) -> bool:
    """Note that the next hop answers; True if that ends an outage."""
    now = clock.now()
    if lane.down_since is None:
        if lane.failing_since is not None:
            _touch(db, lane.id, lane.fence, **_HEALTHY)
        return False
    good = lane.good_probes + (lane.probe_at is None or lane.probe_at <= now)
    if good < GOOD_PROBES:
        probe_at = now + patience.longest if good > lane.good_probes else lane.probe_at
        since = lane.answers_since or now
        _touch(
            db, lane.id, lane.fence, good_probes=good, failures=0, try_at=None, probe_at=probe_at,
            answers_since=since,
        )  # fmt: skip
        return False
    if not _touch(db, lane.id, lane.fence, **_HEALTHY):
        return False
    incidents.end(db, IncidentKind.OUTAGE, str(lane.id))
    events.record(db, "lane_up", by="worker", detail={"lane": lane.id})
    return True


_HEALTHY: dict[str, object] = {
    "failing_since": None, "down_since": None, "answers_since": None, "failures": 0,
    "good_probes": 0, "try_at": None, "probe_at": None, "last_error": "",
}  # fmt: skip


def try_now(db: Session, lane_id: int) -> None:
    """Let a silent next hop be tried at once."""
    db.execute(
        update(Lane)
        .where(Lane.id == lane_id, Lane.down_since.is_not(None))
        .values(try_at=None, probe_at=clock.now())
    )
    jobs.after_commit(db, "drain", lane_id)


def _touch(db: Session, lane_id: int, fence: int, **values: object) -> bool:
    touched = db.scalar(
        update(Lane)
        .where(Lane.id == lane_id, Lane.fence == fence)
        .values(**values)
        .returning(Lane.id)
        .execution_options(synchronize_session=False)
    )
    return touched is not None
