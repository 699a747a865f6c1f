import os
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, StatementError

from mailstore import events
from mailstore.attempts import Attempt
from mailstore.db import BUSY_MS, WRITES, make_engine, wal_is_safe
from mailstore.errors import Misconfigured
from mailstore.events import Event
from mailstore.mailboxes import MailboxAddress
from mailstore.store import Store
from mailstore.tenants import Tenant
from tests import tries
from tests.databases import on_postgresql, on_sqlite
from tests.factories import NOON, a_tenant

LARGE = 2**40


@on_sqlite
def test_a_writing_session_takes_the_lock_with_its_first_statement(store: Store) -> None:
    with store.write() as db, store.engine.connect() as rival:
        db.scalar(select(Tenant.id))
        rival.exec_driver_sql("PRAGMA busy_timeout = 0")
        rival.rollback()
        with pytest.raises(OperationalError, match="locked"):
            rival.execution_options(**{WRITES: True}).begin()


def test_a_reading_session_cannot_write(store: Store) -> None:
    with pytest.raises(DBAPIError, match=r"read-?only"), store.read() as db:
        a_tenant(db)
    with store.read() as db:
        assert db.scalars(select(Tenant)).all() == []


def test_a_connection_that_read_can_write_afterwards(store: Store) -> None:
    for _ in range(3):
        with store.read() as db:
            db.scalar(select(Tenant.id))
        with store.write() as db:
            db.scalar(select(Tenant.id))


def test_a_reading_session_sees_one_snapshot(store: Store) -> None:
    with store.read() as reader:
        assert reader.scalar(select(Tenant.id)) is None
        with store.write() as db:
            a_tenant(db)
        assert reader.scalar(select(Tenant.id)) is None


def test_a_row_without_what_it_points_to_is_refused(store: Store) -> None:
    with pytest.raises(IntegrityError), store.write() as db:
        db.add(MailboxAddress(key="anna@muster.example", mailbox_id=99))


@on_sqlite
def test_commits_are_synced_in_full_and_deleted_bytes_overwritten(store: Store) -> None:
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}
    with store.engine.connect() as connection:
        found = {name: connection.scalar(text(f"PRAGMA {name}")) for name in wanted}
    assert found == wanted


def test_a_moment_without_its_zone_is_refused(store: Store) -> None:
    with pytest.raises(StatementError, match="zone"), store.write() as db:
        db.add(Attempt(kind="a", key="b", at=datetime(2026, 10, 25)))  # noqa: DTZ001 (the point)


def test_a_moment_comes_back_in_utc(store: Store) -> None:
    second = datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=ZoneInfo("Europe/Zurich"))
    with store.write() as db:
        db.add(Attempt(kind="a", key="b", at=second))
    with store.read() as db:
        assert db.scalars(select(Attempt.at)).one() == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
        assert db.scalars(select(Attempt.at)).one().tzinfo is UTC


@pytest.mark.parametrize(
    ("version", "safe"),
    [
        ((3, 40, 1), False), ((3, 44, 6), True), ((3, 44, 7), False), ((3, 50, 6), False),
        ((3, 50, 7), True), ((3, 51, 2), False), ((3, 51, 3), True), ((3, 53, 4), True),
    ],
    ids=lambda value: ".".join(map(str, value)) if isinstance(value, tuple) else "",
)  # fmt: skip
def test_the_wal_is_used_only_where_it_keeps_commits(version: tuple[int, ...], safe: bool) -> None:
    assert wal_is_safe(version) is safe


ADDRESSES = {
    "another database": "mysql://localhost/mail",
    "no address": "postgresql://[/mail",
    "nobody there": "postgresql://127.0.0.1:1/mail",
}


@pytest.mark.parametrize("url", ADDRESSES.values(), ids=ADDRESSES)
def test_an_address_that_leads_to_no_database_is_said_in_a_line(url: str) -> None:
    with pytest.raises(Misconfigured, match=r"^MAILHAFEN_DATABASE_URL: .+$"):
        make_engine(url)


@on_postgresql
def test_a_server_that_fell_silent_is_given_up_within_half_a_minute(store: Store) -> None:
    with store.engine.connect() as connection:
        told = connection.connection.driver_connection.info.get_parameters()  # type: ignore[union-attr]  # psycopg's
    waits = int(told["keepalives_idle"]) + int(told["keepalives_interval"]) * int(
        told["keepalives_count"]
    )
    assert max(waits, int(told["connect_timeout"]), int(told["tcp_user_timeout"]) / 1000) < 30


@on_postgresql
def test_rows_that_another_holds_are_waited_for_as_long_as_on_sqlite(store: Store) -> None:
    with store.read() as db:
        assert db.scalar(text("SHOW lock_timeout")) == f"{BUSY_MS // 1000}s"


@on_postgresql
def test_what_the_address_says_of_its_connections_wins(store: Store) -> None:
    impatient = make_engine(f"{store.settings.rows_url}&connect_timeout=3")
    assert impatient.url.query["connect_timeout"] == "3"
    impatient.dispose()


def test_a_nul_in_a_text_is_kept_as_what_cannot_be_shown(store: Store) -> None:
    with store.write() as db:
        db.add(Attempt(kind="te\0xt", key="", at=NOON))
        events.record(db, "test", by="test", detail={"reply": "550 \0"})
    with store.read() as db:
        assert db.scalars(select(Attempt.kind)).one() == "te\ufffdxt"
        assert db.scalars(select(Event.detail)).one() == {"reply": "550 \0"}
        assert tries.count(db, "te", "") == 0


def test_numbers_grow_beyond_four_bytes(store: Store) -> None:
    with store.write() as db:
        events.record(db, "test", by="test", delivery_id=LARGE)
    with store.read() as db:
        assert db.scalars(select(Event.delivery_id)).one() == LARGE


def test_a_forked_process_opens_connections_of_its_own(store: Store) -> None:
    with store.engine.connect() as connection:
        parents = connection.connection.driver_connection
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        with store.engine.connect() as connection:
            shared = connection.connection.driver_connection is parents
        os.write(writing, b"shared" if shared else b"own")
        os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    with os.fdopen(reading) as answer:
        assert answer.read() == "own"
    with store.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT 1").scalar() == 1
        assert connection.connection.driver_connection is parents
