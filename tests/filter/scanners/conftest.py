"""What tests of engines share: Debian's own, and servers that only look like them."""

import socket
from collections.abc import Callable, Iterator

import pytest

from filter.dns import Resolver
from filter.rule import RULES
from filter.scanners import Scanners
from filter.spool import Spool
from mailstore.addresses import Address
from mailstore.envelopes import Client
from mailstore.settings import Settings
from tests.factories import BOB
from tests.filter.background import Background
from tests.filter.exams import STRANGER
from tests.filter.scanners import engines
from tests.filter.scanners.engines import Daemon
from tests.filter.scanners.fakes import FakeEngine, Manner

Scan = Callable[..., list[tuple[str, str]]]
MakeFake = Callable[..., FakeEngine]


@pytest.fixture(scope="session")
def clamd(needs: Callable[[str], str]) -> Iterator[Daemon]:
    with engines.clamd(needs) as running:
        yield running


@pytest.fixture(scope="session")
def rspamd(needs: Callable[[str], str]) -> Iterator[Daemon]:
    with engines.rspamd(needs) as running:
        yield running


@pytest.fixture
def a_fake(background: Background) -> Iterator[MakeFake]:
    """Return what starts a server that gives this reply in this manner."""
    started: list[FakeEngine] = []

    def start(reply: bytes, manner: Manner = Manner.SAYS) -> FakeEngine:
        fake = FakeEngine(reply, manner)
        background.run(fake.start())
        started.append(fake)
        return fake

    yield start
    for fake in started:
        background.run(fake.stop())


@pytest.fixture
def closed_port() -> Iterator[int]:
    """Return a port at which every connection is refused."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.fixture(autouse=True)
def _no_lists_stay() -> Iterator[None]:
    # Each list that a test names is declared like a rule, and the pages of docs know none.
    before = dict(RULES)
    yield
    RULES.clear()
    RULES.update(before)


@pytest.fixture
def scanners() -> Callable[..., Scanners]:
    """Return what names engines in settings."""

    def make(**named: object) -> Scanners:
        settings = Settings().model_copy(update=named)
        return Scanners(settings, Resolver(settings))

    return make


@pytest.fixture
def scan(background: Background, scanners: Callable[..., Scanners]) -> Scan:
    """Return what scans a mail with the engines named; the findings are names and details."""

    def scan_with(
        raw: bytes,
        *,
        using: Scanners | None = None,
        client: Client = STRANGER,
        sender: Address | None = BOB,
        **named: object,
    ) -> list[tuple[str, str]]:
        engines = using or scanners(**named)
        with Spool(None) as spool:
            spool.write(raw)
            found = background.run(engines.scan(client, sender, spool))
        return [(symbol.name, symbol.detail) for symbol in found]

    return scan_with
