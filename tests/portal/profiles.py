"""What stands on the pages of a person's settings: an entry of a list, a session, a device."""

from sqlalchemy import select

from mailstore import accounts, bearer, devices, senders, sessions
from mailstore.accounts import Account
from mailstore.devices import Device
from mailstore.mailboxes import Mailbox
from mailstore.senders import Listed, Owner, SenderEntry, Wish
from mailstore.signins import SignIn
from mailstore.store import Store

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0"


def an_entry(
    store: Store, mailbox: Mailbox, pattern: str = "bob@there.example", **wish: object
) -> int:
    """Return the id of a new entry on a mailbox's own list, which allows unless said otherwise."""
    wanted = Wish(**{"listed": Listed.ALLOWED, "pattern": pattern} | wish)  # type: ignore[arg-type]  # fields by name
    owner = Owner(mailbox.tenant_id, mailbox_id=mailbox.id)
    with store.write() as db:
        senders.enter(db, owner, wanted, by="test")
        named = SenderEntry.pattern == pattern, SenderEntry.listed == wanted.listed
        return db.scalars(select(SenderEntry.id).where(*owner.rows, *named)).one()


def a_session(store: Store, account: Account, agent: str = FIREFOX) -> int:
    """Return the id of another session of an account."""
    with store.write() as db:
        token = sessions.start(db, account, agent)
        hashed = bearer.hash_of(token)
        return db.scalars(select(SignIn.id).where(SignIn.token_hash == hashed)).one()


def a_device(store: Store, *mailboxes: Mailbox, agent: str = FIREFOX) -> int:
    """Return the id of a browser that mailboxes know."""
    token = bearer.new_token()
    with store.write() as db:
        devices.know(db, token, frozenset(each.id for each in mailboxes), agent)
        hashed = bearer.hash_of(token)
        return db.scalars(select(Device.id).where(Device.token_hash == hashed)).first() or 0


def of_profile(store: Store, mailbox: Mailbox) -> dict[str, int]:
    """Return what the routes of a profile want to lead to something of this mailbox's owner."""
    with store.read() as db:
        account = accounts.find(db, mailbox.address)
    return {
        "mailbox_id": mailbox.id,
        "entry_id": an_entry(store, mailbox),
        "sign_in_id": a_session(store, account) if account else 0,
        "device_id": a_device(store, mailbox),
    }
