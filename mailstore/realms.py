"""Whose people and settings an administrator may touch: a tenant's, or those of some domains."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, true
from sqlalchemy.orm import Session

from mailstore import roles
from mailstore.accounts import Account, Role


@dataclass(frozen=True, slots=True)
class Realm:
    """A tenant, and within it the domains that an administrator has (None: all of them)."""

    tenant_id: int
    domain_ids: frozenset[int] | None = None

    @property
    def whole(self) -> bool:
        """Whether all of the tenant is in it, with what belongs to no domain."""
        return self.domain_ids is None

    def covers(self, rows: Any) -> ColumnElement[bool]:
        """Return the condition that a row with `tenant_id` and `domain_id` is in this realm."""
        mine: ColumnElement[bool] = rows.tenant_id == self.tenant_id
        return mine & self.has(rows.domain_id)

    def has(self, domain_id: Any) -> ColumnElement[bool]:
        """Return the condition that a column names a domain of this realm, tenant aside."""
        return true() if self.domain_ids is None else domain_id.in_(sorted(self.domain_ids))

    def includes(self, domain_id: int | None) -> bool:
        """Whether a domain of the tenant, or None for the tenant's own things, is in this realm."""
        return self.domain_ids is None or domain_id in self.domain_ids


NOWHERE = Realm(0, frozenset())


def of(db: Session, account: Account) -> Realm:
    """Return what an account may administer; nothing for people and operators."""
    if account.tenant_id is None:
        return NOWHERE
    if account.role is Role.ADMIN:
        return Realm(account.tenant_id)
    if account.role is Role.DOMAIN_ADMIN:
        return Realm(account.tenant_id, roles.domains_of(db, account))
    return Realm(account.tenant_id, frozenset())
