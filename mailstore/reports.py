"""Quarantine reports: when one is due, what is new in it, and the rows behind its links."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ForeignKey, UniqueConstraint, select, update
from sqlalchemy.orm import Mapped, Session, contains_eager, mapped_column

from mailstore import clock, events, mailboxes, policies, rights
from mailstore.db import Base, PrimaryKey, TenantKey
from mailstore.deliveries import Delivery, State
from mailstore.domains import Domain
from mailstore.envelopes import Policy
from mailstore.mailboxes import Mailbox
from mailstore.reporttimes import next_report_at, wanted_times
from mailstore.rights import SEEN
from mailstore.tenants import Tenant

LINK_LIFE = timedelta(days=7)
CODE_TRIES = 6
MOST_LINES = 200
RESEND_AFTER = timedelta(minutes=5)
FRESH_EVERY = timedelta(hours=1)


class LinkKind(StrEnum):
    """What a report link opens."""

    HELD = "held"
    QUARANTINE = "quarantine"
    WEBMAIL = "webmail"


class Report(Base):
    """One report to one mailbox; not sent until sent_at says so."""

    __tablename__ = "reports"
    __table_args__ = (UniqueConstraint("mailbox_id", "slot"),)

    id: Mapped[PrimaryKey]
    tenant_id: Mapped[TenantKey]
    mailbox_id: Mapped[int] = mapped_column(ForeignKey("mailboxes.id", ondelete="CASCADE"))
    slot: Mapped[datetime]
    code: Mapped[str]
    code_tries: Mapped[int] = mapped_column(default=0)
    try_at: Mapped[datetime] = mapped_column(index=True)
    sent_at: Mapped[datetime | None]


class Link(Base):
    """What a signed token stands for: one per line of a report, quarantine and webmail."""

    __tablename__ = "links"

    id: Mapped[str] = mapped_column(primary_key=True)
    report_id: Mapped[int] = mapped_column(ForeignKey("reports.id", ondelete="CASCADE"), index=True)
    tenant_id: Mapped[TenantKey]
    mailbox_id: Mapped[int] = mapped_column(ForeignKey("mailboxes.id", ondelete="CASCADE"))
    delivery_id: Mapped[int | None] = mapped_column(
        ForeignKey("deliveries.id", ondelete="CASCADE"), index=True
    )
    kind: Mapped[LinkKind]
    ends_at: Mapped[datetime] = mapped_column(index=True)
    opens: Mapped[int] = mapped_column(default=0)


def due(db: Session, now: datetime) -> Sequence[int]:
    """Return the mailboxes whose report is due."""
    return db.scalars(select(Mailbox.id).where(Mailbox.active, Mailbox.report_due_at <= now)).all()


def unsent(db: Session, now: datetime) -> Sequence[int]:
    """Return reports that were begun and are due for sending (again)."""
    return db.scalars(select(Report.id).where(Report.sent_at.is_(None), Report.try_at <= now)).all()


def begin_due(db: Session, mailbox_id: int) -> Report | None:
    """Begin the report that is due and set the next time; None if another did, or nothing is new.

    Missed times are caught up once.
    """
    now = clock.now()
    mailbox = db.get(Mailbox, mailbox_id)
    if mailbox is None or mailbox.report_due_at is None or mailbox.report_due_at > now:
        return None
    tenant = db.get_one(Tenant, mailbox.tenant_id)
    policy = policy_of(db, mailbox, tenant)
    times = wanted_times(mailbox.report_at, policy)
    claimed = db.scalar(
        update(Mailbox)
        .where(Mailbox.id == mailbox_id, Mailbox.report_due_at == mailbox.report_due_at)
        .values(report_due_at=next_report_at(now, tenant.zoneinfo, times))
        .returning(Mailbox.id)
        .execution_options(synchronize_session=False)
    )
    if claimed is None or not policy.report:
        return None
    new = held(db, mailbox_id, unreported=True)
    return _begin(db, mailbox, new, now) if new else None


def begin_now(db: Session, mailbox: Mailbox) -> Report:
    """Begin a report of everything held, asked for outside of its times."""
    return _begin(db, mailbox, held(db, mailbox.id, unreported=False), clock.now())


def held(db: Session, mailbox_id: int, *, unreported: bool) -> Sequence[int]:
    """Return what is held for a mailbox, newest first: all, or what no report named yet.

    A moment would not do: mail may be recorded a little later than it was accepted. What the
    policy hides from people is not among it.
    """
    seen = rights.of_mailboxes(db, [mailbox_id]).allow(*SEEN)
    query = select(Delivery.id).where(
        Delivery.mailbox_id == mailbox_id, Delivery.state == State.QUARANTINED, seen
    )
    if unreported:
        query = query.where(~select(Link.id).where(Link.delivery_id == Delivery.id).exists())
    newest = (Delivery.accepted_at.desc(), Delivery.id.desc())
    return db.scalars(query.order_by(*newest).limit(MOST_LINES)).all()


def lines(db: Session, report_id: int) -> Sequence[tuple[Link, Delivery]]:
    """Return the lines of a report: each link with its delivery, the message loaded."""
    return db.execute(
        select(Link, Delivery)
        .join(Delivery, Delivery.id == Link.delivery_id)
        .join(Delivery.message)
        .options(contains_eager(Delivery.message))
        .where(Link.report_id == report_id)
        .order_by(Delivery.accepted_at.desc(), Delivery.id.desc())
    ).all()


def page_links(db: Session, report_id: int) -> dict[LinkKind, Link]:
    """Return a report's links to quarantine and webmail."""
    found = db.scalars(select(Link).where(Link.report_id == report_id, Link.kind != LinkKind.HELD))
    return {link.kind: link for link in found}


def mark_sent(db: Session, report_id: int) -> bool:
    """Note that a report is in the queue; False if it was already."""
    sent = db.scalar(
        update(Report)
        .where(Report.id == report_id, Report.sent_at.is_(None))
        .values(sent_at=clock.now())
        .returning(Report.tenant_id)
    )
    if sent is None:
        return False
    events.record(db, "report_sent", by="worker", tenant_id=sent, detail={"report": report_id})
    return True


def try_again_later(db: Session, report_id: int) -> bool:
    """Take a report for sending; False if it was sent or another worker has it."""
    now = clock.now()
    taken = db.scalar(
        update(Report)
        .where(Report.id == report_id, Report.sent_at.is_(None), Report.try_at <= now)
        .values(try_at=now + RESEND_AFTER)
        .returning(Report.id)
    )
    return taken is not None


def alive(db: Session, link_id: str) -> tuple[Link, bool] | None:
    """Return a link and whether it has ended; None if there is none or its mailbox is gone."""
    link = db.scalar(
        select(Link)
        .join(Mailbox, Mailbox.id == Link.mailbox_id)
        .where(Link.id == link_id, Mailbox.active)
    )
    return None if link is None else (link, link.ends_at <= clock.now())


def opened(db: Session, link_id: str) -> None:
    """Count an opening; openings never act."""
    db.execute(update(Link).where(Link.id == link_id).values(opens=Link.opens + 1))


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


def refresh(db: Session, link: Link) -> bool:
    """Begin a new report in place of an ended link; False if one was begun within the hour."""
    return ask_now(db, link.mailbox_id)


def ask_now(db: Session, mailbox_id: int) -> bool:
    """Begin a report of everything held at once; False if one was begun within the hour."""
    mailbox = mailboxes.alone(db, mailbox_id)
    recent = select(Report.id).where(
        Report.mailbox_id == mailbox.id, Report.slot > clock.now() - FRESH_EVERY
    )
    if db.scalar(recent) is not None:
        return False
    begin_now(db, mailbox)
    return True


def policy_of(db: Session, mailbox: Mailbox, tenant: Tenant) -> Policy:
    """Return the policy that says when a mailbox gets reports."""
    domain = db.get_one(Domain, mailbox.domain_id)
    return policies.effective(db, mailbox.policy_id or domain.policy_id or tenant.policy_id)


def _begin(db: Session, mailbox: Mailbox, delivery_ids: Sequence[int], now: datetime) -> Report:
    report = Report(
        tenant_id=mailbox.tenant_id,
        mailbox_id=mailbox.id,
        slot=now,
        code=f"{secrets.randbelow(10_000):04}",
        try_at=now,
    )
    db.add(report)
    db.flush()
    wanted: list[tuple[LinkKind, int | None]] = [(LinkKind.HELD, each) for each in delivery_ids]
    wanted += [(LinkKind.QUARANTINE, None), (LinkKind.WEBMAIL, None)]
    db.add_all(
        Link(
            id=secrets.token_urlsafe(16),
            report_id=report.id,
            tenant_id=mailbox.tenant_id,
            mailbox_id=mailbox.id,
            delivery_id=delivery_id,
            kind=kind,
            ends_at=now + LINK_LIFE,
        )
        for kind, delivery_id in wanted
    )
    db.flush()
    return report
