"""Real servers that tests of several folders talk to; each is started once.

A test module asks for them by `pytest_plugins = ["tests.peers"]`.
"""

import os
from collections.abc import Callable, Iterator

import pytest

from mailstore.settings import TEST_SERVICES
from tests.authority import Authority
from tests.dovecot import Dovecot
from tests.factories import ANNA, BEAT
from tests.postfix import Postfix


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Return who issues the certificates of these servers."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def dovecot(authority: Authority, needs: Callable[[str], str]) -> Iterator[Dovecot]:
    needs("lmtp")
    with Dovecot(needs("dovecot"), authority) as server:
        yield server


@pytest.fixture(scope="session")
def postfix(authority: Authority, needs: Callable[[str], str]) -> Iterator[Postfix]:
    """Return a server that knows Anna and Beat."""
    program = needs("postfix")
    if os.geteuid() != 0:
        skip = pytest.fail if os.environ.get(TEST_SERVICES) == "required" else pytest.skip
        skip("Postfix starts for root only")
    with Postfix(program, authority, ANNA, BEAT) as server:
        yield server
