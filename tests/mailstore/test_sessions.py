from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from time_machine import Traveller

from mailstore import bearer, devices, sessions
from mailstore.accounts import Account
from mailstore.devices import LIFE, Device
from mailstore.sessions import ABSOLUTE, IDLE
from mailstore.signins import SignIn
from mailstore.store import Store
from tests import tries
from tests.factories import NOON, a_mailbox, an_account

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@pytest.fixture
def account(store: Store) -> Account:
    with store.write() as db:
        return an_account(db, a_mailbox(db))


def start(store: Store, account: Account) -> str:
    with store.write() as db:
        return sessions.start(db, account, "Firefox")


def lives(store: Store, token: str) -> bool:
    with store.read() as db:
        return tries.account_of(db, token) is not None


def see(store: Store, token: str) -> None:
    with store.write() as db:
        sessions.seen(db, token)


def needs_seen(db: Session, token: str) -> bool:
    found = sessions.living(db, token)
    assert found is not None
    return found.needs_seen


def test_a_session_leads_to_its_account(store: Store, account: Account) -> None:
    token = start(store, account)
    with store.read() as db:
        found = tries.account_of(db, token)
        assert found is not None
        assert found.id == account.id
        assert tries.account_of(db, bearer.new_token()) is None


def test_no_token_is_kept(store: Store, account: Account) -> None:
    token = start(store, account)
    with store.read() as db:
        assert token not in db.scalars(select(SignIn.token_hash)).one()


@pytest.mark.parametrize(
    ("after", "alive"), [(IDLE - SECOND, True), (IDLE, False)], ids=["in time", "too late"]
)
def test_an_idle_session_ends(
    store: Store, account: Account, after: timedelta, alive: bool, clock: Traveller
) -> None:
    token = start(store, account)
    clock.shift(after)
    assert lives(store, token) is alive


def test_a_busy_session_ends_all_the_same(store: Store, account: Account, clock: Traveller) -> None:
    token = start(store, account)
    for _ in range(ABSOLUTE // (20 * MINUTE) - 1):
        clock.shift(20 * MINUTE)
        see(store, token)
    clock.move_to(NOON + ABSOLUTE - SECOND)
    assert lives(store, token)
    clock.shift(SECOND)
    assert not lives(store, token)


def test_being_seen_is_written_once_a_minute(
    store: Store, account: Account, clock: Traveller
) -> None:
    with store.write() as db:
        token = sessions.start(db, account, "Firefox")
        clock.shift(MINUTE)
        assert not needs_seen(db, token)
        clock.shift(SECOND)
        assert needs_seen(db, token)
        sessions.seen(db, token)
        assert not needs_seen(db, token)


def test_an_ended_session_is_worth_nothing(store: Store, account: Account) -> None:
    token, other = start(store, account), start(store, account)
    with store.write() as db:
        sessions.end(db, token)
    assert not lives(store, token)
    assert lives(store, other)


def test_an_inactive_account_has_no_session(store: Store, account: Account) -> None:
    token = start(store, account)
    with store.write() as db:
        db.get_one(Account, account.id).active = False
    assert not lives(store, token)


@pytest.mark.parametrize(
    ("after", "known"),
    [(timedelta(0), True), (LIFE - SECOND, True), (LIFE, False)],
    ids=["at once", "after months", "after ninety days"],
)
def test_a_device_is_known_for_ninety_days(
    store: Store, account: Account, after: timedelta, known: bool, clock: Traveller
) -> None:
    token = bearer.new_token()
    with store.write() as db:
        devices.know(db, token, frozenset({1}), "Firefox")
    clock.shift(after)
    with store.read() as db:
        assert devices.is_known(db, token, 1) is known


def test_remembering_a_device_again_prolongs_it(
    store: Store, account: Account, clock: Traveller
) -> None:
    token = bearer.new_token()
    with store.write() as db:
        for _ in range(2):
            devices.know(db, token, frozenset({1}), "Firefox")
            clock.shift(LIFE - SECOND)
        assert devices.is_known(db, token, 1)
        assert len(db.scalars(select(Device)).all()) == 1


@pytest.mark.parametrize("token", [None, "", "guessed"])
def test_another_browser_and_another_mailbox_are_not_known(
    store: Store, account: Account, token: str | None
) -> None:
    known = bearer.new_token()
    with store.write() as db:
        devices.know(db, known, frozenset({1}), "Firefox")
        assert not devices.is_known(db, token, 1)
        assert not devices.is_known(db, known, 2)


def test_what_has_run_out_is_purged_and_nothing_else(
    store: Store, account: Account, clock: Traveller
) -> None:
    with store.write() as db:
        sessions.start(db, account, "old")
        devices.know(db, "old", frozenset({1}), "old")
    clock.shift(LIFE + SECOND)
    with store.write() as db:
        sessions.start(db, account, "new")
        devices.know(db, "new", frozenset({1}), "new")
        sessions.purge(db)
        devices.purge(db)
        assert db.scalars(select(SignIn.agent)).all() == ["new"]
        assert db.scalars(select(Device.agent)).all() == ["new"]
