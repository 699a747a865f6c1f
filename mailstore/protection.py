"""Whom strangers may not pretend to be: a tenant's people, its domains and its partners."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailstore.addresses import Address
from mailstore.domains import Domain
from mailstore.envelopes import TenantFacts
from mailstore.messages import Message
from mailstore.tenants import Tenant


def facts_of(db: Session, tenant_id: int) -> TenantFacts:
    """Return what rules may know of a tenant."""
    tenant = db.get_one(Tenant, tenant_id)
    domains = db.scalars(select(Domain.name).where(Domain.tenant_id == tenant_id))
    return TenantFacts(tenant_id, tenant.name, frozenset(domains))


def has_written(db: Session, tenant_id: int, author: Address) -> bool:
    """Whether this tenant has mail of an author, as far back as its rows go."""
    theirs = select(Message.id).where(Message.tenant_id == tenant_id, Message.author == author.key)
    return db.scalar(theirs.limit(1)) is not None
