"""Notices: who is told of an incident, that it began and that it is over, each once.

They are rows of their own and no deliveries: a notice that the disk is full must not need room
in a pack, and one to the operator belongs to no tenant. The portal writes them (it has the words
in four languages), the filter sends them.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, UniqueConstraint, and_, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from mailstore import clock, incidents, jobs
from mailstore.accounts import Account, Role
from mailstore.addresses import Address
from mailstore.db import Base, PrimaryKey, upsert
from mailstore.domains import Domain
from mailstore.incidents import Incident, IncidentKind, Told
from mailstore.jobs import job
from mailstore.mailboxes import Mailbox, MailboxAccess, Right
from mailstore.store import Store
from mailstore.tenants import Tenant

WRITE, SEND = "write_notice", "send_notice"
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=1)
GIVE_UP = timedelta(days=2)
MOST_DOUBLINGS = 10


class Way(StrEnum):
    """How a notice goes out."""

    MAIL = "mail"
    WEBHOOK = "webhook"


class Audience(StrEnum):
    """Who is told, which decides what."""

    PERSON = "person"
    ADMIN = "admin"
    OPERATOR = "operator"


class Notice(Base):
    """One piece of news for one target; written once it has content, sent once it has sent_at."""

    __tablename__ = "notices"
    __table_args__ = (UniqueConstraint("incident_id", "news", "way", "target", "tenant_id"),)

    id: Mapped[PrimaryKey]
    incident_id: Mapped[int] = mapped_column(ForeignKey("incidents.id", ondelete="CASCADE"))
    news: Mapped[Told]
    way: Mapped[Way]
    audience: Mapped[Audience]
    target: Mapped[str]
    tenant_id: Mapped[int | None] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    content: Mapped[bytes | None] = mapped_column(LargeBinary)
    made_at: Mapped[datetime]
    try_at: Mapped[datetime | None] = mapped_column(index=True)
    attempts: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[datetime | None]
    reply: Mapped[str] = mapped_column(default="")


@job
def spread_notices(store: Store, incident_id: int) -> None:
    """Make the notices of what is new about an incident; safe to run twice."""
    with store.write() as db:
        found = incidents.take_news(db, incident_id)
        if found is not None:
            _spread(db, *found, store.settings.operator)


def due(db: Session, now: datetime) -> Sequence[tuple[str, int]]:
    """Return the jobs that notices wait for: a name and an id each."""
    rows = db.execute(
        select(Notice.id, Notice.content.is_(None)).where(Notice.try_at <= now)
    )  # fmt: skip
    return [(WRITE if unwritten else SEND, notice_id) for notice_id, unwritten in rows]


def take(db: Session, notice_id: int, *, written: bool) -> Notice | None:
    """Take a notice for writing or sending; None if it is not due for that, or was taken.

    The next try is written first.
    """
    now = clock.now()
    notice = db.get(Notice, notice_id)
    if notice is None:
        return None
    wait = min(FIRST_WAIT * 2 ** min(notice.attempts, MOST_DOUBLINGS), LONGEST_WAIT)
    stage = Notice.content.is_not(None) if written else Notice.content.is_(None)
    return db.scalar(
        update(Notice)
        .where(Notice.id == notice_id, Notice.try_at <= now, stage)
        .values(try_at=now + wait, attempts=Notice.attempts + 1)
        .returning(Notice)
    )


def write(db: Session, notice_id: int, content: bytes) -> None:
    """Keep what a notice says; it is sent at once, unless what it tells is over meanwhile."""
    written = db.scalar(
        update(Notice)
        .where(Notice.id == notice_id, Notice.content.is_(None), Notice.try_at.is_not(None))
        .values(content=content, try_at=clock.now(), attempts=0)
        .returning(Notice.id)
    )
    if written is not None:
        jobs.after_commit(db, SEND, notice_id)


def finish(db: Session, notice: Notice, reply: str, *, sent: bool, final: bool = False) -> None:
    """Note what sending came to; after two days, or a final refusal, it is not tried again.

    Whoever was told of a beginning is told of an end that was spread while that was being sent.
    """
    now = clock.now()
    over = sent or final or now - notice.made_at > GIVE_UP
    values: dict[str, Any] = {"reply": reply[:500]}
    if sent:
        values["sent_at"] = now
    if over:
        values["try_at"] = None
    db.execute(update(Notice).where(Notice.id == notice.id).values(**values))
    incident = db.get_one(Incident, notice.incident_id)
    if sent and notice.news is Told.BEGAN and incident.told is Told.OVER:
        _make(db, incident, Told.OVER, [_to_the_same(notice)])


def _spread(db: Session, incident: Incident, news: Told, operator: Address | None) -> None:
    if news is Told.OVER:
        rows = _those_told(db, incident)
    elif incident.kind is IncidentKind.OUTAGE:
        rows = [*_people(db, incident), *_webhooks(db, incident)]
    elif operator and not _about_notices(incident):
        rows = [_row(Way.MAIL, Audience.OPERATOR, str(operator))]
    else:
        return
    _make(db, incident, news, rows)


def _about_notices(incident: Incident) -> bool:
    # A notice that a notice cannot be written or sent could not be either, and so on without end.
    job_name = incident.subject.partition(" ")[0]
    return incident.kind is IncidentKind.JOB and job_name in (WRITE, SEND)


def _make(db: Session, incident: Incident, news: Told, rows: list[dict[str, Any]]) -> None:
    now = clock.now()
    common = {
        "incident_id": incident.id, "news": news, "made_at": now, "try_at": now, "attempts": 0,
        "reply": "",
    }  # fmt: skip
    if not rows:
        return
    made = db.scalars(
        upsert(db, Notice).on_conflict_do_nothing().returning(Notice.id),
        [common | row for row in rows],
    )
    for notice_id in made:
        jobs.after_commit(db, WRITE, notice_id)


def _those_told(db: Session, incident: Incident) -> list[dict[str, Any]]:
    """Return whoever was told that it began; nobody is told that any more."""
    of_beginning = (Notice.incident_id == incident.id, Notice.news == Told.BEGAN)
    db.execute(update(Notice).where(*of_beginning, Notice.sent_at.is_(None)).values(try_at=None))
    told = select(Notice).where(*of_beginning, Notice.sent_at.is_not(None))
    return [_to_the_same(each) for each in db.scalars(told)]


def _to_the_same(told: Notice) -> dict[str, Any]:
    return _row(told.way, told.audience, told.target, told.tenant_id, told.account_id)


def _people(db: Session, incident: Incident) -> list[dict[str, Any]]:
    """Return whoever left a private address: the tenants' administrators, and owners of mail."""
    here = select(Domain.id).where(Domain.lane_id == incident.lane_id)
    owns = (
        select(MailboxAccess.id)
        .join(Mailbox, Mailbox.id == MailboxAccess.mailbox_id)
        .where(MailboxAccess.account_id == Account.id, MailboxAccess.right == Right.OWNER)
        .where(Mailbox.domain_id.in_(here))
    )
    administers = and_(
        Account.role == Role.ADMIN,
        Account.tenant_id.in_(select(Domain.tenant_id).where(Domain.lane_id == incident.lane_id)),
    )
    found = db.scalars(
        select(Account)
        .where(Account.active, Account.private_address != "")
        .where(or_(owns.exists(), administers))
    )
    return [
        _row(
            Way.MAIL,
            Audience.ADMIN if each.role is Role.ADMIN else Audience.PERSON,
            each.private_address,
            each.tenant_id,
            each.id,
        )
        for each in found
    ]


def _webhooks(db: Session, incident: Incident) -> list[dict[str, Any]]:
    tenants = db.scalars(
        select(Tenant)
        .join(Domain, Domain.tenant_id == Tenant.id)
        .where(Domain.lane_id == incident.lane_id, Tenant.webhook_url != "")
        .distinct()
    )
    return [_row(Way.WEBHOOK, Audience.ADMIN, each.webhook_url, each.id) for each in tenants]


def _row(
    way: Way,
    audience: Audience,
    target: str,
    tenant_id: int | None = None,
    account_id: int | None = None,
) -> dict[str, Any]:
    return {
        "way": way, "audience": audience, "target": target, "tenant_id": tenant_id,
        "account_id": account_id,
    }  # fmt: skip
