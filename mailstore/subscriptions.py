"""Reports about a tenant's domains that come by mail, to whom an administrator wants.

To an address that is not the tenant's own they say numbers only, unless an administrator
confirmed that it may get addresses of people and senders too.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from enum import StrEnum
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from mailstore import clock, domains, events, jobs, mailboxes, stats
from mailstore.addresses import Address
from mailstore.db import Base, PrimaryKey, TenantKey
from mailstore.domains import Domain
from mailstore.errors import BadName
from mailstore.periods import Every
from mailstore.reports.times import parse_times
from mailstore.tenants import Tenant, check_language

JOB = "send_subscription"
MOST = 50


class Kind(StrEnum):
    """What a report is about: what is held for whom, or what happened within some days."""

    OVERVIEW = "overview"
    STATISTICS = "statistics"


class Subscription(Base):
    """A report that comes at its times; no domains are all that the tenant has by then."""

    __tablename__ = "report_subscriptions"

    id: Mapped[PrimaryKey]
    tenant_id: Mapped[TenantKey]
    kind: Mapped[Kind]
    domain_ids: Mapped[list[Any]]
    period: Mapped[Every]
    at: Mapped[str]
    language: Mapped[str]
    address: Mapped[str]
    detailed: Mapped[bool] = mapped_column(default=False)
    created_by: Mapped[str]
    created_at: Mapped[datetime]
    due_at: Mapped[datetime] = mapped_column(index=True)


@dataclass(frozen=True, slots=True)
class Wish:
    """A report as an administrator wants it."""

    kind: Kind
    address: str
    period: Every = Every.WEEKLY
    at: str = "07:00"
    language: str = "de"
    domain_ids: Sequence[int] = field(default=())
    detailed: bool = False


def add(db: Session, tenant: Tenant, wish: Wish, *, by: str) -> Subscription:
    """Let a report come; raises BadName, BadAddress, and NotFound for a domain of others."""
    at, address = parse_time(wish.at), Address.parse(wish.address.strip())
    stats.choose(db, tenant.id, wish.domain_ids)
    if domains.ours(db, address.domain) and mailboxes.resolve(db, address) is None:
        raise BadName(f"There is no mailbox '{address}'.")
    if len(of_tenant(db, tenant.id)) >= MOST:
        raise BadName(f"A tenant has {MOST} reports at most.")
    now, outside = clock.now(), not is_own(db, tenant.id, address)
    made = Subscription(
        tenant_id=tenant.id,
        kind=wish.kind,
        domain_ids=sorted(set(wish.domain_ids)),
        period=wish.period,
        at=f"{at:%H:%M}",
        language=check_language(wish.language),
        address=str(address),
        # It is confirmed for one address outside, and never for what an own one may become.
        detailed=wish.detailed and outside,
        created_by=by,
        created_at=now,
        due_at=wish.period.schedule(at).next_after(now, tenant.zoneinfo),
    )
    db.add(made)
    db.flush()
    _record(db, "report_subscribed", made, by)
    if made.detailed:
        _record(db, "report_details_confirmed", made, by)
    return made


def remove(db: Session, tenant_id: int, subscription_id: int, *, by: str) -> bool:
    """Let a report come no more; False if the tenant has no such one."""
    found = one(db, tenant_id, subscription_id)
    gone = delete(Subscription).where(Subscription.id == subscription_id).returning(Subscription.id)
    if found is None or db.scalar(gone) is None:
        return False
    _record(db, "report_unsubscribed", found, by)
    return True


def send_now(db: Session, tenant_id: int, subscription_id: int, *, by: str) -> bool:
    """Let a report come at once, and then at its times; False if the tenant has no such one."""
    found = one(db, tenant_id, subscription_id)
    if found is None:
        return False
    now = clock.now()
    db.execute(
        update(Subscription)
        .where(Subscription.id == subscription_id, Subscription.due_at > now)
        .values(due_at=now)
        .execution_options(synchronize_session=False)
    )
    _record(db, "report_asked_for", found, by)
    jobs.after_commit(db, JOB, subscription_id)
    return True


def one(db: Session, tenant_id: int, subscription_id: int) -> Subscription | None:
    """Return a report of a tenant, or None."""
    mine = select(Subscription).where(Subscription.tenant_id == tenant_id)
    return db.scalar(mine.where(Subscription.id == subscription_id))


def of_tenant(db: Session, tenant_id: int) -> Sequence[Subscription]:
    """Return the reports of a tenant, the first first."""
    mine = select(Subscription).where(Subscription.tenant_id == tenant_id)
    return db.scalars(mine.order_by(Subscription.id)).all()


def due(db: Session, now: datetime) -> Sequence[int]:
    """Return the reports whose time has come."""
    return db.scalars(select(Subscription.id).where(Subscription.due_at <= now)).all()


def take(db: Session, found: Subscription, tenant: Tenant) -> bool:
    """Note that a due report is sent; False if somebody else did, or it was removed.

    Its next time is the first that is still to come: missed ones are caught up in one.
    """
    schedule = found.period.schedule(parse_time(found.at))
    following = schedule.next_after(clock.now(), tenant.zoneinfo)
    taken = db.scalar(
        update(Subscription)
        .where(Subscription.id == found.id, Subscription.due_at == found.due_at)
        .values(due_at=following)
        .returning(Subscription.id)
        .execution_options(synchronize_session=False)
    )
    return taken is not None


def sent(db: Session, found: Subscription) -> None:
    """Record that a report is in the queue."""
    _record(db, "report_of_domains_sent", found, "worker")


def unsent(db: Session, found: Subscription) -> None:
    """Record that nobody is at the address of a report any more, so that it was left out."""
    _record(db, "report_of_domains_unsent", found, "worker")


def tells_of_people(db: Session, found: Subscription) -> bool:
    """Whether a report may name people and senders to whoever gets it."""
    return found.detailed or is_own(db, found.tenant_id, Address.parse(found.address))


def is_own(db: Session, tenant_id: int, address: Address) -> bool:
    """Whether an address is one of the tenant's own."""
    named = select(func.count()).where(Domain.name == address.domain, Domain.tenant_id == tenant_id)
    mailbox = mailboxes.at(db, address)
    return bool(db.scalar(named)) or (mailbox is not None and mailbox.tenant_id == tenant_id)


def parse_time(text: str) -> time:
    """Read one time of day, or raise BadName."""
    times = parse_times(text)
    if len(times) != 1:
        raise BadName("A report comes at one time of day.")
    return times[0]


def _record(db: Session, kind: str, found: Subscription, by: str) -> None:
    detail = {
        "report": found.id,
        "kind": found.kind,
        "period": found.period,
        "address": found.address,
        "domains": found.domain_ids,
        "detailed": found.detailed,
    }
    events.record(db, kind, by=by, tenant_id=found.tenant_id, detail=detail)
