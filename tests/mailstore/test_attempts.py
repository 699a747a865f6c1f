from datetime import timedelta

from sqlalchemy import func, select
from time_machine import Traveller

from mailstore import attempts
from mailstore.attempts import WINDOW, Attempt
from mailstore.store import Store

SECOND = timedelta(seconds=1)


def test_failures_are_counted_by_kind_and_key(store: Store) -> None:
    with store.write() as db:
        attempts.failed(db, "login", "anna", "192.0.2.1")
        attempts.failed(db, "login", "anna", "192.0.2.2")
        attempts.failed(db, "code", "anna")
        assert attempts.count(db, "login", "anna") == 2
        assert attempts.count(db, "login", "192.0.2.1") == 1
        assert attempts.count(db, "login", "beat") == 0


def test_a_failure_is_forgiven_after_the_window(store: Store, clock: Traveller) -> None:
    with store.write() as db:
        attempts.failed(db, "login", "anna")
        clock.shift(WINDOW - SECOND)
        assert attempts.count(db, "login", "anna") == 1
        assert attempts.count(db, "login", "anna", window=timedelta(minutes=1)) == 0
        clock.shift(SECOND)
        assert attempts.count(db, "login", "anna") == 0


def test_what_no_window_reaches_is_purged(store: Store, clock: Traveller) -> None:
    with store.write() as db:
        attempts.failed(db, "login", "anna")
        clock.shift(timedelta(hours=12))
        attempts.failed(db, "login", "anna")
        clock.shift(timedelta(hours=12, seconds=1))
        attempts.purge(db)
        assert db.scalar(select(func.count(Attempt.id))) == 1
