"""Who opened links of reports, from where: what tells a person from a mail scanner."""

from collections import Counter
from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, Index, and_, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from mailstore import clock
from mailstore.db import Base, PrimaryKey
from mailstore.reports.rows import Link, LinkKind

LATELY = timedelta(hours=1)
LONGEST_AGENT = 200
# So many different links of one report no person opens from one place.
SCANNED = 4


class Opening(Base):
    """One opening of a link from a network (`place`), by a device that was known or not."""

    __tablename__ = "openings"
    __table_args__ = (Index("ix_openings_place", "place", "at"),)

    id: Mapped[PrimaryKey]
    at: Mapped[datetime]
    report_id: Mapped[int] = mapped_column(ForeignKey("reports.id", ondelete="CASCADE"), index=True)
    mailbox_id: Mapped[int] = mapped_column(ForeignKey("mailboxes.id", ondelete="CASCADE"))
    link_id: Mapped[str]
    place: Mapped[str]
    agent: Mapped[str]
    known: Mapped[bool]


def note(db: Session, link: Link, *, place: str, agent: str, known: bool) -> None:
    """Note an opening; openings never act."""
    db.execute(update(Link).where(Link.id == link.id).values(opens=Link.opens + 1))
    db.add(
        Opening(
            at=clock.now(), report_id=link.report_id, mailbox_id=link.mailbox_id,
            link_id=link.id, place=place, agent=agent[:LONGEST_AGENT], known=known,
        )
    )  # fmt: skip


def opens_for_many(db: Session, place: str) -> bool:
    """Whether links of several mailboxes were lately opened from a place, by unknown devices.

    No person does that, but a scanner in front of all of them does.
    """
    lately = Opening.place == place, Opening.at > clock.now() - LATELY, ~Opening.known
    count = select(func.count(Opening.mailbox_id.distinct())).where(*lately)
    return (db.scalar(count) or 0) > 1


def by_scanners(db: Session, report_ids: Collection[int]) -> Counter[int]:
    """Return how often scanners seem to have opened links to held mail, by report.

    A scanner opens one link of a report after the other, on no device that is known, and does
    nothing; a person opens one or two.
    """
    scanners = (
        select(Opening.report_id, Opening.place)
        .where(Opening.report_id.in_(report_ids), ~Opening.known)
        .group_by(Opening.report_id, Opening.place)
        .having(func.count(Opening.link_id.distinct()) >= SCANNED)
    ).subquery()
    opened = (
        select(Opening.report_id, func.count())
        .join(Link, Link.id == Opening.link_id)
        .join(
            scanners,
            and_(scanners.c.report_id == Opening.report_id, scanners.c.place == Opening.place),
        )
        .where(Opening.report_id.in_(report_ids), ~Opening.known)
        .where(Link.kind == LinkKind.HELD, Link.acted_at.is_(None))
        .group_by(Opening.report_id)
    )
    return Counter({report_id: count for report_id, count in db.execute(opened)})
