"""How long mail is kept: what a policy says of that, or else its tenant."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, String, and_, case, cast, func, or_, select, union_all
from sqlalchemy.orm import Session

from mailstore import inforce, policies
from mailstore.deliveries import Delivery
from mailstore.domains import Domain
from mailstore.mailboxes import Mailbox
from mailstore.messages import Message
from mailstore.policies import PolicyRow
from mailstore.scope import Scope
from mailstore.tenants import KEEP_DAYS, Tenant


def days_of(db: Session, scope: Scope) -> frozenset[int]:
    """Return for how many days mail of a scope's mailboxes is kept by now."""
    tenant = db.get(Tenant, scope.tenant_id) if scope.tenant_id else None
    if tenant is None:
        return frozenset({KEEP_DAYS})
    found = inforce.of_mailboxes(db, scope.mailbox_ids or ()).values()
    return frozenset(tenant.days_under(each)[0] for each in found) or frozenset({tenant.keep_days})


def younger_than(db: Session, setting: Any, today: date) -> list[ColumnElement[bool]]:
    """Return for each value in days that tenants have the condition that a message is younger."""
    return [
        and_(setting == days, _younger(days, today))
        for days in db.scalars(select(setting).distinct())
    ]


def still_kept(db: Session, today: date) -> ColumnElement[bool]:
    """Return the condition that a message, joined with its tenant, is kept longer by now.

    That is as long as the longest of its recipients' policies says, or else the tenant.
    """
    of_tenant = or_(*younger_than(db, Tenant.keep_days, today))
    days = _days_of_policies(db)
    if not any(days.values()):
        return of_tenant
    # What is tailored for a person and says nothing of days goes by its parent.
    holds = case((PolicyRow.id.in_(days), PolicyRow.id), else_=PolicyRow.parent_id)
    by_policy = (
        and_(holds.in_([each for each in days if days[each] == kept]), _younger(kept, today))
        for kept in {*filter(None, days.values())}
    )
    silent = holds.in_([each for each in days if not days[each]])
    # Mail to strangers is kept as that of its author.
    whose = Mailbox.id == func.coalesce(Delivery.mailbox_id, Message.writer_id)
    nearest = func.coalesce(Mailbox.policy_id, Domain.policy_id, Tenant.policy_id)
    recipients = (
        select(Delivery.id)
        .join(Domain, Domain.id == Delivery.domain_id)
        .outerjoin(Mailbox, whose)
        .join(PolicyRow, PolicyRow.id == nearest)
        .where(Delivery.message_id == Message.id)
        .where(or_(*by_policy, and_(silent, of_tenant)))
    )
    return recipients.correlate(Message, Tenant).exists()


def _days_of_policies(db: Session) -> Mapping[int, int | None]:
    """Return the days of policies that say something of them, and of all that others stand on.

    Those that people have for themselves, which may be many, mostly say nothing of days.
    """
    said = cast(PolicyRow.values, String).contains('"keep_days"')
    if db.scalar(select(PolicyRow.id).where(said).limit(1)) is None:
        return {}
    near: Any = union_all(
        select(PolicyRow.parent_id).where(PolicyRow.parent_id.is_not(None)),
        select(Domain.policy_id).where(Domain.policy_id.is_not(None)),
        select(Tenant.policy_id),
    )
    # Parents are among them, so none is asked for by itself.
    rows = db.scalars(select(PolicyRow).where(or_(said, PolicyRow.id.in_(near)))).all()
    return {each.id: policies.effective(db, each.id).keep_days for each in rows}


def _younger(days: int, today: date) -> ColumnElement[bool]:
    return Message.received_at >= datetime.combine(today, time.min, UTC) - timedelta(days=days)
