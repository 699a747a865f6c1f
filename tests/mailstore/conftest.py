"""What most tests of the store begin with: Anna's mailbox, and who sees it."""

import pytest

from mailstore.mailboxes import Mailbox
from mailstore.scope import Scope
from mailstore.store import Store
from tests.factories import a_mailbox
from tests.mailstore.holding import scope_of


@pytest.fixture
def anna(store: Store) -> Mailbox:
    with store.write() as db:
        return a_mailbox(db)


@pytest.fixture
def scope(anna: Mailbox) -> Scope:
    return scope_of(anna)
