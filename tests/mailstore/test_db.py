from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, StatementError

from mailstore.attempts import Attempt
from mailstore.db import WRITES, make_engine, wal_is_safe
from mailstore.errors import Misconfigured
from mailstore.mailboxes import MailboxAddress
from mailstore.store import Store
from mailstore.tenants import Tenant
from tests.factories import a_tenant


def test_a_writing_session_takes_the_lock_with_its_first_statement(store: Store) -> None:
    with store.write() as db, store.engine.connect() as rival:
        db.scalar(select(Tenant.id))
        rival.exec_driver_sql("PRAGMA busy_timeout = 0")
        rival.rollback()
        with pytest.raises(OperationalError, match="locked"):
            rival.execution_options(**{WRITES: True}).begin()


def test_a_reading_session_cannot_write(store: Store) -> None:
    with pytest.raises(DBAPIError, match="readonly"), store.read() as db:
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


def test_another_database_is_refused() -> None:
    with pytest.raises(Misconfigured, match="DATABASE_URL"):
        make_engine("mysql://localhost/mail")
