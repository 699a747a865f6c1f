"""Incidents: what went wrong for a while, from when to when; people are told of each once.

An outage of a next hop is one, and so are a full disk, a silent scanner, an old queue.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, ForeignKey, Index, and_, or_, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from mailstore import clock, jobs
from mailstore.db import Base, PrimaryKey, upsert

OPEN = text("ended_at IS NULL")
SPREAD = "spread_notices"


class IncidentKind(StrEnum):
    """What can go wrong for a while."""

    OUTAGE = "outage"
    DISK = "disk"
    SCANNER = "scanner"
    CERTIFICATE = "certificate"
    QUEUE = "queue"
    CLOCK = "clock"
    JOB = "job"


class Told(StrEnum):
    """What was told of an incident so far."""

    NOTHING = "nothing"
    BEGAN = "began"
    OVER = "over"


class Incident(Base):
    """Something that went wrong, of a kind, at a subject (a lane, a scanner, a file)."""

    __tablename__ = "incidents"
    __table_args__ = (
        Index(
            "ix_incidents_open",
            "kind",
            "subject",
            unique=True,
            sqlite_where=OPEN,
            postgresql_where=OPEN,
        ),
        Index("ix_incidents_lane", "lane_id", "began_at"),
        Index("ix_incidents_told", "told", "ended_at"),
    )

    id: Mapped[PrimaryKey]
    kind: Mapped[IncidentKind]
    subject: Mapped[str]
    lane_id: Mapped[int | None] = mapped_column(ForeignKey("lanes.id", ondelete="CASCADE"))
    detail: Mapped[str]
    began_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    told: Mapped[Told] = mapped_column(default=Told.NOTHING)


def begin(
    db: Session,
    kind: IncidentKind,
    subject: str,
    detail: str,
    *,
    since: datetime | None = None,
    lane_id: int | None = None,
) -> bool:
    """Open an incident; False if it is open already."""
    row = upsert(db, Incident).values(
        kind=kind, subject=subject, detail=detail[:500], began_at=since or clock.now(),
        lane_id=lane_id, told=Told.NOTHING,
    )  # fmt: skip
    begun = db.scalar(
        row.on_conflict_do_nothing(
            index_elements=["kind", "subject"], index_where=OPEN
        ).returning(Incident.id)
    )  # fmt: skip
    if begun is not None:
        jobs.after_commit(db, SPREAD, begun)
    return begun is not None


def end(db: Session, kind: IncidentKind, subject: str) -> bool:
    """Close an incident; False if none is open."""
    ended = db.scalar(
        update(Incident)
        .where(Incident.kind == kind, Incident.subject == subject, Incident.ended_at.is_(None))
        .values(ended_at=clock.now())
        .returning(Incident.id)
    )
    if ended is not None:
        jobs.after_commit(db, SPREAD, ended)
    return ended is not None


def untold(db: Session) -> Sequence[int]:
    """Return the incidents whose beginning or end nobody was told of yet."""
    return db.scalars(select(Incident.id).where(_untold())).all()


def take_news(db: Session, incident_id: int) -> tuple[Incident, Told] | None:
    """Take what is new about an incident, once; None if it was told, or ended before that."""
    incident = db.get(Incident, incident_id)
    if incident is None:
        return None
    before = incident.told
    news = Told.OVER if incident.ended_at else Told.BEGAN
    taken = db.scalar(
        update(Incident)
        .where(Incident.id == incident_id, Incident.told == before, _untold())
        .values(told=news)
        .returning(Incident.id)
        .execution_options(synchronize_session=False)
    )
    if taken is None or (news is Told.OVER and before is Told.NOTHING):
        return None
    return incident, news


def open_now(db: Session, *kinds: IncidentKind) -> Sequence[Incident]:
    """Return the incidents of these kinds that go on, the oldest first."""
    return db.scalars(
        select(Incident)
        .where(Incident.kind.in_(kinds), Incident.ended_at.is_(None))
        .order_by(Incident.began_at)
    ).all()


def outages(db: Session, lane_id: int, since: datetime) -> Sequence[Incident]:
    """Return the outages of a lane that lasted beyond a moment, the newest first."""
    return db.scalars(
        select(Incident)
        .where(Incident.lane_id == lane_id, Incident.kind == IncidentKind.OUTAGE)
        .where(or_(Incident.ended_at.is_(None), Incident.ended_at > since))
        .order_by(Incident.began_at.desc())
    ).all()


def _untold() -> ColumnElement[bool]:
    began = and_(Incident.told == Told.NOTHING, Incident.ended_at.is_(None))
    return or_(began, and_(Incident.told != Told.OVER, Incident.ended_at.is_not(None)))
