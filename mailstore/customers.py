"""Customers as an operator sees them: how big each is, and making one with its first people."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailstore import accounts, codes, onboarding
from mailstore.accounts import Account, Role
from mailstore.addresses import Address
from mailstore.codes import Fresh
from mailstore.domains import Domain, Takes
from mailstore.errors import BadName
from mailstore.mailboxes import Mailbox, MailboxKind
from mailstore.pages import Page
from mailstore.tenants import LONGEST_NAME, Tenant, TenantState
from mailstore.texts import single


class Customer(NamedTuple):
    """A tenant, and how many domains and mailboxes it has."""

    tenant: Tenant
    domains: int
    mailboxes: int


@dataclass(frozen=True, slots=True)
class CustomerWish:
    """A customer to be: its first domain, where that leads, and who administers it."""

    name: str
    domain: str
    next_hop: str
    administrator: Address
    person: str = ""
    language: str = "de"
    zone: str = "Europe/Zurich"


def listed(db: Session, search: str, page: Page) -> Sequence[Customer]:
    """Return a page of customers by name, one more than fits where more follow.

    A search finds what stands in their names or those of their domains.
    """
    domains = select(func.count()).where(Domain.tenant_id == Tenant.id)
    people = select(func.count()).where(
        Mailbox.tenant_id == Tenant.id, Mailbox.kind != MailboxKind.CATCH_ALL, Mailbox.active
    )
    query = select(Tenant, domains.scalar_subquery(), people.scalar_subquery())
    if search:
        theirs = Domain.tenant_id == Tenant.id, Domain.name.icontains(search, autoescape=True)
        named = Tenant.name.icontains(search, autoescape=True)
        query = query.where(named | select(Domain.id).where(*theirs).exists())
    if page.after:
        query = query.where(Tenant.name > page.after[0])
    rows = db.execute(query.order_by(Tenant.name).limit(page.size + 1))
    return [Customer(*row) for row in rows]


def administrators(db: Session, tenant_id: int) -> Sequence[Account]:
    """Return who administers a customer, and may sign in."""
    theirs = select(Account).where(Account.tenant_id == tenant_id, Account.role == Role.ADMIN)
    return db.scalars(theirs.where(Account.active).order_by(Account.email)).all()


def begin(
    db: Session, wish: CustomerWish, made: Sequence[Fresh], *, by: str
) -> tuple[Account, str]:
    """Add a customer whose mail does not come here yet, with its first administrator.

    Returns them with an emergency code of theirs. Raises BadName.
    """
    tenant = onboarding.add_tenant(db, wish.name, language=wish.language, zone=wish.zone, by=by)
    tenant.state = TenantState.PREPARING
    domain = onboarding.add_domain(db, tenant, wish.domain, wish.next_hop, Takes.KNOWN, by=by)
    if wish.administrator.domain != domain.name:
        raise BadName(f"'{wish.administrator}' is no address of {domain.name}.")
    person = single(wish.person, LONGEST_NAME)
    onboarding.add_mailbox(db, tenant, domain, wish.administrator, name=person, by=by)
    account = accounts.add_account(db, wish.administrator, Role.ADMIN, None, by=by)
    return account, codes.make_emergency(db, account, by=by, made=made)
