"""Held mail of all kinds, and policies that say what people may do with it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from mailstore import rights
from mailstore.accounts import Account
from mailstore.addresses import Address
from mailstore.deliveries import Delivery, State
from mailstore.domains import Domain
from mailstore.envelopes import HeldRight, MailClass, Summary
from mailstore.events import Event
from mailstore.heldlist import Search, Wanted
from mailstore.mailboxes import Mailbox, MailboxAccess, Right
from mailstore.messages import Message
from mailstore.policies import PolicyRow
from mailstore.rights import SEEN
from mailstore.scope import Scope
from mailstore.store import Store
from mailstore.tenants import Tenant
from tests.factories import a_held_delivery


def held_from(  # noqa: PLR0913 (what may differ from mail to mail is its arguments)
    store: Store,
    mailbox: Mailbox,
    author: str = "bob@there.example",
    name: str = "",
    subject: str = "Plans",
    *,
    at: datetime | None = None,
    sender: str = "bounces@there.example",
    **values: Any,
) -> int:
    """Return the id of a held mail by its author; the other values are its delivery's."""
    parsed = Address.parse(author) if author else None
    summary = Summary(author=parsed, author_name=name, subject=subject)
    held = a_held_delivery(store, mailbox, at=at, summary=summary)
    with store.write() as db:
        mine = Message.id == held.message_id
        db.execute(update(Message).where(mine).values(sender=sender))
        if values:
            db.execute(update(Delivery).where(Delivery.id == held.id).values(**values))
    return held.id


def a_policy(
    store: Store, granted: Mapping[MailClass, HeldRight], parent_id: int | None = None
) -> int:
    """Return the id of a policy that lets people do this with held mail."""
    said = {mail_class.value: right.value for mail_class, right in granted.items()}
    with store.write() as db:
        row = PolicyRow(name=f"rights {said}", parent_id=parent_id, values={"rights": said})
        db.add(row)
        db.flush()
        return row.id


def put_under(store: Store, owner: Tenant | Domain | Mailbox, policy: int) -> None:
    """Put a tenant, a domain or a mailbox under a policy."""
    with store.write() as db:
        db.merge(owner).policy_id = policy


def let(store: Store, mailbox: Mailbox, **granted: HeldRight) -> None:
    """Let people do this with held mail of one mailbox: `let(store, anna, spam=HeldRight.SEE)`."""
    policy = a_policy(store, {MailClass(name): right for name, right in granted.items()})
    put_under(store, mailbox, policy)


def delegate(store: Store, account: Account, mailbox: Mailbox) -> None:
    """Let an account into a mailbox of somebody else."""
    with store.write() as db:
        db.add(MailboxAccess(account_id=account.id, mailbox_id=mailbox.id, right=Right.DELEGATE))


def shut_out(store: Store, account: Account, mailbox: Mailbox) -> None:
    """Take a mailbox away from an account."""
    with store.write() as db:
        mine = MailboxAccess.account_id == account.id
        row = db.scalars(
            select(MailboxAccess).where(mine, MailboxAccess.mailbox_id == mailbox.id)
        ).one()
        db.delete(row)


def scope_of(*mailboxes: Mailbox) -> Scope:
    """Return the scope of whoever may see these mailboxes of one tenant."""
    return Scope(mailboxes[0].tenant_id, frozenset(each.id for each in mailboxes))


def search_in(store: Store, scope: Scope, wanted: Wanted) -> Search:
    """Return a search of all that people of a scope may see."""
    with store.read() as db:
        return Search(scope, rights.of_scope(db, scope).allow(*SEEN), wanted)


def states(store: Store, *ids: int) -> list[State]:
    """Return what has become of mails, in their order."""
    with store.read() as db:
        return [db.get_one(Delivery, each).state for each in ids]


def lines(store: Store, *kinds: str) -> list[Event]:
    """Return the lines of the log of these kinds, the oldest first."""
    with store.read() as db:
        return list(db.scalars(select(Event).where(Event.kind.in_(kinds)).order_by(Event.id)))
