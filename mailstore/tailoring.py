"""Tailoring a policy for a tenant, a domain or a mailbox: a row of its own, with a parent."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from mailstore import events, mailboxes, tenants
from mailstore.addresses import Address
from mailstore.domains import Domain
from mailstore.errors import NotFound
from mailstore.mailboxes import Mailbox
from mailstore.policies import PolicyRow
from mailstore.tenants import Tenant

Level = Tenant | Domain | Mailbox


def level_of(db: Session, whom: str) -> Level:
    """Return the mailbox of an address, the domain, or the tenant of a name; raises NotFound."""
    if "@" in whom:
        mailbox = mailboxes.at(db, Address.parse(whom))
        if mailbox is None:
            raise NotFound(f"There is no mailbox '{whom}'.")
        return mailbox
    domain = db.scalar(select(Domain).where(Domain.name == whom.lower()))
    return domain or db.get_one(Tenant, tenants.named(db, whom))


def holds_at(db: Session, level: Level) -> int:
    """Return the policy that holds at a level, its own or the nearest above."""
    if level.policy_id is not None:
        return level.policy_id
    if isinstance(level, Mailbox) and (of_domain := db.get_one(Domain, level.domain_id).policy_id):
        return of_domain
    return db.get_one(Tenant, level.tenant_id).policy_id


def tailor(db: Session, level: Level, values: Mapping[str, Any], *, by: str) -> int:
    """Let a policy say these values at one level; returns the tenant it is about.

    What is tailored there already is changed; else a new row is made whose parent is the policy
    that held there before.
    """
    tenant_id = level.id if isinstance(level, Tenant) else level.tenant_id
    name = _name(level)
    row = db.scalar(select(PolicyRow).filter_by(tenant_id=tenant_id, name=name))
    if row is None:
        row = PolicyRow(tenant_id=tenant_id, parent_id=holds_at(db, level), name=name, values={})
        db.add(row)
    row.values = row.values | dict(values)
    db.flush()
    if level.policy_id != row.id:
        # What held here before, by a choice of somebody, goes on to hold below.
        row.parent_id = level.policy_id or row.parent_id
        level.policy_id = row.id
        db.flush()
        _lead_below(db, level, row)
    db.flush()
    detail = {"policy": row.id, "values": dict(values)}
    events.record(db, "policy_tailored", tenant_id=tenant_id, by=by, detail=detail)
    return tenant_id


def _lead_below(db: Session, level: Level, row: PolicyRow) -> None:
    """Let what is tailored below a level, and went by what held there before, go by this row."""
    below = update(PolicyRow).where(
        PolicyRow.tenant_id == row.tenant_id,
        PolicyRow.parent_id == row.parent_id,
        PolicyRow.id != row.id,
    )
    match level:
        case Tenant():
            pass
        case Domain():
            theirs = select(Mailbox.policy_id).where(Mailbox.domain_id == level.id)
            below = below.where(PolicyRow.id.in_(theirs))
        case Mailbox():
            return
    db.execute(below.values(parent_id=row.id))


def _name(level: Level) -> str:
    match level:
        case Tenant():
            return "Tailored"
        case Domain():
            return f"Tailored for {level.name}"
        case Mailbox():
            return f"Tailored for {level.address}"
