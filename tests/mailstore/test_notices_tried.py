from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from time_machine import Traveller

from mailstore import clock as clocks
from mailstore import notices
from mailstore.notices import SEND, Notice, spread_notices
from mailstore.store import Store
from tests.databases import on_sqlite
from tests.factories import NOON
from tests.mailstore import outages
from tests.mailstore.outages import made, sent, take, write

pytestmark = pytest.mark.usefixtures("clock")

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def anna(store: Store) -> Notice:
    """Return the notice of an outage to one person, not written yet."""
    with store.write() as db:
        lane_id = outages.customers(db).lane_id
    spread_notices(store, outages.begins(store, lane_id))
    return made(store)[0]


def fail(store: Store, notice: Notice, *, final: bool = False) -> Notice:
    """Try to send a notice in vain, and return how it stands then."""
    taken = take(store, notice, written=True)
    assert taken is not None
    with store.write() as db:
        notices.finish(db, taken, "451 4.3.0 later", sent=False, final=final)
    return row(store, notice)


def row(store: Store, notice: Notice) -> Notice:
    with store.read() as db:
        return db.get_one(Notice, notice.id)


def due(store: Store) -> list[tuple[str, int]]:
    with store.read() as db:
        return sorted(notices.due(db, clocks.now()))


def test_of_many_workers_at_once_one_takes_a_notice(store: Store, anna: Notice) -> None:
    for written in (False, True):
        with ThreadPoolExecutor(4) as pool:
            taken = list(pool.map(lambda _, w=written: take(store, anna, written=w), range(8)))
        assert len([each for each in taken if each]) == 1
        write(store, anna)


def test_a_crash_between_writing_and_sending_repeats_only_the_sending(
    store: Store, anna: Notice, clock: Traveller
) -> None:
    assert take(store, anna)
    write(store, anna, b"the first")
    assert take(store, anna, written=True)  # and here the worker dies
    assert (SEND, anna.id) not in due(store)
    clock.shift(MINUTE)
    assert (SEND, anna.id) in due(store)
    assert take(store, anna) is None
    write(store, anna, b"the second")
    again = take(store, anna, written=True)
    assert again is not None
    assert again.content == b"the first"


@on_sqlite
def test_a_crash_before_it_is_written_repeats_the_writing(
    store: Store, anna: Notice, clock: Traveller
) -> None:
    assert take(store, anna)
    assert take(store, anna) is None
    clock.shift(MINUTE)
    assert take(store, anna)


@on_sqlite
def test_a_notice_that_cannot_be_sent_is_tried_later_and_given_up_after_two_days(
    store: Store, anna: Notice, clock: Traveller
) -> None:
    write(store, anna)
    waits = []
    while (at := fail(store, anna).try_at) is not None:
        waits.append((at - clocks.now()) / MINUTE)
        assert take(store, anna, written=True) is None
        clock.move_to(at)
    assert waits[:8] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert timedelta(0) < clocks.now() - NOON - 2 * DAY <= timedelta(hours=1)
    assert (row(store, anna).sent_at, row(store, anna).reply) == (None, "451 4.3.0 later")


@on_sqlite
def test_a_final_refusal_is_not_tried_again(store: Store, anna: Notice) -> None:
    write(store, anna)
    assert fail(store, anna, final=True).try_at is None


@on_sqlite
def test_a_notice_that_was_sent_is_not_sent_again(
    store: Store, anna: Notice, clock: Traveller
) -> None:
    sent(store, anna)
    clock.shift(DAY)
    assert take(store, anna, written=True) is None
    assert row(store, anna).sent_at == NOON
