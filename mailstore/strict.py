"""Strict domains: senders' domains for which only the servers that SPF names may send.

Mail that claims to come from one of them, and does not, is refused and no list can lift that.
The operator has some for everybody; a tenant may add its own domains.
"""

from collections.abc import Sequence

from sqlalchemy import UniqueConstraint, delete, select
from sqlalchemy.orm import Mapped, Session

from mailstore import events
from mailstore.addresses import parse_domain
from mailstore.db import Base, PrimaryKey, TenantKey, upsert
from mailstore.domains import Domain
from mailstore.errors import BadName


class StrictDomain(Base):
    """A domain of a tenant that nobody else may send for, to this tenant."""

    __tablename__ = "strict_domains"
    __table_args__ = (UniqueConstraint("tenant_id", "name"),)

    id: Mapped[PrimaryKey]
    tenant_id: Mapped[TenantKey]
    name: Mapped[str]


def strict_domains(db: Session, tenant_id: int) -> Sequence[str]:
    """Return the domains that a tenant put on its list, by name."""
    mine = select(StrictDomain.name).where(StrictDomain.tenant_id == tenant_id)
    return db.scalars(mine.order_by(StrictDomain.name)).all()


def make_strict(db: Session, tenant_id: int, name: str, *, by: str) -> bool:
    """Let a tenant's domain be strict; False if it is already, BadName if it is not theirs."""
    name = parse_domain(name)
    owner = db.scalar(select(Domain.tenant_id).where(Domain.name == name))
    if owner != tenant_id:
        raise BadName(f"The domain '{name}' is not one of this tenant.")
    row = upsert(db, StrictDomain).values(tenant_id=tenant_id, name=name)
    added = db.scalar(row.on_conflict_do_nothing().returning(StrictDomain.id))
    if added is None:
        return False
    events.record(db, "domain_strict", tenant_id=tenant_id, by=by, detail={"name": name})
    return True


def make_lenient(db: Session, tenant_id: int, name: str, *, by: str) -> bool:
    """Take a domain off a tenant's list; False if it is not on it."""
    name = parse_domain(name)
    gone = db.scalar(
        delete(StrictDomain)
        .where(StrictDomain.tenant_id == tenant_id, StrictDomain.name == name)
        .returning(StrictDomain.id)
    )
    if gone is None:
        return False
    events.record(db, "domain_lenient", tenant_id=tenant_id, by=by, detail={"name": name})
    return True
