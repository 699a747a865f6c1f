import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta

import pytest
from sqlalchemy import select, text, update
from time_machine import Traveller

from filter import sweep
from filter.worker import JOBS
from mailstore import clock as clocks
from mailstore.deliveries import Delivery, State
from mailstore.mailboxes import Mailbox
from mailstore.messages import Message
from mailstore.retention import expire
from mailstore.scope import Scope
from mailstore.search import entries, index, indexing
from mailstore.search.entries import Entry
from mailstore.search.indexing import index_mail
from mailstore.search.reading import MOST_TEXT
from mailstore.store import Store
from mailstore.threadjobs import ThreadJobs
from tests.databases import on_postgresql, on_sqlite
from tests.factories import NOON, RecordedJobs, a_mailbox
from tests.mailstore.search.mails import a_mail, found, indexed, received

DAY = timedelta(days=1)
RECIPE = "Zwetschgenkuchenrezept"
CRASHING = "tests.mailstore.search.crashing"


def days(store: Store) -> list[date]:
    with store.read() as db:
        return index.days(db)


def waits(store: Store) -> bool:
    with store.read() as db:
        return indexing.due(db, clocks.now())


def rows(store: Store, day: date) -> int:
    with store.read() as db:
        return db.scalar(text(f"SELECT count(*) FROM {index.table_of(day)}")) or 0  # noqa: S608 (our name)


def marked(store: Store, token: str) -> int:
    """Return how many rows of the index have a token."""
    quote = {"sqlite": '"', "postgresql": "'"}[store.engine.dialect.name]
    with store.read() as db:
        known = index.found_in(db, clocks.today())
        asked = {"asked": f"{quote}{token}{quote}"}
        return len(db.execute(known, asked).all()) if known is not None else 0


def deliver(store: Store) -> None:
    with store.write() as db:
        db.execute(update(Delivery).values(state=State.DELIVERED))


@pytest.mark.usefixtures("clock")
def test_the_sweep_asks_until_search_knows_all_mail(store: Store, anna: Mailbox) -> None:
    received(store, anna, "eins")
    asked = RecordedJobs()
    sweep.sweep(store, asked)
    assert (indexing.JOB,) in asked.asked
    assert indexing.JOB in {job.__name__ for job in JOBS}
    index_mail(store)
    asked.asked.clear()
    sweep.sweep(store, asked)
    assert (indexing.JOB,) not in asked.asked


@contextmanager
def a_worker(store: Store) -> Iterator[None]:
    """Sweep and run jobs as a worker does."""
    jobs, stop = ThreadJobs(store), threading.Event()
    store.jobs = jobs
    sweeping = threading.Thread(target=sweep.work, args=(store, jobs, stop))
    sweeping.start()
    try:
        yield
    finally:
        stop.set()
        store.closing.set()
        sweeping.join()
        jobs.close()


def test_a_worker_makes_mail_findable_within_seconds(
    store: Store, anna: Mailbox, scope: Scope
) -> None:
    with a_worker(store):
        for word in ("eins", "zwei"):
            copy, begun = received(store, anna, word).id, time.monotonic()
            while not found(store, scope, word) and time.monotonic() - begun < 30:
                time.sleep(0.05)
            assert found(store, scope, word) == [copy]
            assert time.monotonic() - begun < 5


@pytest.mark.usefixtures("clock")
def test_indexing_again_keeps_one_row(store: Store, anna: Mailbox, scope: Scope) -> None:
    copy = received(store, anna, "eins")
    for _ in range(2):
        with store.write() as db:
            db.execute(update(Message).values(indexed=False))
        index_mail(store)
    assert found(store, scope, "eins") == [copy.id]
    assert rows(store, copy.message.day) == 1


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("how", ["crash", "stall", "lie", "babble"])
def test_a_mail_that_breaks_its_reader_is_known_by_its_row(
    store: Store, anna: Mailbox, scope: Scope, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "CHILD", CRASHING)
    before = received(store, anna, "vorher", subject="Eins").id
    broken = received(store, anna, f"{how}!", subject="Kaputt").id
    after = received(store, anna, "nachher", subject="Zwei").id
    index_mail(store)
    assert not waits(store)
    assert found(store, scope, "kaputt from:bob") == [broken]
    assert found(store, scope, "vorher") == [before]
    assert found(store, scope, "nachher") == [after]


@pytest.mark.usefixtures("clock")
def test_a_child_that_was_taken_over_forges_no_mailbox(
    store: Store, anna: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "CHILD", CRASHING)
    with store.write() as db:
        beat = a_mailbox(db, "beat@muster.example")
    received(store, anna, f"forge! {entries.has(beat.id)}")
    index_mail(store)
    assert [marked(store, entries.has(each.id)) for each in (anna, beat)] == [1, 0]


@pytest.mark.usefixtures("clock")
def test_mail_whose_content_is_gone_is_known_by_its_row(
    store: Store, anna: Mailbox, scope: Scope
) -> None:
    copy = received(store, anna, "eins", subject="Verloren")
    store.packs.remove(copy.message.pack or "", copy.message.day)
    index_mail(store)
    assert not waits(store)
    assert found(store, scope, "verloren") == [copy.id]


@pytest.mark.usefixtures("clock")
def test_a_long_text_is_cut(store: Store, anna: Mailbox, scope: Scope) -> None:
    filler = "wort " * (MOST_TEXT // 5 + 1)
    copy = indexed(store, anna, f"anfang\n{filler}\nende")
    assert found(store, scope, "anfang") == [copy]
    assert found(store, scope, "ende") == []


@pytest.mark.usefixtures("clock")
def test_ever_new_words_do_not_fill_the_index(store: Store, anna: Mailbox, scope: Scope) -> None:
    words = " ".join(f"{number}{'机' * 20}{'x' * 40}" for number in range(3000))
    copy = indexed(store, anna, f"{words} ende", subject="Lang")
    assert found(store, scope, "subject:lang 机机") == [copy]
    wide = "\U00020000" * 59
    worst = {"rest": [f"{wide}{number:05}" for number in range(entries.MOST_WORDS)]}
    with store.read() as db:
        message = db.scalars(select(Message)).one()
    with store.write() as db:
        db.execute(update(Message).values(indexed=False))
        assert index.add(db, [Entry.of(message, worst)]) == 1
    assert found(store, scope, "subject:lang") == [copy]


@pytest.mark.usefixtures("clock")
def test_html_is_read_without_its_tags(store: Store, anna: Mailbox, scope: Scope) -> None:
    page = b"<style>p {color: rot}</style><p class=blau>Gr&uuml;sse <b>Anna</b></p>"
    head = b"From: bob@there.example\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    copy = received(store, anna, raw=head + page).id
    index_mail(store)
    assert found(store, scope, "grüsse anna") == [copy]
    assert found(store, scope, "blau") == found(store, scope, "rot") == []


def test_a_days_table_is_dropped_when_the_day_is_over(
    store: Store, anna: Mailbox, clock: Traveller, scope: Scope
) -> None:
    first = received(store, anna, "eins")
    second = received(store, anna, "zwei", at=NOON + DAY)
    index_mail(store)
    deliver(store)
    assert days(store) == [first.message.day, second.message.day]
    clock.move_to(NOON + 8 * DAY)
    assert found(store, scope, "eins") == []
    expire(store)
    assert days(store) == [second.message.day]
    assert found(store, scope, "zwei") == [second.id]
    clock.shift(DAY)
    expire(store)
    assert days(store) == []
    assert found(store, scope, "zwei") == []


def test_carried_mail_is_found_in_its_new_day(
    store: Store, anna: Mailbox, clock: Traveller, scope: Scope
) -> None:
    copy = received(store, anna, "eins")
    held = received(store, anna, "zwei", held=True)
    index_mail(store)
    clock.move_to(NOON + 8 * DAY)
    expire(store)
    assert days(store) == [held.message.day]
    assert waits(store)
    index_mail(store)
    assert found(store, scope, "eins") == [copy.id]
    assert days(store) == [NOON.date() + 15 * DAY, held.message.day]


def test_mail_past_its_day_waits_for_nobody(store: Store, anna: Mailbox, clock: Traveller) -> None:
    received(store, anna, "eins")
    clock.move_to(NOON + 8 * DAY)
    assert not waits(store)
    index_mail(store)
    assert days(store) == []


@on_sqlite
def test_nothing_of_a_dropped_word_stays_in_the_file(
    store: Store, anna: Mailbox, clock: Traveller, scope: Scope
) -> None:
    for number in range(30):
        received(store, anna, f"{RECIPE}{number} und {RECIPE}")
    index_mail(store)
    deliver(store)
    written = RECIPE.lower().encode()
    assert written in everything(store)
    clock.move_to(NOON + 8 * DAY)
    expire(store)
    assert days(store) == []
    assert written not in everything(store)


def everything(store: Store) -> bytes:
    """Return the whole file of rows, what waits beside it written into it."""
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA query_only = 0")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("BEGIN")
    return (store.settings.data_dir / "mailhafen.db").read_bytes()


@on_postgresql
@pytest.mark.usefixtures("clock")
def test_two_workers_make_one_table_and_one_row(store: Store, anna: Mailbox) -> None:
    copies = [received(store, anna, f"wort{number}") for number in range(10)]
    with store.read() as db:
        messages = db.scalars(select(Message)).all()
    written: list[int] = []

    def write() -> None:
        with store.write() as db:
            written.append(index.add(db, [Entry.of(each, {}) for each in messages]))

    threads = [threading.Thread(target=write) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(written) == [0, 0, 0, 10]
    assert rows(store, copies[0].message.day) == 10


@pytest.mark.usefixtures("clock")
def test_mail_carried_while_it_is_read_is_read_again(store: Store, anna: Mailbox) -> None:
    received(store, anna, "eins")
    with store.read() as db:
        message = db.scalars(select(Message)).one()
    with store.write() as db:
        db.execute(update(Message).values(day=message.day + DAY))
        assert index.add(db, [Entry.of(message, {})]) == 0
    assert waits(store)


@pytest.mark.usefixtures("clock")
def test_a_mail_for_several_mailboxes_is_one_row(store: Store, anna: Mailbox) -> None:
    with store.write() as db:
        beat = a_mailbox(db, "beat@muster.example")
    copy = received(store, anna, raw=a_mail("eins"))
    with store.write() as db:
        db.execute(update(Message).values(writer_id=beat.id))
    index_mail(store)
    assert rows(store, copy.message.day) == 1
    assert [marked(store, entries.has(each.id)) for each in (anna, beat)] == [1, 1]
