"""When reports are written: found by their time, taken for a while, and planned anew.

A worker takes mailboxes whose report is due, drafts it, and sets the next time in the
transaction that queues it: a crash repeats nothing and loses nothing. Missed times are caught
up once.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, or_, select, true, update
from sqlalchemy.orm import Session

from mailstore import clock, jobs, policies
from mailstore.deliveries import Delivery, State
from mailstore.domains import Domain
from mailstore.envelopes import Policy
from mailstore.jobs import job
from mailstore.mailboxes import Mailbox, MailboxKind
from mailstore.messages import Message
from mailstore.reports import times
from mailstore.reports.rows import Report
from mailstore.store import Store
from mailstore.tenants import Tenant, TenantState

JOB, PLAN_JOB = "write_reports", "plan_reports"
LEASE = timedelta(minutes=5)
BATCH = 50
MANY = 500
# A mail that waits longer is not looked for any more: it has failed by then.
OLDEST_WAITING = timedelta(days=40)
# Large tenants spread their reports: so many a second, over so long at most.
SPREAD_FROM, SPREAD_RATE, SPREAD_OVER = 200, 20, timedelta(minutes=5)
# A slot that was served and lies ahead by less, because the clock went back, is not served again.
ALREADY = timedelta(hours=12)


def is_due(now: datetime) -> tuple[Any, ...]:
    """Return the conditions that a mailbox's report is to be written, and nobody does."""
    wanted = or_(Mailbox.report_due_at <= now, Mailbox.report_asked_at <= now)
    free = or_(Mailbox.report_lease_until.is_(None), Mailbox.report_lease_until <= now)
    return Mailbox.active, wanted, free


def due(db: Session, now: datetime) -> bool:
    """Whether any report is due."""
    return db.scalar(select(Mailbox.id).where(*is_due(now)).limit(1)) is not None


def many_due(db: Session) -> bool:
    """Whether more reports are due than one process should write alone."""
    some = select(Mailbox.id).where(*is_due(clock.now())).limit(MANY)
    return db.scalar(select(func.count()).select_from(some.subquery())) == MANY


def take(db: Session, limit: int = BATCH) -> Sequence[int]:
    """Take mailboxes whose reports are due for a while; whoever fails leaves them to the next."""
    now = clock.now()
    first = (
        select(Mailbox.id)
        .where(*is_due(now))
        .order_by(Mailbox.report_due_at, Mailbox.id)
        .limit(limit)
        .with_for_update(skip_locked=True, key_share=True)
    )
    taken = update(Mailbox).where(Mailbox.id.in_(first)).values(report_lease_until=now + LEASE)
    own = taken.returning(Mailbox.id).execution_options(synchronize_session=False)
    return db.scalars(own).all()


def settle(db: Session, mailbox_ids: Collection[int]) -> set[int]:
    """Set the next time of mailboxes that were taken; returns those that nobody took meanwhile.

    What writes their reports stands in the same transaction.
    """
    now, settled = clock.now(), set()
    for mailbox_id, next_at in planned(db, mailbox_ids, now):
        mine = update(Mailbox).where(
            Mailbox.id == mailbox_id, *is_due(now)[:2], Mailbox.report_lease_until > now
        )
        values = {"report_due_at": next_at, "report_asked_at": None, "report_lease_until": None}
        done = mine.values(**values).returning(Mailbox.id)
        settled |= set(db.scalars(done.execution_options(synchronize_session=False)))
    return settled


def planned(
    db: Session, mailbox_ids: Collection[int], now: datetime
) -> Iterator[tuple[int, datetime | None]]:
    """Yield when the next reports of mailboxes are due; None while their mail does not flow."""
    rows = with_policies(db, mailbox_ids)
    served = last_slots(db, mailbox_ids, now)
    sizes = _sizes(db, {tenant.id for _, tenant, _ in rows})
    for mailbox, tenant, policy in rows:
        if tenant.state is not TenantState.LIVE:
            yield mailbox.id, None
            continue
        schedule = times.nominal(mailbox.report_at, mailbox.report_on, policy)
        last = served.get(mailbox.id, now)
        after = last if now < last <= now + ALREADY else now
        spread = _spread(mailbox.id, sizes[tenant.id])
        yield mailbox.id, schedule.next_after(after - spread, tenant.zoneinfo) + spread


def plan(db: Session, mailbox_ids: Collection[int]) -> None:
    """Set the next times anew: a policy, a zone or the clock changed."""
    found = planned(db, mailbox_ids, clock.now())
    if times_of := [{"of": mailbox_id, "next_at": next_at} for mailbox_id, next_at in found]:
        db.connection().execute(_PLAN, times_of)


_PLAN = (
    update(Mailbox.__table__)
    .where(Mailbox.__table__.c.id == bindparam("of"))
    .values(report_due_at=bindparam("next_at"))
)


def plan_soon(db: Session, tenant_id: int) -> None:
    """Have the next times of a tenant set anew: its policy or zone changes."""
    jobs.after_commit(db, PLAN_JOB, tenant_id)


@job
def plan_reports(store: Store, tenant_id: int = 0) -> None:
    """Set next times anew, a tenant's or all: its policy or zone changed, or the clock jumped."""
    last = 0
    whose = Mailbox.tenant_id == tenant_id if tenant_id else true()
    # What comes to nobody known has reports only where somebody is to get them.
    people = or_(Mailbox.kind != MailboxKind.CATCH_ALL, Mailbox.report_to != "")
    while True:
        with store.write() as db:
            after = select(Mailbox.id).where(Mailbox.id > last, Mailbox.active, whose, people)
            ids = db.scalars(after.order_by(Mailbox.id).limit(BATCH)).all()
            plan(db, ids)
        if not ids:
            return
        last = ids[-1]


def with_policies(
    db: Session, mailbox_ids: Collection[int]
) -> Sequence[tuple[Mailbox, Tenant, Policy]]:
    """Return mailboxes with their tenants and the policies that hold for them."""
    rows = db.execute(
        select(
            Mailbox, Tenant, func.coalesce(Mailbox.policy_id, Domain.policy_id, Tenant.policy_id)
        )
        .join(Domain, Domain.id == Mailbox.domain_id)
        .join(Tenant, Tenant.id == Mailbox.tenant_id)
        .where(Mailbox.id.in_(mailbox_ids))
        .order_by(Mailbox.id)
    ).all()
    found = {each: policies.effective(db, each) for each in {row[2] for row in rows}}
    return [(mailbox, tenant, found[policy_id]) for mailbox, tenant, policy_id in rows]


def last_slots(db: Session, mailbox_ids: Collection[int], now: datetime) -> dict[int, datetime]:
    """Return when mailboxes had their last report, of those that had one lately."""
    last = select(Report.mailbox_id, func.max(Report.slot)).where(*_lately(mailbox_ids, now))
    slots = db.execute(last.group_by(Report.mailbox_id))
    return {mailbox_id: slot for mailbox_id, slot in slots}


def still_here(db: Session, mailbox_ids: Collection[int], now: datetime) -> Mapping[int, set[int]]:
    """Return the reports of mailboxes that have not left yet."""
    waiting = (
        select(Report.mailbox_id, Report.id)
        .join(Message, Message.public_id == Report.public_id)
        .join(Delivery, Delivery.message_id == Message.id)
        .where(*_lately(mailbox_ids, now), Report.replaced_at.is_(None), Report.public_id != "")
        .where(Delivery.state == State.QUEUED, Delivery.lease_until.is_(None))
    )
    found: dict[int, set[int]] = defaultdict(set)
    for mailbox_id, report_id in db.execute(waiting):
        found[mailbox_id].add(report_id)
    return found


def _lately(mailbox_ids: Collection[int], now: datetime) -> tuple[ColumnElement[bool], ...]:
    return Report.mailbox_id.in_(mailbox_ids), Report.slot > now - OLDEST_WAITING


def _sizes(db: Session, tenant_ids: Collection[int]) -> Counter[int]:
    counted = select(Mailbox.tenant_id, func.count()).where(Mailbox.tenant_id.in_(tenant_ids))
    return Counter(dict(db.execute(counted.group_by(Mailbox.tenant_id)).all()))


def _spread(mailbox_id: int, people: int) -> timedelta:
    """Return how long after the others a mailbox gets its report, in a large tenant."""
    if people < SPREAD_FROM:
        return timedelta()
    over = min(SPREAD_OVER, timedelta(seconds=people / SPREAD_RATE))
    # Neighbours in the list must not be neighbours in time, or one lane would get them all.
    return timedelta(seconds=mailbox_id * 7919 % int(over.total_seconds()))
