"""People: the accounts of a tenant, and what an administrator does when somebody cannot get in."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, or_, select, tuple_, update
from sqlalchemy.orm import Session

from mailstore import (
    codes,
    devices,
    domains,
    events,
    factors,
    mailboxes,
    passwords,
    resets,
    welcomes,
)
from mailstore.accounts import Account, Role
from mailstore.addresses import Address
from mailstore.codes import CodeKind, Fresh
from mailstore.errors import BadName
from mailstore.mailboxes import Mailbox, MailboxAccess, MailboxAddress
from mailstore.pages import Page
from mailstore.realms import Realm


class Person(NamedTuple):
    """An account, and whether a code lies ready with which it could sign in."""

    account: Account
    has_code: bool


def listed(db: Session, realm: Realm, search: str, page: Page) -> Sequence[Person]:
    """Return a page of a realm's accounts by address, one more than fits where more follow."""
    query = select(Account, codes.outstanding(CodeKind.EMERGENCY)).where(within(realm))
    if search:
        names = (Account.name, Account.email)
        query = query.where(or_(*(each.icontains(search, autoescape=True) for each in names)))
    if page.after:
        query = query.where(tuple_(Account.email, Account.id) > tuple_(*page.after))
    rows = db.execute(query.order_by(Account.email, Account.id).limit(page.size + 1))
    return [Person(*row) for row in rows]


def one(db: Session, realm: Realm, account_id: int) -> Account | None:
    """Return an account, switched off or not, if it is in a realm."""
    return db.scalar(select(Account).where(within(realm), Account.id == account_id))


def welcomable(realm: Realm) -> ColumnElement[bool]:
    """Return the condition that an account of a realm can get a mail of welcome."""
    return within(realm) & Account.active


def unwelcomed(db: Session, realm: Realm) -> Sequence[int]:
    """Return the accounts of a realm that nobody asked to welcome yet."""
    return db.scalars(select(Account.id).where(welcomable(realm), welcomes.without())).all()


def may_change(db: Session, realm: Realm, account: Account) -> bool:
    """Whether who has a realm may let an account in, or change it.

    Who has only some domains changes nobody who administers, or who reads mail of other domains:
    that could be more than they have.
    """
    if realm.whole:
        return True
    elsewhere = select(MailboxAccess.id).join(Mailbox, Mailbox.id == MailboxAccess.mailbox_id)
    beyond = elsewhere.where(MailboxAccess.account_id == account.id, ~realm.has(Mailbox.domain_id))
    return account.role is Role.USER and db.scalar(beyond.limit(1)) is None


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


def within(realm: Realm) -> ColumnElement[bool]:
    """Return the condition that an account is of a realm: its mailbox is at one of the domains."""
    mine = (Account.tenant_id == realm.tenant_id) & (Account.role != Role.OPERATOR)
    if realm.whole:
        return mine
    home = (
        select(MailboxAddress.key)
        .join(Mailbox, Mailbox.id == MailboxAddress.mailbox_id)
        .where(MailboxAddress.key == Account.email, realm.has(Mailbox.domain_id))
    )
    return mine & home.exists()
