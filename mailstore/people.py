"""People: the accounts of a tenant, and what an administrator does when somebody cannot get in."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, or_, select, tuple_, update
from sqlalchemy.orm import Session

from mailstore import codes, devices, domains, events, factors, mailboxes, passwords, resets
from mailstore.accounts import Account, Role
from mailstore.addresses import Address
from mailstore.codes import CodeKind, Fresh
from mailstore.errors import BadName
from mailstore.mailboxes import Mailbox
from mailstore.pages import Page


class Person(NamedTuple):
    """An account, and whether a code lies ready with which it could sign in."""

    account: Account
    has_code: bool


def listed(db: Session, tenant_id: int, search: str, page: Page) -> Sequence[Person]:
    """Return a page of a tenant's accounts by address, one more than fits where more follow."""
    query = select(Account, codes.outstanding(CodeKind.EMERGENCY)).where(_of(tenant_id))
    if search:
        names = (Account.name, Account.email)
        query = query.where(or_(*(each.icontains(search, autoescape=True) for each in names)))
    if page.after:
        query = query.where(tuple_(Account.email, Account.id) > tuple_(*page.after))
    rows = db.execute(query.order_by(Account.email, Account.id).limit(page.size + 1))
    return [Person(*row) for row in rows]


def one(db: Session, tenant_id: int, account_id: int) -> Account | None:
    """Return an account that may sign in, if it is the tenant's own."""
    return db.scalar(
        select(Account).where(_of(tenant_id), Account.id == account_id, Account.active)
    )


def home_of(db: Session, account: Account) -> Mailbox | None:
    """Return the mailbox of the address that somebody signs in with, which their report goes to."""
    return mailboxes.at(db, Address.parse(account.email))


def set_private_address(db: Session, account: Account, text: str, *, by: str) -> None:
    """Keep where a person is told of an outage, empty for nowhere; raises BadName, BadAddress.

    An address of ours would be of no use: its mail waits too. Links to a new password that were
    mailed to the one before end.
    """
    address = Address.parse(text.strip()) if text.strip() else None
    if address is not None and domains.ours(db, address.domain):
        raise BadName(f"Mail to '{address}' comes through here too; name an address elsewhere.")
    account.private_address = str(address or "")
    db.execute(
        update(Account)
        .where(Account.id == account.id)
        .values(private_address=account.private_address)
        .execution_options(synchronize_session=False)
    )
    resets.end_all(db, account.id)
    events.record(db, "private_address_set", tenant_id=account.tenant_id, by=by)


def start_over(db: Session, account: Account, made: Sequence[Fresh], *, by: str) -> str:
    """End all that lets a person in, or anybody in their name, and return an emergency code.

    That is password, second factor, private address, sessions, known devices and report links.
    """
    passwords.set_hash(db, account, None, by=by)
    set_private_address(db, account, "", by=by)
    devices.leave(db, account.id)
    if factors.is_on(account):
        factors.turn_off(db, account, by=by)
    return codes.make_emergency(db, account, by=by, made=made)


def _of(tenant_id: int) -> ColumnElement[bool]:
    return (Account.tenant_id == tenant_id) & (Account.role != Role.OPERATOR)
