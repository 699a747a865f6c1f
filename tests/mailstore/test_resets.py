from datetime import timedelta

import pytest
from sqlalchemy import select
from time_machine import Traveller

from mailstore import clock as ours
from mailstore import passwords, resets
from mailstore.accounts import Account
from mailstore.resets import KEPT, LIFE, MOST, TRY_AGAIN, Reset
from mailstore.store import Store
from tests.factories import RecordedJobs, a_mailbox, an_account

SECOND = timedelta(seconds=1)
TOKEN = "a token"  # noqa: S105 (of these tests)


@pytest.fixture
def account(store: Store) -> Account:
    with store.write() as db:
        return an_account(db, a_mailbox(db))


@pytest.fixture
def asked(clock: Traveller, store: Store, account: Account) -> int:
    with store.write() as db:
        assert resets.ask(db, account)
        return db.scalars(select(Reset.id)).one()


@pytest.fixture
def written(store: Store, asked: int) -> int:
    with store.write() as db:
        assert resets.written(db, asked, TOKEN)
    return asked


def opens(store: Store) -> bool:
    with store.read() as db:
        return resets.account_of(db, TOKEN) is not None


def use(store: Store) -> bool:
    with store.write() as db:
        return resets.use(db, TOKEN) is not None


def test_asking_wants_a_mail_at_once(store: Store, asked: int, jobs: RecordedJobs) -> None:
    assert jobs.asked == [("write_reset", asked)]
    with store.read() as db:
        assert resets.due(db, ours.now()) == [asked]


def test_three_an_hour_are_begun(clock: Traveller, store: Store, account: Account) -> None:
    with store.write() as db:
        assert [resets.ask(db, account) for _ in range(MOST + 1)] == [True] * MOST + [False]
        clock.shift(timedelta(hours=1))
        assert resets.ask(db, account)


def test_whoever_takes_it_has_a_minute(clock: Traveller, store: Store, asked: int) -> None:
    with store.write() as db:
        assert resets.take(db, asked) is not None
        assert resets.take(db, asked) is None
        clock.shift(TRY_AGAIN)
        assert resets.take(db, asked) is not None


def test_what_is_written_is_not_due_and_not_written_again(store: Store, written: int) -> None:
    with store.write() as db:
        assert resets.due(db, ours.now() + TRY_AGAIN) == []
        assert resets.take(db, written) is None
        assert not resets.written(db, written, "another")
        assert db.scalars(select(Reset.token_hash)).one() != TOKEN
    assert opens(store)


def test_a_token_is_used_once(store: Store, written: int) -> None:
    assert (opens(store), use(store), use(store), opens(store)) == (True, True, False, False)


@pytest.mark.parametrize(("after", "alive"), [(LIFE - SECOND, True), (LIFE, False)])
def test_a_token_lives_for_an_hour(
    clock: Traveller, store: Store, written: int, after: timedelta, alive: bool
) -> None:
    clock.shift(after)
    assert opens(store) is alive
    assert use(store) is alive


def test_any_new_password_ends_what_is_open(store: Store, account: Account, written: int) -> None:
    with store.write() as db:
        resets.ask(db, account)
        passwords.set_hash(db, account, "$new", by="test")
        assert resets.due(db, ours.now()) == []
    assert not opens(store)
    assert not use(store)


def test_a_mail_that_comes_too_late_is_not_written(
    clock: Traveller, store: Store, asked: int
) -> None:
    clock.shift(LIFE)
    with store.write() as db:
        assert resets.due(db, ours.now()) == []
        assert resets.take(db, asked) is None
        assert not resets.written(db, asked, TOKEN)


def test_an_account_that_is_turned_off_gets_no_password(
    store: Store, account: Account, written: int
) -> None:
    with store.write() as db:
        db.get_one(Account, account.id).active = False
    assert not opens(store)
    assert not use(store)


def test_what_ended_long_ago_is_purged(clock: Traveller, store: Store, written: int) -> None:
    clock.shift(KEPT)
    with store.write() as db:
        resets.purge(db)
        assert len(db.scalars(select(Reset.id)).all()) == 1
        clock.shift(LIFE + SECOND)
        resets.purge(db)
        assert db.scalars(select(Reset.id)).all() == []
