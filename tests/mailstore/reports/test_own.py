from datetime import UTC, datetime, time
from typing import Any

import pytest
from sqlalchemy import select
from time_machine import Traveller

from mailstore import accounts, policies
from mailstore.accounts import Account
from mailstore.errors import BadName
from mailstore.events import Event
from mailstore.mailboxes import Mailbox, Right
from mailstore.policies import PolicyRow
from mailstore.reports import own
from mailstore.reports.times import Schedule
from mailstore.store import Store
from tests.factories import ANNA, BEAT, a_held_delivery, a_mailbox, an_account
from tests.reporting import keep_due

NINE, HALF_PAST_FOUR = time(9), time(16, 30)


@pytest.fixture
def anna(store: Store, clock: Traveller) -> Mailbox:
    """Return Anna's mailbox; it is one in the afternoon in Zurich."""
    with store.write() as db:
        return a_mailbox(db)


@pytest.fixture
def account(store: Store, anna: Mailbox) -> Account:
    with store.write() as db:
        return an_account(db, anna)


def under(store: Store, mailbox: Mailbox, **values: Any) -> None:
    """Put a mailbox under a policy with these values."""
    with store.write() as db:
        row = PolicyRow(name="own", values=values, parent_id=policies.recommended(db).id)
        db.add(row)
        db.flush()
        db.get_one(Mailbox, mailbox.id).policy_id = row.id


def choose(store: Store, mailbox: Mailbox, *times: time) -> bool:
    with store.write() as db:
        return own.choose(db, mailbox.id, times, "", by="anna")


def due(store: Store, mailbox: Mailbox) -> datetime | None:
    with store.read() as db:
        return db.get_one(Mailbox, mailbox.id).report_due_at


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("times", "kept", "next_one"),
    [
        ([HALF_PAST_FOUR], "16:30", "2026-11-24 15:30"),
        ([HALF_PAST_FOUR, NINE], "09:00,16:30", "2026-11-24 15:30"),
        ([time(7)], "07:00", "2026-11-25 06:00"),
        ([NINE, NINE], "09:00", "2026-11-25 08:00"),
        ([], "", "2026-11-25 08:00"),
    ],
    ids=["afternoon", "two", "tomorrow", "the same twice", "as the policy says"],
)
def test_own_times_are_kept_and_the_next_report_is_due_by_them(
    store: Store, anna: Mailbox, times: list[time], kept: str, next_one: str
) -> None:
    assert choose(store, anna, *times)
    with store.read() as db:
        assert db.get_one(Mailbox, anna.id).report_at == kept
        (event,) = db.scalars(select(Event).where(Event.kind == "report_times_set"))
    assert (event.mailbox_id, event.detail) == (anna.id, {"times": kept, "days": ""})
    assert due(store, anna) == at(next_one)


def test_after_a_report_the_next_one_is_due_at_the_own_time(
    store: Store, anna: Mailbox, clock: Traveller
) -> None:
    choose(store, anna, NINE, HALF_PAST_FOUR)
    a_held_delivery(store, anna)
    for now, next_one in (("2026-11-24 15:30", "2026-11-25 08:00"),
                          ("2026-11-25 08:00", "2026-11-25 15:30")):  # fmt: skip
        clock.move_to(at(now))
        keep_due(store, anna)
        assert due(store, anna) == at(next_one)


def test_three_times_a_day_are_too_many(store: Store, anna: Mailbox) -> None:
    with pytest.raises(BadName, match="2 times a day"):
        choose(store, anna, NINE, HALF_PAST_FOUR, time(20))


@pytest.mark.parametrize("values", [{"report_choice": False}, {"report": False}])
def test_where_the_policy_leaves_no_choice_nothing_changes(
    store: Store, anna: Mailbox, values: dict[str, bool]
) -> None:
    under(store, anna, **values)
    before = due(store, anna)
    assert not choose(store, anna, HALF_PAST_FOUR)
    assert due(store, anna) == before


def test_own_times_count_no_more_once_the_policy_takes_the_choice_away(
    store: Store, anna: Mailbox, account: Account, clock: Traveller
) -> None:
    choose(store, anna, HALF_PAST_FOUR)
    under(store, anna, report_choice=False, report_at="08:00")
    with store.read() as db:
        (found,) = own.of_owner(db, account.id)
    assert not found.is_own
    assert found.wanted == found.of_policy == Schedule([time(8)])
    clock.move_to(at("2026-11-24 15:30"))
    keep_due(store, anna)
    assert due(store, anna) == at("2026-11-25 07:00")


def test_only_the_owner_of_a_mailbox_is_asked(
    store: Store, anna: Mailbox, account: Account
) -> None:
    with store.write() as db:
        beat = a_mailbox(db, BEAT)
        accounts.grant(db, account.id, beat.id, Right.DELEGATE)
    with store.read() as db:
        assert [each.mailbox.address for each in own.of_owner(db, account.id)] == [ANNA]
        assert own.one_of_owner(db, account.id, beat.id) is None
