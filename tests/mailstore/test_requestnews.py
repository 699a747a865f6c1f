from collections.abc import Sequence
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import delete, update

from mailstore import accounts, clock, requestnews
from mailstore.accounts import Account
from mailstore.domains import Domain, Takes
from mailstore.mailboxes import Mailbox, MailboxAccess, MailboxAddress, Right
from mailstore.requests import ReleaseRequest
from mailstore.store import Store
from tests.factories import ANNA, BEAT, a_mailbox, an_account
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


def answered(store: Store, request: ReleaseRequest) -> tuple[str, str, tuple[str | None, ...]]:
    """Return who is told of an answer, where, and in which languages."""
    with store.read() as db:
        reader = requestnews.person_of(db, seen(store, request))
    assert reader
    return reader.name, str(reader.recipient.address), reader.languages


@pytest.fixture
def info(store: Store, anna: Mailbox) -> Mailbox:
    """Return a mailbox of several people, to which Anna may look."""
    with store.write() as db:
        info = a_mailbox(db, "info@muster.example", name="Info")
        account = an_account(db, anna)
        account.language = "it"
        accounts.grant(db, account.id, info.id, Right.DELEGATE)
    return info


def test_an_answer_goes_to_whoever_asked_and_not_to_the_mailbox(
    store: Store, info: Mailbox
) -> None:
    request = a_request(store, risky(store, info), by=ANNA)
    assert answered(store, request) == ("Anna", ANNA, ("it", None, "de"))


@pytest.mark.parametrize("gone", ["account", "access", "address", "switched off"])
def test_an_answer_goes_to_the_mailbox_where_whoever_asked_sees_it_no_more(
    store: Store, anna: Mailbox, info: Mailbox, gone: str
) -> None:
    request = a_request(store, risky(store, info), by=ANNA)
    deeds = {
        "account": update(Account).values(email="other@muster.example"),
        "access": delete(MailboxAccess).where(MailboxAccess.mailbox_id == info.id),
        "address": update(Mailbox).where(Mailbox.id == anna.id).values(active=False),
        "switched off": update(Account).values(active=False),
    }
    with store.write() as db:
        db.execute(deeds[gone])
        db.execute(update(Mailbox).where(Mailbox.id == info.id).values(language="fr"))
    assert answered(store, request)[:2] == ("Info", info.address)


def test_an_answer_never_goes_to_a_catch_all_in_place_of_whoever_asked(
    store: Store, anna: Mailbox, info: Mailbox
) -> None:
    request = a_request(store, risky(store, info), by=ANNA)
    with store.write() as db:
        db.execute(update(Domain).where(Domain.id == anna.domain_id).values(takes=Takes.ANY))
        db.execute(delete(MailboxAddress).where(MailboxAddress.key == ANNA))
    assert answered(store, request)[:2] == ("Info", info.address)


def test_an_answer_to_a_mailbox_speaks_its_language(store: Store, asked: ReleaseRequest) -> None:
    with store.write() as db:
        db.execute(update(Mailbox).where(Mailbox.address == ANNA).values(language="fr"))
    assert answered(store, asked) == ("Anna", ANNA, ("fr", "de"))
