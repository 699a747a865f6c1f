"""Requests for held mail, as tests of both sides make and read them."""

from typing import Any

from mailstore import requests, rights
from mailstore.accounts import Account, Role
from mailstore.deliveries import Delivery
from mailstore.envelopes import HeldRight, MailClass
from mailstore.mailboxes import Mailbox
from mailstore.requests import Asked, ReleaseRequest
from mailstore.scope import Scope
from mailstore.store import Store
from tests.factories import ANNA, BEAT, a_held_delivery, a_mailbox, an_account


def risky(store: Store, mailbox: Mailbox | None = None, **values: Any) -> Delivery:
    """Return a held mail of a class that people may only ask for."""
    return a_held_delivery(store, mailbox, mail_class=MailClass.PHISH, **values)


def ask(store: Store, held: Delivery, why: str = "", *, by: str = ANNA) -> bool:
    """Ask for a held mail as its mailbox may."""
    scope = Scope(held.tenant_id, frozenset({held.mailbox_id or 0}))
    with store.write() as db:
        may = rights.of_scope(db, scope).allow(HeldRight.ASK)
        return requests.ask(db, scope, held.id, why, by=by, may=may)


def a_request(
    store: Store, held: Delivery, why: str = "I wait for it.", *, by: str = ANNA
) -> ReleaseRequest:
    """Return a new open request for a held mail."""
    assert ask(store, held, why, by=by)
    with store.read() as db:
        return requests.of(db, [held.id])[held.id]


def seen(store: Store, request: ReleaseRequest) -> Asked:
    """Return a request as it is now, with its mail."""
    with store.read() as db:
        found = requests.look(db, request.tenant_id, request.id)
    assert found
    return found


def grant(store: Store, request: ReleaseRequest, answer: str = "", *, by: str = BEAT) -> bool:
    with store.write() as db:
        return requests.grant(db, request.tenant_id, request.id, by=by, answer=answer)


def refuse(store: Store, request: ReleaseRequest, answer: str = "", *, by: str = BEAT) -> bool:
    with store.write() as db:
        return requests.refuse(db, request.tenant_id, request.id, by=by, answer=answer)


def an_administrator(store: Store, address: str = BEAT) -> Account:
    """Return a new administrator, with a mailbox of their own."""
    with store.write() as db:
        return an_account(db, a_mailbox(db, address), role=Role.ADMIN)
