"""What tests of the moving side share: a background loop, sandboxed children, and sinks."""

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
import structlog
from sqlalchemy import select

from filter.examination import CHILD
from filter.rule import load_rules
from mailstore import policies
from mailstore.deliveries import Delivery
from mailstore.mailboxes import Mailbox
from mailstore.sandbox_pool import SandboxPool
from mailstore.store import Store
from tests.databases import SqliteFiles
from tests.factories import ANNA, BEAT, RAW, a_domain, a_mailbox, an_accepted, some_settings
from tests.filter.background import Background
from tests.filter.names import FakeDNS
from tests.filter.relay import Relay
from tests.filter.sink import OFFERS, Sink

CHRIS = "chris@muster.example"
MakeSink = Callable[..., Sink]
MakeRelay = Callable[..., Relay]
Queue = Callable[..., Delivery]


@pytest.fixture(scope="session", autouse=True)
def _rules() -> None:
    load_rules()


@pytest.fixture(autouse=True)
def _plain_logs() -> Iterator[None]:
    # The usual renderer shows every local variable of a traceback, which takes seconds.
    structlog.configure(processors=[structlog.processors.KeyValueRenderer()])
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def background() -> Iterator[Background]:
    with Background() as running:
        yield running


@pytest.fixture(scope="session")
def pool(background: Background) -> Iterator[SandboxPool]:
    """Return children that examine mail; only the background's loop may call them."""
    with background.within(SandboxPool(CHILD, 2)) as children:
        yield children


@pytest.fixture
def names(background: Background) -> Iterator[FakeDNS]:
    """Return a name server that knows nothing yet."""
    server = background.run(FakeDNS({}).start())
    yield server
    background.run(server.stop())


@pytest.fixture
def a_sink(background: Background) -> Iterator[MakeSink]:
    """Return what starts a sink that gives these replies."""
    started: list[Sink] = []

    def start(
        replies: dict[str, str | None] | None = None, offers: tuple[str, ...] = OFFERS
    ) -> Sink:
        sink = Sink(replies or {}, offers)
        background.run(sink.start())
        started.append(sink)
        return sink

    yield start
    for sink in started:
        background.run(sink.stop())


@pytest.fixture
def a_relay(background: Background, pool: SandboxPool, store: Store) -> Iterator[MakeRelay]:
    """Return what starts a relay with these settings for Anna, Beat and Carla."""
    started: list[Relay] = []

    def start(**settings: object) -> Relay:
        store.settings = store.settings.model_copy(update=settings)
        relay = Relay(store, pool)
        background.run(relay.start())
        started.append(relay)
        return relay

    yield start
    for relay in started:
        background.run(relay.stop())


@pytest.fixture
def for_strangers(a_relay: MakeRelay) -> MakeRelay:
    """Return what starts a relay for which loopback is a stranger, to whom limits apply."""

    def start(**settings: object) -> Relay:
        return a_relay(**{"trusted_peers": "192.0.2.1", "greeting_pause_seconds": 0} | settings)

    return start


@pytest.fixture
def relay(a_relay: MakeRelay) -> Relay:
    return a_relay()


@pytest.fixture(scope="session")
def asked_relay(
    background: Background,
    pool: SandboxPool,
    sqlite: SqliteFiles,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Relay]:
    """Return a relay that many tests ask who is known; none may leave mail in it."""
    settings = some_settings(tmp_path_factory.mktemp("asked") / "data")
    with sqlite.filled(policies.seed, settings), closing(Store(settings)) as store:
        relay = Relay(store, pool)
        background.run(relay.start())
        yield relay
        background.run(relay.stop())


@pytest.fixture
def hop(a_sink: MakeSink, store: Store) -> Sink:
    """Return the next hop of Anna, Beat and Chris."""
    sink = a_sink()
    with store.write() as db:
        a_domain(db, "muster.example", next_hop=f"127.0.0.1:{sink.port}")
        for address in (ANNA, BEAT, CHRIS):
            a_mailbox(db, address)
    return sink


@pytest.fixture
def queue(hop: Sink, store: Store) -> Queue:
    """Return what queues a mail."""

    def put(address: str = ANNA, raw: bytes = RAW, **values: object) -> Delivery:
        with store.read() as db:
            mailbox = db.scalars(select(Mailbox).where(Mailbox.address == address)).one()
        return an_accepted(store, mailbox, raw=raw, **values)  # type: ignore[arg-type]  # passed on as they come

    return put
