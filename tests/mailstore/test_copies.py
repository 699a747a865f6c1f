from datetime import timedelta

import pytest
from sqlalchemy import select, update
from time_machine import Traveller

from mailstore import claims, copies, folders, marks, tenants
from mailstore.deliveries import Delivery, Outcome, Result, State
from mailstore.events import Event
from mailstore.folders import Folder
from mailstore.mailboxes import Mailbox
from mailstore.marks import MarkDeed
from mailstore.messages import Message
from mailstore.pages import Page
from mailstore.retries import Retries
from mailstore.scope import NOTHING, Scope
from mailstore.store import Store
from tests.factories import NOON, RecordedJobs, a_held_delivery, an_accepted

RETRIES = Retries(timedelta(minutes=5), timedelta(days=5), timedelta(days=30))


@pytest.fixture
def copy(store: Store, anna: Mailbox, jobs: RecordedJobs) -> Delivery:
    accepted = an_accepted(store, anna)
    jobs.asked.clear()
    return accepted


def deliver(store: Store, delivery: Delivery, result: Result = Result.SENT) -> None:
    """Make an attempt for whatever is due on the lane."""
    with store.write() as db:
        claimed = claims.claim(
            db, delivery.lane_id, limit=9, lease=timedelta(minutes=5), retries=RETRIES
        )
        for each in claimed:
            assert claims.finish(db, each, Outcome(result, ""), RETRIES)


def resend(store: Store, scope: Scope, delivery: Delivery) -> bool:
    with store.write() as db:
        return copies.resend(db, scope, delivery.id, by="anna")


def inbox(store: Store, scope: Scope) -> list[int]:
    with store.read() as db:
        return [each.id for each in folders.listed(db, scope, Folder.INBOX, Page())]


def all_of(store: Store) -> list[Delivery]:
    with store.read() as db:
        return list(db.scalars(select(Delivery).order_by(Delivery.id)))


def test_the_inbox_shows_received_mail_newest_first(store: Store, anna: Mailbox) -> None:
    ids = [an_accepted(store, anna, at=NOON + timedelta(minutes=each)).id for each in range(3)]
    a_held_delivery(store, anna)
    assert inbox(store, Scope(anna.tenant_id)) == ids[::-1]
    assert inbox(store, NOTHING) == []
    assert inbox(store, Scope(anna.tenant_id, frozenset({anna.id + 1}))) == []


def test_mail_still_on_its_way_is_not_sent_again(
    store: Store, scope: Scope, copy: Delivery, jobs: RecordedJobs
) -> None:
    assert not resend(store, scope, copy)
    assert jobs.asked == []


@pytest.mark.parametrize("result", [Result.SENT, Result.REFUSED])
def test_mail_that_arrived_or_failed_is_sent_again_once_at_a_time(
    store: Store, scope: Scope, copy: Delivery, jobs: RecordedJobs, result: Result
) -> None:
    for _ in range(2):
        deliver(store, copy, result)
        assert [resend(store, scope, copy), resend(store, scope, copy)] == [True, False]
    assert jobs.asked == [("drain", copy.lane_id)] * 2
    first, second, third = all_of(store)
    assert [second.resend_of, third.resend_of] == [first.id, second.id]
    assert (third.recipient, third.message_id) == (first.recipient, first.message_id)


def test_a_resent_mail_is_due_at_once_and_does_not_show_twice(
    clock: Traveller, store: Store, scope: Scope, copy: Delivery
) -> None:
    deliver(store, copy)
    clock.shift(timedelta(days=6))
    assert resend(store, scope, copy)
    again = all_of(store)[-1]
    assert (again.state, again.next_attempt_at) == (State.QUEUED, NOON + timedelta(days=6))
    assert inbox(store, scope) == [copy.id]
    deliver(store, copy, Result.TRY_LATER)
    assert all_of(store)[-1].state is State.QUEUED


def test_erased_mail_cannot_be_sent_again(store: Store, scope: Scope, copy: Delivery) -> None:
    deliver(store, copy)
    with store.write() as db:
        db.execute(update(Message).values(pack=None))
    assert not resend(store, scope, copy)


def test_mail_past_its_last_day_cannot_be_sent_again(
    store: Store, scope: Scope, copy: Delivery, clock: Traveller
) -> None:
    deliver(store, copy)
    clock.move_to(copy.accepted_at + timedelta(days=8))
    assert not resend(store, scope, copy)


@pytest.mark.parametrize("other", [NOTHING, Scope(1, frozenset())], ids=["nothing", "no mailbox"])
def test_what_is_out_of_scope_is_neither_sent_nor_shown(
    store: Store, copy: Delivery, other: Scope
) -> None:
    deliver(store, copy)
    assert not resend(store, other, copy)
    with store.write() as db:
        assert copies.look(db, other, copy.id) is None


def test_with_the_webmail_off_only_waiting_mail_is_shown(
    store: Store, anna: Mailbox, scope: Scope, copy: Delivery
) -> None:
    deliver(store, copy)
    waiting = an_accepted(store, anna)
    with store.write() as db:
        tenants.switch_webmail(db, anna.tenant_id, on=False, by="root")
        assert copies.look(db, scope, copy.id) is None
    assert inbox(store, scope) == [waiting.id]
    assert not resend(store, scope, copy)


def test_waiting_mail_is_counted(store: Store, anna: Mailbox, scope: Scope) -> None:
    for _ in range(3):
        an_accepted(store, anna)
    a_held_delivery(store, anna)
    with store.read() as db:
        assert copies.waiting(db, scope) == 3
        assert copies.waiting(db, NOTHING) == 0


def test_what_a_person_does_is_in_the_log(store: Store, scope: Scope, copy: Delivery) -> None:
    deliver(store, copy)
    resend(store, scope, copy)
    with store.write() as db:
        for deed in MarkDeed:
            marks.do(db, scope, deed, [copy.id], by="anna")
        logged = db.execute(select(Event.kind, Event.by).where(Event.delivery_id == copy.id)).all()
    assert [tuple(each) for each in logged] == [
        ("delivered", "worker"), ("resent", "anna"), ("hidden", "anna"),
        ("unhidden", "anna"), ("pinned", "anna"), ("unpinned", "anna"),
    ]  # fmt: skip
