"""Whoever is told of an outage, and of which."""

import pytest

from mailstore.accounts import Account, Role
from mailstore.domains import Domain
from mailstore.mailboxes import Mailbox
from mailstore.store import Store
from tests.portal.browsing import an_owner
from tests.portal.noticed import OFFICE, PRIVATE, told_at


@pytest.fixture
def lane_id(store: Store, anna: Mailbox) -> int:
    with store.read() as db:
        return db.get_one(Domain, anna.domain_id).lane_id


@pytest.fixture
def user(store: Store, anna: Mailbox) -> Account:
    """Return Anna's account; she is told at a private address."""
    return told_at(store, an_owner(store, anna), PRIVATE)


@pytest.fixture
def admin(store: Store, beat: Mailbox) -> Account:
    """Return Beat's account, who administers and is told at a private address."""
    return told_at(store, an_owner(store, beat, role=Role.ADMIN), OFFICE)
