"""What became of a mailbox's reports: sent, opened, by whom it seems, and acted on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from mailstore.deliveries import Delivery, State
from mailstore.messages import Message
from mailstore.reports import openings
from mailstore.reports.rows import Link, LinkKind, Report

SHOWN = 5


@dataclass(frozen=True, slots=True)
class Seen:
    """A report: when it was made, where its mail is, what it named, and what was done by it.

    `scanned` is how often its mails were opened by devices that nobody knows and nothing was done.
    """

    at: datetime
    state: State | None
    named: int
    done: int
    scanned: int


def lately(db: Session, mailbox_id: int) -> Sequence[Seen]:
    """Return the last reports of a mailbox, the newest first."""
    rows = db.execute(
        select(Report, Delivery.state)
        .outerjoin(Message, Message.public_id == func.nullif(Report.public_id, ""))
        .outerjoin(Delivery, and_(Delivery.message_id == Message.id, Delivery.resend_of == 0))
        .where(Report.mailbox_id == mailbox_id)
        .order_by(Report.slot.desc())
        .limit(SHOWN)
    ).all()
    ids = [report.id for report, _ in rows]
    counted = (
        select(Link.report_id, func.count(), func.count(Link.acted_at))
        .where(Link.report_id.in_(ids), Link.kind == LinkKind.HELD)
        .group_by(Link.report_id)
    )
    counts = {report_id: (named, done) for report_id, named, done in db.execute(counted)}
    scanned = openings.by_scanners(db, ids)
    return [
        Seen(report.slot, state, *counts.get(report.id, (0, 0)), scanned[report.id])
        for report, state in rows
    ]
