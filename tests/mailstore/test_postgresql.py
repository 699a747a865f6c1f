import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from mailstore import policies
from mailstore.attempts import Attempt
from mailstore.db import make_engine
from mailstore.errors import Misconfigured
from mailstore.settings import Settings
from mailstore.store import Store
from tests import tries
from tests.databases import PostgresDatabases
from tests.postgres import Postgres

HEALED_AFTER = 30.0
CONNECTIONS = 8
READY = "ready to accept connections"
OURS = "FROM pg_stat_activity WHERE datname LIKE 'rows%'"


@pytest.fixture(scope="module")
def server(needs: Callable[[str], str]) -> Iterator[Postgres]:
    """Return a server that no other test suffers from."""
    with Postgres(needs("postgres")) as running:
        yield running


@pytest.fixture(scope="module")
def databases(server: Postgres, tmp_path_factory: pytest.TempPathFactory) -> PostgresDatabases:
    return PostgresDatabases(server, tmp_path_factory.mktemp("own"))


@pytest.fixture
def rows(databases: PostgresDatabases, settings: Settings) -> Iterator[Settings]:
    with databases.filled(policies.seed, settings) as filled:
        yield filled


def crash(server: Postgres) -> None:
    server.stop(signal.SIGQUIT)
    server.start()


def restart(server: Postgres) -> None:
    server.stop(signal.SIGINT)
    server.start()


def kill_backends(server: Postgres) -> None:
    # After the first the server ends all others by itself, and recovers as after a crash.
    before = server.log().count(READY)
    for (pid,) in server.run(f"SELECT pid {OURS}"):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    end = time.monotonic() + HEALED_AFTER
    while server.log().count(READY) == before and time.monotonic() < end:
        time.sleep(0.02)


def end_connections(server: Postgres) -> None:
    server.run(f"SELECT pg_terminate_backend(pid, 5000) {OURS}")


TROUBLE = {"stopped at once": crash, "stopped": restart, "a backend killed": kill_backends,
           "connections ended": end_connections}  # fmt: skip
Trouble = Callable[[Postgres], None]
any_trouble = pytest.mark.parametrize("trouble", TROUBLE.values(), ids=TROUBLE)


def write(store: Store) -> None:
    with store.write() as db:
        tries.failed(db, "test", "whole")


def written(store: Store) -> int:
    with store.read() as db:
        return db.scalar(select(func.count(Attempt.id))) or 0


def connect_all(store: Store) -> None:
    """Let the pool open connections, as a busy process does."""
    together = threading.Barrier(CONNECTIONS)

    def read(_: int) -> None:
        with store.read() as db:
            tries.count(db, "test", "whole")
            together.wait(HEALED_AFTER)

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        list(pool.map(read, range(CONNECTIONS)))


def seconds_until_written(store: Store) -> float:
    begun = time.monotonic()
    while time.monotonic() - begun < HEALED_AFTER:
        try:
            write(store)
        except DBAPIError:
            time.sleep(0.05)
        else:
            break
    return time.monotonic() - begun


def write_in_trouble(server: Postgres, store: Store, trouble: Trouble, *rest: str) -> None:
    with store.write() as db:
        tries.failed(db, "test", "half")
        trouble(server)
        for key in rest:
            tries.failed(db, "test", key)


@any_trouble
@pytest.mark.parametrize("rest", [(), ("other half",)], ids=["before its commit", "half way"])
def test_a_write_that_loses_its_server_raises_and_leaves_no_half(
    server: Postgres, store: Store, trouble: Trouble, rest: tuple[str, ...]
) -> None:
    with pytest.raises(DBAPIError):
        write_in_trouble(server, store, trouble, *rest)
    assert seconds_until_written(store) < HEALED_AFTER
    assert written(store) == 1


@any_trouble
def test_what_was_committed_outlives_it_and_dead_connections_are_replaced_unnoticed(
    server: Postgres, store: Store, trouble: Trouble
) -> None:
    connect_all(store)
    write(store)
    trouble(server)
    assert written(store) == 1
    connect_all(store)
    write(store)
    assert written(store) == 2


def test_without_a_server_reading_and_writing_fail_at_once(server: Postgres, store: Store) -> None:
    connect_all(store)
    server.stop(signal.SIGQUIT)
    begun = time.monotonic()
    for deed in (written, write):
        with pytest.raises(DBAPIError):
            deed(store)
    assert time.monotonic() - begun < 5
    server.start()
    assert seconds_until_written(store) < HEALED_AFTER


def test_a_read_only_server_is_read_and_takes_writes_again_afterwards(
    server: Postgres, store: Store
) -> None:
    name = store.engine.url.database
    for mode in ("on", "off"):
        server.run(f"ALTER DATABASE {name} SET default_transaction_read_only = {mode}")
        end_connections(server)
        if mode == "on":
            with pytest.raises(DBAPIError, match="read-only"):
                write(store)
            assert written(store) == 0
    write(store)
    assert written(store) == 1


@pytest.fixture(params=["fsync", "synchronous_commit"])
def careless(request: pytest.FixtureRequest, server: Postgres) -> Iterator[str]:
    """Return the name of the setting by which the server does not keep what it promises."""
    server.set(request.param, "off")
    yield request.param
    server.set(request.param, "on")


def test_a_server_that_would_lose_mail_is_refused(careless: str, server: Postgres) -> None:
    with pytest.raises(Misconfigured, match=f"{careless} = off"):
        make_engine(server.url("postgres"))
