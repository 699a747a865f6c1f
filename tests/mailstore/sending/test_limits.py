from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from time_machine import Traveller

from mailstore import tailoring
from mailstore.accounts import Account
from mailstore.domains import Domain
from mailstore.mailboxes import Mailbox
from mailstore.sending import blocks, limits
from mailstore.sending.counts import SendingBlock, SendingCount, Why
from mailstore.sending.submitters import Author
from mailstore.store import Store
from tests.databases import on_sqlite
from tests.factories import BEAT, a_domain, a_mailbox, an_account
from tests.mailstore.sending.senders import block, grow_old, of_mailbox, of_program, send

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _noon(clock: Traveller) -> None:
    assert clock


@pytest.fixture
def account(store: Store, anna: Mailbox) -> Account:
    with store.write() as db:
        return an_account(db, anna)


@pytest.fixture
def author(anna: Mailbox, account: Account) -> Author:
    return of_mailbox(anna)


@pytest.fixture
def old(store: Store, author: Author) -> Author:
    grow_old(store)
    return author


def all_sent(store: Store, author: Author, mails: Sequence[int]) -> bool:
    return not any(send(store, author, each) for each in mails)


def blocked(store: Store) -> list[SendingBlock]:
    with store.read() as db:
        return list(db.scalars(select(SendingBlock).order_by(SendingBlock.id)))


def test_a_new_account_sends_to_fifty_within_an_hour_and_is_blocked_beyond(
    store: Store, author: Author
) -> None:
    assert all_sent(store, author, [20, 29, 1])
    assert send(store, author, 1) == (
        "550 5.7.1 Bulk Policy Violation: too many recipients within an hour, "
        "blocked until 2026-11-24 15:01+01:00"
    )
    (found,) = blocked(store)
    assert (found.why, found.hour, found.day, found.unknown) == (Why.HOUR, 51, 51, 0)


def test_a_new_account_sends_to_fifty_more_in_the_next_hour_up_to_its_day(
    store: Store, author: Author, clock: Traveller
) -> None:
    for _ in range(4):
        assert all_sent(store, author, [50])
        clock.shift(HOUR)
    assert "within a day" in (send(store, author, 1) or "")


def test_an_account_is_new_for_a_week(store: Store, author: Author, clock: Traveller) -> None:
    clock.shift(7 * DAY - MINUTE)
    assert send(store, author, 51)
    clock.shift(DAY)
    assert all_sent(store, author, [51])


def test_others_send_to_five_hundred_a_day_and_to_two_hundred_at_once(
    store: Store, old: Author, clock: Traveller
) -> None:
    for count in (200, 0, 200, 0, 100):
        assert all_sent(store, old, [count])
        clock.shift(HOUR)
    assert "too many recipients within a day, blocked until 2026-11-25 13:01+01:00" in (
        send(store, old, 1) or ""
    )


@on_sqlite
def test_a_burst_is_blocked_though_the_day_has_room(store: Store, old: Author) -> None:
    assert "within an hour" in (send(store, old, 201) or "")


@on_sqlite
def test_after_a_day_there_is_room_again(store: Store, old: Author, clock: Traveller) -> None:
    for _ in range(3):
        assert all_sent(store, old, [166])
        clock.shift(HOUR)
    clock.shift(DAY - 3 * HOUR)
    assert all_sent(store, old, [166])


def test_a_blocked_sender_gets_the_same_answer_until_then_and_nothing_is_counted(
    store: Store, author: Author, clock: Traveller
) -> None:
    said = send(store, author, 51)
    for _ in range(3):
        assert send(store, author, 1) == said
    (found,) = blocked(store)
    clock.move_to(found.until)
    assert all_sent(store, author, [50])
    assert len(blocked(store)) == 1


@on_sqlite
def test_whoever_is_blocked_again_is_so_for_longer(
    store: Store, author: Author, clock: Traveller
) -> None:
    for _ in range(4):
        send(store, author, 51)
        clock.move_to(blocked(store)[-1].until)
    lasted = [each.until - each.since - MINUTE for each in blocked(store)]
    assert lasted == [2 * HOUR, 8 * HOUR, DAY, DAY]


@on_sqlite
def test_a_block_that_was_lifted_makes_no_other_longer(store: Store, author: Author) -> None:
    for _ in range(2):
        found = block(store, author)
        with store.write() as db:
            assert blocks.lift(db, author.tenant_id, found.block.id, by="beat")
    lasted = [each.until - each.since for each in blocked(store)]
    assert lasted == [2 * HOUR + MINUTE] * 2


def test_twenty_recipients_may_be_unknown_within_an_hour(
    store: Store, author: Author, clock: Traveller
) -> None:
    assert send(store, author, 1, 20) is None
    clock.shift(HOUR)
    assert send(store, author, 1, 20) is None
    assert "too many unknown recipients" in (send(store, author, 1, 1) or "")
    assert [(each.why, each.unknown) for each in blocked(store)] == [(Why.UNKNOWN, 21)]


def test_recipients_that_prove_unknown_later_count_with_those(store: Store, author: Author) -> None:
    send(store, author, 1, 15)
    with store.write() as db:
        limits.note_unknown(db, author, 5)
        assert limits.blocked_until(db, author) is None
        for _ in range(2):
            limits.note_unknown(db, author, 1)
    (found,) = blocked(store)
    with store.read() as db:
        assert limits.blocked_until(db, author) == found.until


def test_processes_that_count_at_the_same_time_let_none_slip_past(
    store: Store, author: Author
) -> None:
    with ThreadPoolExecutor(4) as pool:
        said = list(pool.map(lambda _: send(store, author, 5), range(16)))
    assert said.count(None) == 10
    assert len(blocked(store)) == 1


@on_sqlite
def test_all_addresses_of_a_mailbox_are_one_sender_and_other_mailboxes_are_others(
    store: Store, anna: Mailbox, author: Author
) -> None:
    with store.write() as db:
        alias = a_domain(db, "alias.example")
        other = a_mailbox(db, BEAT)
    elsewhere = Author(author.address, author.tenant_id, alias.id, anna.id)
    assert all_sent(store, author, [50])
    assert send(store, elsewhere, 1)
    assert all_sent(store, of_mailbox(other, BEAT), [50])


def test_programs_of_a_domain_are_one_sender_whatever_their_address(
    store: Store, anna: Mailbox
) -> None:
    with store.write() as db:
        domain = db.get_one(Domain, anna.domain_id)
        other = a_domain(db, "there.example")
    assert all_sent(store, of_program(domain), [50])
    assert send(store, of_program(domain, "news"), 1)
    assert all_sent(store, of_mailbox(anna), [1])
    assert all_sent(store, of_program(other), [50])


def test_an_operator_sets_other_limits_for_one_domain(store: Store, anna: Mailbox) -> None:
    with store.write() as db:
        domain = db.get_one(Domain, anna.domain_id)
        tailoring.tailor(db, domain, {"send_hour_new": 80, "send_day_new": 90}, by="operator")
    for author in (of_mailbox(anna), of_program(domain)):
        assert all_sent(store, author, [80])
        assert send(store, author, 1)


@on_sqlite
def test_what_no_limit_counts_is_purged(store: Store, author: Author, clock: Traveller) -> None:
    for _ in range(2):
        send(store, author, 1)
        clock.shift(DAY + HOUR)
    with store.write() as db:
        limits.purge(db)
        assert db.scalar(select(func.count()).select_from(SendingCount)) == 1
        clock.shift(MINUTE)
        limits.purge(db)
        assert db.scalar(select(func.count()).select_from(SendingCount)) == 0
