import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import event, func, select

from mailstore import schema
from mailstore.attempts import Attempt
from mailstore.errors import Misconfigured, NotFound
from mailstore.jobs import after_commit
from mailstore.keys import DataKey
from mailstore.settings import Settings
from mailstore.store import Store
from tests import tries
from tests.databases import on_sqlite
from tests.factories import RAW, RecordedJobs, a_mailbox, a_tenant, an_accepted, some_settings

DAY = date(2027, 3, 28)


@on_sqlite
def test_many_threads_write_and_none_finds_the_database_locked(store: Store) -> None:
    def write(number: int) -> None:
        with store.write() as db:
            before = tries.count(db, "test", "key")
            tries.failed(db, "test", "key")
            assert tries.count(db, "test", "key") == before + 1
        with store.read() as db:
            tries.count(db, "test", str(number))

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(write, range(240)))
    with store.read() as db:
        assert db.scalar(select(func.count(Attempt.id))) == 240


def test_jobs_start_once_and_only_after_the_commit(store: Store, jobs: RecordedJobs) -> None:
    with store.write() as db:
        for lane in (3, 3, 4):
            after_commit(db, "drain", lane)
        assert jobs.asked == []
    assert jobs.asked == [("drain", 3), ("drain", 4)]


def break_off(store: Store) -> None:
    with store.write() as db:
        a_tenant(db)
        after_commit(db, "drain", 3)
        raise KeyError("a bug")


def test_jobs_never_start_after_a_rollback(store: Store, jobs: RecordedJobs) -> None:
    with pytest.raises(KeyError):
        break_off(store)
    with store.write() as db:
        tries.failed(db, "test", "key")
    assert jobs.asked == []


def test_a_failure_leaves_nothing_written_and_the_door_open(store: Store) -> None:
    with pytest.raises(KeyError):
        break_off(store)
    with store.write() as db:
        assert a_tenant(db).id


@on_sqlite
def test_a_writer_waits_for_the_one_before(store: Store) -> None:
    order: list[str] = []

    def second() -> None:
        with store.write():
            order.append("second")

    with store.write():
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(0.05)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_content_is_read_back_as_it_came(store: Store) -> None:
    with store.write() as db:
        mailbox = a_mailbox(db)
    delivery = an_accepted(store, mailbox)
    assert b"".join(store.content(delivery.message)) == RAW


def test_content_is_readable_by_another_process(store: Store) -> None:
    with store.write() as db:
        mailbox = a_mailbox(db)
    delivery = an_accepted(store, mailbox)
    other = Store.open(store.settings)
    assert b"".join(other.content(delivery.message)) == RAW
    other.close()


def test_erased_content_is_not_found(store: Store) -> None:
    with store.write() as db:
        mailbox = a_mailbox(db)
    delivery = an_accepted(store, mailbox)
    delivery.message.pack = None
    with pytest.raises(NotFound, match="erased"):
        store.content(delivery.message)


def test_a_key_whose_commit_failed_seals_nothing(store: Store) -> None:
    with store.write() as db:
        tenant_id = a_tenant(db).id

    def fail(_: object) -> None:
        raise OSError("disk full")

    event.listen(store.engine, "commit", fail)
    with pytest.raises(OSError, match="disk full"):
        store.seal(tenant_id, DAY, [RAW])
    event.remove(store.engine, "commit", fail)
    store.seal(tenant_id, DAY, [RAW])
    with store.read() as db:
        assert db.scalar(select(DataKey.day)) == DAY


def older(settings: Settings) -> None:
    settings.data_dir.mkdir()


def newer(settings: Settings) -> None:
    settings.data_dir.mkdir()
    schema.migrate(settings)
    store = Store(settings)
    with store.write() as db:
        db.connection().exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    store.close()


@pytest.mark.parametrize("prepare", [older, newer, lambda _: None], ids=["older", "newer", "none"])
def test_data_of_another_version_is_refused(
    tmp_path: Path, prepare: Callable[[Settings], None]
) -> None:
    settings = some_settings(tmp_path / "data")
    prepare(settings)
    with pytest.raises(Misconfigured, match="flask setup"):
        Store.open(settings)
