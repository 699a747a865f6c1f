"""What a report's links and its code let in, and what was done by them."""

import secrets
from collections.abc import Collection
from datetime import timedelta
from typing import Any

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from mailstore import clock, jobs, mailboxes
from mailstore.deliveries import Delivery
from mailstore.mailboxes import Mailbox
from mailstore.messages import Message
from mailstore.reports import planning, reach, times
from mailstore.reports.rows import Link, LinkKind, Report
from mailstore.scope import Scope

CODE_TRIES = 6
FRESH_EVERY = timedelta(hours=1)


def alive(db: Session, link_id: str) -> tuple[Link, bool] | None:
    """Return a link and whether it has ended; None if there is none or its mailbox is gone."""
    link = db.scalar(
        select(Link)
        .join(Mailbox, Mailbox.id == Link.mailbox_id)
        .where(Link.id == link_id, Mailbox.active, Link.kind != LinkKind.FOLDED)
    )
    return None if link is None else (link, link.ends_at <= clock.now())


def was_ended(db: Session, link: Link) -> bool:
    """Whether a link was ended before its time: its mailbox or whoever had it is another by now."""
    made = db.get_one(Report, link.report_id).slot
    return link.ends_at - made not in times.LIVES


def scope_of(db: Session, link: Link) -> Scope:
    """Return the mail that a link leads to: what the reports of its mailbox are about by now."""
    return Scope(link.tenant_id, reach.covered(db, [link.mailbox_id])[link.mailbox_id])


def of_report(db: Session, report_id: int) -> list[Link]:
    """Return a report's links to held mail that it listed, and to what it only counted."""
    named = Link.kind.in_((LinkKind.HELD, LinkKind.FOLDED))
    return list(db.scalars(select(Link).where(Link.report_id == report_id, named)))


def named_in(report_id: int) -> Select[Any]:
    """Return a query for the held mails that a report listed."""
    return select(Link.delivery_id).where(Link.report_id == report_id, Link.kind == LinkKind.HELD)


def names(db: Session, report_id: int, delivery_id: int) -> bool:
    """Whether a report listed a held mail."""
    return db.scalar(named_in(report_id).where(Link.delivery_id == delivery_id)) is not None


def is_locked(db: Session, report_id: int) -> bool:
    """Whether so many wrong codes were tried that none fits any more."""
    return db.get_one(Report, report_id).code_tries >= CODE_TRIES


def ask_fresh(db: Session, link: Link) -> bool:
    """Have a new report written for whoever has a link; False also for those who get none."""
    ((mailbox, _, policy),) = planning.with_policies(db, [link.mailbox_id])
    wanted = times.wanted(mailbox.report_at, mailbox.report_on, policy)
    return wanted is not None and ask_now(db, link.mailbox_id)


def acted(db: Session, report_id: int, delivery_ids: Collection[int]) -> None:
    """Note that something was done by a report's links to these mails."""
    db.execute(
        update(Link)
        .where(Link.report_id == report_id, Link.delivery_id.in_(delivery_ids))
        .values(acted_at=clock.now())
        .execution_options(synchronize_session=False)
    )


def code_fits(db: Session, report_id: int, code: str) -> bool:
    """Whether this is the report's code; six wrong tries and no code fits any more.

    Wants a session of its own: the try counts whatever follows.
    """
    tried = db.scalar(
        update(Report)
        .where(Report.id == report_id, Report.code_tries < CODE_TRIES)
        .values(code_tries=Report.code_tries + 1)
        .returning(Report.code)
    )
    if tried is None or not secrets.compare_digest(tried.encode(), code.strip().encode()):
        return False
    db.execute(update(Report).where(Report.id == report_id).values(code_tries=0))
    return True


def arrived_within(db: Session, report_id: int, span: timedelta) -> bool:
    """Whether the customer's server took a report's mail so lately, or has not yet."""
    arrived = db.execute(
        select(Delivery.done_at)
        .join(Message, Message.id == Delivery.message_id)
        .join(Report, Report.public_id == Message.public_id)
        .where(Report.id == report_id, Delivery.resend_of == 0)
    ).all()
    return any(at is None or at > clock.now() - span for (at,) in arrived)


def ask_now(db: Session, mailbox_id: int) -> bool:
    """Have a report of everything held written at once; False if one was within the hour."""
    mailbox = mailboxes.alone(db, mailbox_id)
    recent = select(Report.id).where(
        Report.mailbox_id == mailbox.id, Report.slot > clock.now() - FRESH_EVERY
    )
    if mailbox.report_asked_at is not None or db.scalar(recent.limit(1)) is not None:
        return False
    mailbox.report_asked_at = clock.now()
    jobs.after_commit(db, planning.JOB)
    return True
