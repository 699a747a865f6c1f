from datetime import timedelta

import pytest
from sqlalchemy import func, select
from time_machine import Traveller

from mailstore import attempts
from mailstore.attempts import WINDOW, Attempt, Limit
from mailstore.store import Store
from tests import tries

SECOND = timedelta(seconds=1)


def test_failures_are_counted_by_kind_and_key(store: Store) -> None:
    with store.write() as db:
        tries.failed(db, "login", "anna", "192.0.2.1")
        tries.failed(db, "login", "anna", "192.0.2.2")
        tries.failed(db, "code", "anna")
        assert tries.count(db, "login", "anna") == 2
        assert tries.count(db, "login", "192.0.2.1") == 1
        assert tries.count(db, "login", "beat") == 0


def test_a_failure_is_forgiven_after_the_window(store: Store, clock: Traveller) -> None:
    with store.write() as db:
        tries.failed(db, "login", "anna")
        clock.shift(WINDOW - SECOND)
        assert tries.count(db, "login", "anna") == 1
        assert tries.count(db, "login", "anna", window=timedelta(minutes=1)) == 0
        clock.shift(SECOND)
        assert tries.count(db, "login", "anna") == 0


def test_what_no_window_reaches_is_purged(store: Store, clock: Traveller) -> None:
    with store.write() as db:
        tries.failed(db, "login", "anna")
        clock.shift(timedelta(hours=24))
        tries.failed(db, "login", "anna")
        clock.shift(timedelta(hours=24, seconds=1))
        attempts.purge(db)
        assert db.scalar(select(func.count(Attempt.id))) == 1


def begun(store: Store, *limits: Limit) -> attempts.Begun:
    with store.write() as db:
        return attempts.begin(db, "login", limits)


def test_a_try_counts_before_it_is_looked_at_and_is_taken_back_if_it_was_right(
    store: Store, clock: Traveller
) -> None:
    both = (Limit("anna", 2), Limit("192.0.2.1", 9))
    first, second = begun(store, *both), begun(store, *both)
    assert begun(store, *both).wait == WINDOW
    with store.write() as db:
        attempts.take_back(db, first)
        assert tries.count(db, "login", "anna") == tries.count(db, "login", "192.0.2.1") == 1
    assert begun(store, *both).wait is None
    assert second.wait is None


def test_a_full_limit_counts_for_none_of_the_keys(store: Store, clock: Traveller) -> None:
    begun(store, Limit("anna", 1))
    clock.shift(SECOND)
    assert begun(store, Limit("anna", 1), Limit("192.0.2.1", 9)).wait == WINDOW - SECOND
    with store.read() as db:
        assert tries.count(db, "login", "192.0.2.1") == 0


def test_there_is_room_as_soon_as_the_oldest_that_counts_is_forgiven(
    store: Store, clock: Traveller
) -> None:
    for _ in range(3):
        begun(store, Limit("anna", 3))
        clock.shift(60 * SECOND)
    waits = begun(store, Limit("anna", 3)).wait
    assert waits == WINDOW - 180 * SECOND
    clock.shift(waits)
    assert begun(store, Limit("anna", 3)).wait is None
    assert begun(store, Limit("anna", 3)).wait == 60 * SECOND


@pytest.mark.parametrize(
    ("address", "network"),
    [("192.0.2.1", "192.0.2.1"), ("::ffff:192.0.2.1", "192.0.2.1"),
     ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"), ("fe80::1%eth0", "fe80::/64"), ("", ""),
     ("unix:", "unix:")],
)  # fmt: skip
def test_what_counts_as_one_network(address: str, network: str) -> None:
    assert attempts.network_of(address) == network
