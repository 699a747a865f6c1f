"""Bulk deeds, as tests begin them, run them and look at them."""

from mailstore import bulk
from mailstore.accounts import Account
from mailstore.bulk import Bulk, BulkDeed
from mailstore.heldlist import Wanted
from mailstore.mailboxes import Mailbox
from mailstore.scope import Scope
from mailstore.store import Store
from tests.factories import a_held_delivery


def begin(
    store: Store, scope: Scope, deed: BulkDeed, text: str = "", *, account: Account | None = None
) -> int:
    """Begin to do it to all held mail with this text, and return the id of that."""
    with store.write() as db:
        account_id = account.id if account else None
        return bulk.begin(db, scope, Wanted(text), deed, by="anna", account_id=account_id)


def row(store: Store, begun: int) -> Bulk:
    """Return how far it is."""
    with store.read() as db:
        return db.get_one(Bulk, begun)


def run(store: Store, begun: int) -> Bulk:
    """Work it off, and return how far that came."""
    bulk.run_bulk(store, begun)
    return row(store, begun)


def so_many(store: Store, mailbox: Mailbox, count: int) -> list[int]:
    """Return the ids of so many held mails, oldest first."""
    return [a_held_delivery(store, mailbox).id for _ in range(count)]
