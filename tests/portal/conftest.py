"""What tests of the showing side share: the app on a real store, people in it, and a browser."""

from collections.abc import Iterator

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from filter.rule import load_rules
from mailstore import passwords, policies
from mailstore.accounts import Account, Role
from mailstore.deliveries import Delivery
from mailstore.mailboxes import Mailbox
from mailstore.sandbox import Sandbox
from mailstore.settings import Settings
from mailstore.store import Store
from portal.app import create_app
from portal.content.reading import RENDERING
from tests.databases import Seed
from tests.factories import (
    ANNA,
    BEAT,
    NOON,
    a_held_delivery,
    a_mailbox,
)
from tests.portal.browsing import (
    PASSWORD,
    Links,
    Own,
    a_report,
    an_owner,
    enter,
    in_english,
    know_device,
)
from tests.portal.owning import belongings
from tests.portal.signing import a_reset


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """Return one child for all tests: starting it takes longer than most of them."""
    started = Sandbox(RENDERING)
    yield started
    started.close()


@pytest.fixture(scope="session")
def hashed() -> str:
    """Return what is stored of PASSWORD, which is slow to make on purpose."""
    return passwords.hash_password(PASSWORD)


@pytest.fixture
def seed() -> Seed:
    """Return what adds Anna's mailbox to the usual rows, whom nearly all tests of pages need."""
    return with_anna


def with_anna(db: Session) -> None:
    policies.seed(db)
    with time_machine.travel(NOON, tick=False):
        a_mailbox(db, name="Anna Keller")


@pytest.fixture(scope="session")
def apps() -> dict[str, Flask]:
    return {}


@pytest.fixture
def app(settings: Settings, store: Store, sandbox: Sandbox, apps: dict[str, Flask]) -> Flask:
    """Return the portal on the store of this test.

    Routes and compiled templates are kept from test to test: making them takes longer than most.
    """
    made = apps.get(settings.base_url)
    if made is None:
        made = apps[settings.base_url] = create_app(settings, store, tuple(load_rules().values()))
    made.extensions |= {"settings": settings, "store": store, "sandbox": sandbox}
    return made


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Return a browser that nobody knows."""
    return app.test_client()


@pytest.fixture
def anna(store: Store) -> Mailbox:
    with store.read() as db:
        return db.scalars(select(Mailbox).where(Mailbox.address == ANNA)).one()


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
def held(store: Store, anna: Mailbox) -> Delivery:
    return a_held_delivery(store, anna)


@pytest.fixture
def links(store: Store, anna: Mailbox, held: Delivery) -> Links:
    return a_report(store, anna)


@pytest.fixture
def link(links: Links) -> str:
    """Return the path of the link to the held mail."""
    return links.held[0]


@pytest.fixture
def own(store: Store, anna: Mailbox) -> Own:
    return belongings(store, anna, a_reset(store))


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


@pytest.fixture
def guest(app: Flask, store: Store, anna: Mailbox) -> FlaskClient:
    """Return a known browser in which Anna's links to quarantine and webmail were opened."""
    opened, links = app.test_client(), a_report(store, anna)
    know_device(opened, store, anna)
    for path in (links.quarantine, links.webmail):
        assert opened.get(path).status_code == 303
    return opened


@pytest.fixture(params=["browser", "office", "guest"], ids=["user", "admin", "link visitor"])
def visitor(request: pytest.FixtureRequest) -> FlaskClient:
    found: FlaskClient = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def speaks_english(client: FlaskClient) -> None:
    """Let the browser speak English, whatever the mailbox it looks into speaks."""
    in_english(client)
