from collections.abc import Sequence
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import update

from mailstore import clock, requestnews
from mailstore.accounts import Account
from mailstore.mailboxes import Mailbox
from mailstore.requests import ReleaseRequest
from mailstore.store import Store
from tests.factories import ANNA, BEAT, a_mailbox
from tests.mailstore.requested import a_request, an_administrator, refuse, risky, seen

SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def _noon(clock: time_machine.Traveller) -> None:
    assert clock


@pytest.fixture
def anna(store: Store) -> Mailbox:
    with store.write() as db:
        return a_mailbox(db, name="Anna")


@pytest.fixture
def asked(store: Store, anna: Mailbox) -> ReleaseRequest:
    an_administrator(store)
    return a_request(store, risky(store, anna))


def due(store: Store) -> Sequence[int]:
    with store.read() as db:
        return requestnews.due(db, clock.now())


def take(store: Store, request: ReleaseRequest) -> ReleaseRequest | None:
    with store.write() as db:
        return requestnews.take(db, request.id)


def tell(store: Store, taken: ReleaseRequest | None) -> bool:
    assert taken
    with store.read() as db:
        news = requestnews.waiting(db, taken.tenant_id)
    with store.write() as db:
        return requestnews.told_administrators(db, taken, news)


def test_a_new_request_is_due_and_taken_by_one(store: Store, asked: ReleaseRequest) -> None:
    assert list(due(store)) == [asked.id]
    assert take(store, asked)
    assert take(store, asked) is None
    assert list(due(store)) == []


def test_what_a_worker_took_and_did_not_tell_comes_up_again(
    store: Store, asked: ReleaseRequest, clock: time_machine.Traveller
) -> None:
    take(store, asked)
    clock.shift(requestnews.TRY_AGAIN_AFTER)
    assert list(due(store)) == [asked.id]


def test_administrators_are_told_of_all_that_is_open_at_once(
    store: Store, anna: Mailbox, asked: ReleaseRequest
) -> None:
    more = a_request(store, risky(store, anna))
    assert tell(store, take(store, asked))
    assert take(store, more) is None
    assert list(due(store)) == []


def test_within_the_hour_nobody_is_told_again_and_after_it_once(
    store: Store, anna: Mailbox, asked: ReleaseRequest, clock: time_machine.Traveller
) -> None:
    tell(store, take(store, asked))
    clock.shift(timedelta(minutes=20))
    more = [a_request(store, risky(store, anna)) for _ in range(2)]
    assert [tell(store, take(store, each)) for each in more] == [False, False]
    clock.shift(timedelta(minutes=40) - SECOND)
    assert list(due(store)) == []
    clock.shift(SECOND)
    assert sorted(due(store)) == [each.id for each in more]
    assert tell(store, take(store, more[0]))
    assert list(due(store)) == []


def test_of_two_workers_with_a_request_each_one_tells(
    store: Store, anna: Mailbox, asked: ReleaseRequest
) -> None:
    more = a_request(store, risky(store, anna))
    first, second = take(store, asked), take(store, more)
    assert tell(store, first)
    assert not tell(store, second)
    assert list(due(store)) == []


def test_tenants_do_not_keep_each_other_waiting(store: Store, asked: ReleaseRequest) -> None:
    with store.write() as db:
        eve = a_mailbox(db, "eve@elsewhere.example")
    an_administrator(store, "root@elsewhere.example")
    other = a_request(store, risky(store, eve), by=eve.address)
    assert tell(store, take(store, asked))
    assert tell(store, take(store, other))


def test_an_answer_is_told_instead_of_a_request_that_waited_to_be(
    store: Store, asked: ReleaseRequest
) -> None:
    taken = take(store, asked)
    refuse(store, asked)
    assert not tell(store, taken)
    assert list(due(store)) == [asked.id]
    answered = take(store, asked)
    assert answered
    with store.write() as db:
        assert requestnews.told_person(db, answered)
        assert not requestnews.told_person(db, answered)
    assert list(due(store)) == []


def test_only_active_administrators_with_a_mailbox_here_are_told(
    store: Store, asked: ReleaseRequest
) -> None:
    gone = an_administrator(store, "carla@muster.example")
    lost = an_administrator(store, "dora@muster.example")
    with store.write() as db:
        db.execute(update(Account).where(Account.id == gone.id).values(active=False))
        db.execute(update(Mailbox).where(Mailbox.address == lost.email).values(active=False))
    with store.read() as db:
        news = requestnews.waiting(db, asked.tenant_id)
    assert [str(each.recipient.address) for each in news.readers] == [BEAT]


def test_an_answer_goes_to_the_mailbox_in_the_language_of_who_asked(
    store: Store, asked: ReleaseRequest
) -> None:
    with store.write() as db:
        db.execute(update(Mailbox).where(Mailbox.address == ANNA).values(language="fr"))
    with store.read() as db:
        reader = requestnews.person_of(db, seen(store, asked))
    assert reader
    assert (reader.name, str(reader.recipient.address)) == ("Anna", ANNA)
    assert reader.languages == (None, "fr", "de")
