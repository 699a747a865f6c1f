"""What tests of the showing side share: the app on a real store, people in it, and a browser."""

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from filter.rule import load_rules
from mailstore import accounts
from mailstore.accounts import Account, Role
from mailstore.mailboxes import Mailbox
from mailstore.sandbox import Sandbox
from mailstore.settings import Settings
from mailstore.store import Store
from portal import create_app
from portal.reading import RENDERING
from tests.factories import BEAT, a_mailbox
from tests.portal.browsing import PASSWORD, an_owner, enter


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """Return one child for all tests: starting it takes longer than most of them."""
    started = Sandbox(RENDERING)
    yield started
    started.close()


@pytest.fixture(scope="session")
def hashed() -> str:
    """Return what is stored of PASSWORD, which is slow to make on purpose."""
    return accounts.hash_password(PASSWORD)


@pytest.fixture
def app(settings: Settings, store: Store, sandbox: Sandbox) -> Flask:
    made = create_app(settings, store, tuple(load_rules().values()))
    made.extensions["sandbox"] = sandbox
    return made


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Return a browser that nobody knows."""
    return app.test_client()


@pytest.fixture
def anna(store: Store) -> Mailbox:
    with store.write() as db:
        return a_mailbox(db, name="Anna Keller")


@pytest.fixture
def beat(store: Store, anna: Mailbox) -> Mailbox:
    """Return the mailbox of somebody else in the same tenant."""
    with store.write() as db:
        return a_mailbox(db, BEAT)


@pytest.fixture
def stranger(store: Store) -> Mailbox:
    """Return a mailbox of another tenant."""
    with store.write() as db:
        return a_mailbox(db, "eve@elsewhere.example")


@pytest.fixture
def user(store: Store, anna: Mailbox, hashed: str) -> Account:
    """Return Anna's account."""
    return an_owner(store, anna, hashed)


@pytest.fixture
def admin(store: Store, beat: Mailbox, hashed: str) -> Account:
    """Return Beat's account, who administers the tenant that Anna belongs to."""
    return an_owner(store, beat, hashed, Role.ADMIN)


@pytest.fixture
def browser(client: FlaskClient, store: Store, user: Account) -> FlaskClient:
    """Return a browser in which Anna is signed in."""
    enter(client, store, user)
    return client


@pytest.fixture
def office(app: Flask, store: Store, admin: Account) -> FlaskClient:
    """Return a browser in which Beat, the administrator, is signed in."""
    opened = app.test_client()
    enter(opened, store, admin)
    return opened
