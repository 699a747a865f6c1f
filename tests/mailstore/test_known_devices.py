from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from time_machine import Traveller

from mailstore import accounts, codes, devices, people, roles, sessions
from mailstore.accounts import Account
from mailstore.codes import CodeKind
from mailstore.devices import LIFE
from mailstore.events import Event
from mailstore.mailboxes import Mailbox, Right
from mailstore.reports import links
from mailstore.reports.rows import Link
from mailstore.sessions import ABSOLUTE, IDLE
from mailstore.store import Store
from tests import tries
from tests.factories import BEAT, a_mailbox, an_account
from tests.reporting import keep

BROWSER, OTHER = "a browser", "another browser"


@pytest.fixture
def beat(store: Store, anna: Mailbox) -> Mailbox:
    with store.write() as db:
        return a_mailbox(db, BEAT)


@pytest.fixture
def account(store: Store, anna: Mailbox) -> Account:
    with store.write() as db:
        return an_account(db, anna)


def know(store: Store, token: str, *mailboxes: Mailbox) -> None:
    with store.write() as db:
        devices.know(db, token, frozenset(each.id for each in mailboxes), token)


def test_an_account_knows_the_browsers_of_the_mailboxes_that_it_owns(
    store: Store, account: Account, anna: Mailbox, beat: Mailbox
) -> None:
    know(store, BROWSER, anna)
    know(store, OTHER, beat)
    with store.write() as db:
        accounts.grant(db, account.id, beat.id, Right.DELEGATE)
        assert devices.knows(db, BROWSER, account.id)
        for token, whose in ((OTHER, account.id), (None, account.id), (BROWSER, None)):
            assert not devices.knows(db, token, whose)


def test_a_browser_is_known_for_ninety_days(
    clock: Traveller, store: Store, account: Account, anna: Mailbox
) -> None:
    know(store, BROWSER, anna)
    clock.shift(LIFE)
    with store.read() as db:
        assert not devices.knows(db, BROWSER, account.id)
        assert devices.of_mailboxes(db, [anna.id]) == []


def test_a_browser_is_forgotten_by_all_of_ones_mailboxes_and_by_no_others(
    store: Store, account: Account, anna: Mailbox, beat: Mailbox
) -> None:
    with store.write() as db:
        eve = a_mailbox(db, "eve@muster.example")
    know(store, BROWSER, anna, beat, eve)
    know(store, OTHER, anna)
    with store.write() as db:
        first = next(each for each in devices.of_mailboxes(db, [anna.id]) if each.agent == BROWSER)
        assert devices.forget(db, [anna.id, beat.id], first.id)
        assert not devices.forget(db, [anna.id, beat.id], first.id)
        assert [each.agent for each in devices.of_mailboxes(db, [anna.id, beat.id])] == [OTHER]
        assert devices.is_known(db, BROWSER, eve.id)


def test_a_browser_of_somebody_else_cannot_be_forgotten(
    store: Store, account: Account, anna: Mailbox, beat: Mailbox
) -> None:
    know(store, BROWSER, beat)
    with store.write() as db:
        (theirs,) = devices.of_mailboxes(db, [beat.id])
        assert not devices.forget(db, [anna.id], theirs.id)
        assert devices.is_known(db, BROWSER, beat.id)


def test_one_of_several_sessions_is_ended_by_its_owner_only(
    store: Store, account: Account, beat: Mailbox
) -> None:
    with store.write() as db:
        other = an_account(db, beat)
        tokens = [sessions.start(db, account, "Firefox") for _ in range(2)]
        last, _ = sessions.of_account(db, account.id)
        assert not sessions.end_one(db, other.id, last.id)
        assert sessions.end_one(db, account.id, last.id)
        assert not sessions.end_one(db, account.id, last.id)
        assert [tries.account_of(db, token) is None for token in tokens] == [False, True]


@pytest.mark.parametrize("after", [IDLE, ABSOLUTE], ids=["idle", "old"])
def test_sessions_that_ended_by_themselves_are_not_listed(
    clock: Traveller, store: Store, account: Account, after: object
) -> None:
    with store.write() as db:
        sessions.start(db, account, "Firefox")
    clock.shift(after)  # type: ignore[arg-type]  # a timedelta
    with store.read() as db:
        assert sessions.of_account(db, account.id) == []


def test_logging_out_everywhere_leaves_nothing_that_lets_anybody_in(
    store: Store, account: Account, anna: Mailbox, beat: Mailbox
) -> None:
    know(store, BROWSER, anna, beat)
    for mailbox in (anna, beat):
        keep(store, mailbox)
    with store.write() as db:
        token = sessions.start(db, account, "Firefox")
        sessions.log_out_everywhere(db, account, by="anna")
        assert tries.account_of(db, token) is None
        assert not devices.is_known(db, BROWSER, anna.id)
        assert devices.is_known(db, BROWSER, beat.id)
        kinds = set(db.scalars(select(Event.kind).where(Event.by == "anna")))
    assert open_to(store) == {beat.id}
    assert kinds >= {"sessions_ended", "logged_out_everywhere"}


def let_in(store: Store, account: Account, anna: Mailbox, beat: Mailbox) -> None:
    """Let Anna's browser be known to her mailbox and to a lent one, and keep a report of each."""
    know(store, BROWSER, anna, beat)
    know(store, OTHER, beat)
    with store.write() as db:
        accounts.grant(db, account.id, beat.id, Right.DELEGATE)
    for mailbox in (anna, beat):
        keep(store, mailbox)


def open_to(store: Store) -> set[int]:
    """Return the mailboxes that links of reports lead to."""
    with store.read() as db:
        found = [links.alive(db, each) for each in db.scalars(select(Link.id))]
        return {link.mailbox_id for link, ended in filter(None, found) if not ended}


def disable(db: Session, account: Account) -> None:
    roles.set_active(db, account, on=False, by="test")


def start_over(db: Session, account: Account) -> None:
    people.start_over(db, account, codes.fresh(CodeKind.EMERGENCY), by="test")


def log_out(db: Session, account: Account) -> None:
    sessions.log_out_everywhere(db, account, by="test")


@pytest.mark.parametrize("ends", [disable, start_over, log_out], ids=lambda each: each.__name__)
def test_whoever_is_shut_out_gets_in_by_no_device_and_no_link(
    store: Store,
    account: Account,
    anna: Mailbox,
    beat: Mailbox,
    ends: Callable[[Session, Account], object],
) -> None:
    let_in(store, account, anna, beat)
    with store.write() as db:
        ends(db, db.get_one(Account, account.id))
        assert not devices.is_known(db, BROWSER, anna.id)
        assert not devices.is_known(db, BROWSER, beat.id)
        assert devices.is_known(db, OTHER, beat.id)
    assert open_to(store) == {beat.id}


def test_a_delegate_who_is_one_no_more_gets_in_by_no_device_and_no_link(
    store: Store, account: Account, anna: Mailbox, beat: Mailbox
) -> None:
    let_in(store, account, anna, beat)
    with store.write() as db:
        accounts.remove_delegate(db, account, db.get_one(Mailbox, beat.id), by="test")
        assert devices.of_mailboxes(db, [beat.id]) == []
        assert devices.is_known(db, BROWSER, anna.id)
    assert open_to(store) == {anna.id}


def test_a_browser_shows_another_token_from_each_sign_in_on(
    store: Store, anna: Mailbox, beat: Mailbox
) -> None:
    know(store, BROWSER, anna)
    with store.write() as db:
        token = devices.renew(db, BROWSER)
        assert token != BROWSER
        assert devices.is_known(db, token, anna.id)
        assert not devices.is_known(db, BROWSER, anna.id)
        assert devices.renew(db, None) not in (token, BROWSER)
