"""Readers of mails that we write to one person: their name, languages, and how it gets to them."""

from collections.abc import Sequence, Set
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailstore import mailboxes
from mailstore.accounts import Account, Role
from mailstore.addresses import Address
from mailstore.envelopes import Recipient
from mailstore.tenants import Tenant


@dataclass(frozen=True, slots=True)
class Reader:
    """Whom a mail of ours goes to: name, languages they may want, and how it gets there."""

    name: str
    languages: tuple[str | None, ...]
    recipient: Recipient


def administrators(
    db: Session, tenant: Tenant, roles: Set[Role] = frozenset({Role.ADMIN})
) -> Sequence[Reader]:
    """Return who of a tenant has one of these roles, and gets mail within it."""
    found = db.scalars(
        select(Account)
        .where(Account.tenant_id == tenant.id, Account.role.in_(sorted(roles)), Account.active)
        .order_by(Account.id)
    )
    readers = [reader_at(db, each.email, each.name, (each.language,), tenant) for each in found]
    return [each for each in readers if each]


def reader_at(
    db: Session, address: str, name: str, languages: tuple[str | None, ...], tenant: Tenant
) -> Reader | None:
    """Return who reads mail at an address of a tenant; None if nobody does."""
    recipient = mailboxes.resolve(db, Address.parse(address))
    # What goes on in a tenant is told within it: addresses move, and accounts outlive mailboxes.
    if recipient is None or recipient.tenant_id != tenant.id:
        return None
    return Reader(name, (*languages, tenant.language), recipient)
