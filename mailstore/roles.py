"""What accounts may administer, whether they may sign in at all, and that somebody always can.

The last administrator of a tenant, and the last operator, stay: nobody could make another one.
"""

from collections.abc import Set

from sqlalchemy import ForeignKey, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from mailstore import devices, events, signins
from mailstore.accounts import Account, Role
from mailstore.db import Base, upsert
from mailstore.domains import Domain
from mailstore.errors import BadName

# Whom a tenant or an installation cannot be without.
NEEDED = frozenset({Role.ADMIN, Role.OPERATOR})


class LastOne(BadName):
    """Nobody would be left to administer a tenant or the installation."""


class AccountDomain(Base):
    """Joins a domain administrator to a domain."""

    __tablename__ = "account_domains"

    account_id: Mapped[int] = mapped_column(
        ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True
    )
    domain_id: Mapped[int] = mapped_column(
        ForeignKey("domains.id", ondelete="CASCADE"), primary_key=True, index=True
    )


def set_role(
    db: Session,
    account: Account,
    role: Role,
    domain_ids: Set[int] = frozenset(),
    *,
    by: str,
) -> bool:
    """Change what an account may administer and end its sessions; False if it was so already.

    A domain administrator has these domains, each of their own tenant. Raises LastOne, and BadName
    for an operator: they belong to no tenant, so nobody becomes one, or ceases to be one.
    """
    if Role.OPERATOR in (role, account.role) and role is not account.role:
        raise BadName("An operator's account is another one: add or disable it.")
    if role is not account.role:
        check_not_last(db, account)
    domain_ids = domain_ids if role is Role.DOMAIN_ADMIN else frozenset()
    moved = _set_domains(db, account, domain_ids)
    if not _change(db, account, "role", role) and not moved:
        return False
    _note(db, account, "role_set", {"role": role, "domains": sorted(domain_ids)}, by)
    return True


def set_active(db: Session, account: Account, *, on: bool, by: str) -> bool:
    """Let an account sign in or not, and end its sessions; False if it was so already.

    Whose account is off gets in by no known device and no link either. Raises LastOne.
    """
    if not on:
        check_not_last(db, account)
        devices.leave(db, account.id)
    if not _change(db, account, "active", on):
        return False
    _note(db, account, "account_enabled" if on else "account_disabled", {"active": on}, by)
    return True


def domains_of(db: Session, account: Account) -> frozenset[int]:
    """Return the domains that a domain administrator has."""
    mine = select(AccountDomain.domain_id).where(AccountDomain.account_id == account.id)
    return frozenset(db.scalars(mine))


def check_not_last(db: Session, account: Account) -> None:
    """Raise LastOne if nobody else could do what an account administers.

    Wants a writing session: two who go at the same time do not both find the other one.
    """
    if account.role not in NEEDED or not account.active:
        return
    alike = select(Account.id).where(
        Account.role == account.role,
        Account.tenant_id.is_not_distinct_from(account.tenant_id),
        Account.active,
    )
    if db.scalars(alike.order_by(Account.id).with_for_update()).all() == [account.id]:
        raise LastOne(f"'{account.email}' is the last one who administers this; add another first.")


def _set_domains(db: Session, account: Account, domain_ids: Set[int]) -> bool:
    if domain_ids == domains_of(db, account):
        return False
    theirs = select(Domain.id).where(Domain.tenant_id == account.tenant_id)
    if foreign := domain_ids - set(db.scalars(theirs)):
        raise BadName(f"The domain {min(foreign)} is not one of this tenant.")
    db.execute(delete(AccountDomain).where(AccountDomain.account_id == account.id))
    for each in sorted(domain_ids):
        values = {"account_id": account.id, "domain_id": each}
        db.execute(upsert(db, AccountDomain).values(**values).on_conflict_do_nothing())
    return True


def _change(db: Session, account: Account, column: str, value: object) -> bool:
    field = getattr(Account, column)
    changed = db.scalar(
        update(Account)
        .where(Account.id == account.id, field != value)
        .values({column: value})
        .returning(Account.id)
        .execution_options(synchronize_session=False)
    )
    setattr(account, column, value)
    return changed is not None


def _note(db: Session, account: Account, kind: str, detail: dict[str, object], by: str) -> None:
    """Write what changed into the log, and let nobody go on by what held before."""
    signins.end_of(db, account.id)
    whole = {"account": account.id, **detail}
    events.record(db, kind, tenant_id=account.tenant_id, by=by, detail=whole)
