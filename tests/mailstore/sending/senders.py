"""Senders, as tests of limits and of what is made of them know them."""

from datetime import timedelta

from sqlalchemy import update

from mailstore import clock
from mailstore.accounts import Account
from mailstore.addresses import Address
from mailstore.domains import Domain
from mailstore.mailboxes import Mailbox
from mailstore.sending import blocks, limits
from mailstore.sending.blocks import Blocked
from mailstore.sending.submitters import Author
from mailstore.store import Store
from mailstore.tenants import Tenant
from tests.factories import ANNA

LONG_AGO = timedelta(days=30)


def of_mailbox(mailbox: Mailbox, address: str = ANNA) -> Author:
    """Return an author who writes with a mailbox."""
    return Author(Address.parse(address), mailbox.tenant_id, mailbox.domain_id, mailbox.id)


def of_program(domain: Domain, local: str = "shop") -> Author:
    """Return an author that has no mailbox."""
    return Author(Address(local, domain.name), domain.tenant_id, domain.id, None)


def send(store: Store, author: Author, recipients: int, unknown: int = 0) -> str | None:
    """Return what a mail to so many is answered, None if it is taken."""
    with store.write() as db:
        return limits.admit(db, author, recipients, unknown)


def block(store: Store, author: Author) -> Blocked:
    """Let somebody send more than they may, and return the block."""
    assert send(store, author, 100_000)
    with store.read() as db:
        return blocks.listed(db)[0]


def grow_old(store: Store) -> None:
    """Let all accounts and tenants be old ones."""
    with store.write() as db:
        for table in (Account, Tenant):
            db.execute(update(table).values(created_at=clock.now() - LONG_AGO))
