from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update
from time_machine import Traveller

from mailstore import claims, leases
from mailstore.deliveries import Delivery, Outcome, Result, State
from mailstore.events import Event
from mailstore.lanes import Lane
from mailstore.retries import Retries
from mailstore.store import Store
from tests.factories import NOON, a_held_delivery, a_mailbox, an_accepted, let_go

pytestmark = pytest.mark.usefixtures("clock")

LEASE, SECOND = timedelta(minutes=5), timedelta(seconds=1)
RETRIES = Retries(timedelta(seconds=300), give_up=timedelta(days=5), at_most=timedelta(days=30))
SENT = Outcome(Result.SENT, "250 2.0.0 taken")
LATER = Outcome(Result.TRY_LATER, "451 4.3.0 later")
REFUSED = Outcome(Result.REFUSED, "550 5.1.1 nobody")
BROKEN = Outcome(Result.TRY_LATER, "closed", soon=True)


@pytest.fixture
def queued(store: Store) -> Delivery:
    with store.write() as db:
        mailbox = a_mailbox(db)
    return an_accepted(store, mailbox, at=NOON)


def claim(store: Store, lane_id: int = 1, *, limit: int = 50) -> Sequence[Delivery]:
    with store.write() as db:
        return claims.claim(db, lane_id, limit=limit, lease=LEASE, retries=RETRIES)


def finish(store: Store, delivery: Delivery, outcome: Outcome) -> bool:
    with store.write() as db:
        return claims.finish(db, delivery, outcome, RETRIES)


def row(store: Store, delivery: Delivery) -> Delivery:
    with store.read() as db:
        return db.get_one(Delivery, delivery.id)


def due(store: Store, at: datetime) -> bool:
    with store.read() as db:
        return bool(claims.due_lanes(db, at))


@pytest.mark.parametrize(
    ("attempts", "seconds"),
    [(0, 300), (1, 300), (2, 600), (3, 1200), (4, 2400), (5, 4000), (6, 4000), (10_000, 4000)],
)
def test_waits_double_up_to_4000_seconds(attempts: int, seconds: int) -> None:
    assert RETRIES.wait(attempts) == timedelta(seconds=seconds)


def test_a_claim_writes_the_next_attempt_before_this_one_is_made(
    store: Store, queued: Delivery
) -> None:
    (claimed,) = claim(store)
    found = row(store, queued)
    assert (found.attempts, found.fence, found.lease_until) == (1, 1, NOON + LEASE)
    assert found.next_attempt_at == NOON + RETRIES.first
    assert claimed.message.subject == "Plans"


def test_what_is_claimed_is_not_claimed_twice(store: Store, queued: Delivery) -> None:
    assert len(claim(store)) == 1
    assert claim(store) == []


def test_a_lost_worker_leaves_its_mail_to_the_next(
    store: Store, queued: Delivery, clock: Traveller
) -> None:
    (lost,) = claim(store)
    clock.shift(LEASE + SECOND)
    (taken,) = claim(store)
    assert not finish(store, lost, SENT)
    assert row(store, queued).state is State.QUEUED
    assert finish(store, taken, SENT)


def test_the_oldest_come_first_and_no_more_than_wanted(
    store: Store, queued: Delivery, clock: Traveller
) -> None:
    with store.write() as db:
        beat = a_mailbox(db, "beat@muster.example")
    older = an_accepted(store, beat, at=NOON - SECOND)
    later = an_accepted(store, beat, at=NOON + SECOND)
    clock.move_to(NOON + SECOND)
    assert [each.id for each in claim(store, limit=2)] == [older.id, queued.id]
    assert [each.id for each in claim(store)] == [later.id]


def test_another_lane_and_held_mail_are_not_claimed(store: Store, queued: Delivery) -> None:
    with store.write() as db:
        other = a_mailbox(db, "anna@other.example")
        lane = Lane(route="mail.other.example:25")
        db.add(lane)
        db.flush()
        db.execute(update(Delivery).values(lane_id=lane.id))
    a_held_delivery(store, other)
    assert claim(store, 1) == []
    assert len(claim(store, lane.id)) == 1


@pytest.mark.parametrize(
    ("outcome", "state", "event"),
    [
        (SENT, State.DELIVERED, "delivered"),
        (REFUSED, State.FAILED, "failed"),
        (LATER, State.QUEUED, "deferred"),
        (BROKEN, State.QUEUED, "deferred"),
    ],
    ids=["sent", "refused", "later", "broken"],
)
def test_an_outcome_is_recorded_with_its_event(
    store: Store, queued: Delivery, outcome: Outcome, state: State, event: str
) -> None:
    (claimed,) = claim(store)
    assert finish(store, claimed, outcome)
    found = row(store, queued)
    assert (found.state, found.reply, found.lease_until) == (state, outcome.reply, None)
    assert found.done_at == (None if state is State.QUEUED else NOON)
    with store.read() as db:
        logged = db.scalars(select(Event).where(Event.delivery_id == queued.id)).one()
    assert (logged.kind, logged.detail) == (event, {"reply": outcome.reply, "attempt": 1})


@pytest.mark.parametrize(
    ("outcome", "wait"),
    [(LATER, timedelta(seconds=300)), (BROKEN, timedelta(seconds=5))],
    ids=["refused for now", "connection broke"],
)
def test_mail_is_due_again_after_its_wait(
    store: Store, queued: Delivery, outcome: Outcome, wait: timedelta
) -> None:
    (claimed,) = claim(store)
    finish(store, claimed, outcome)
    assert not due(store, NOON + wait - SECOND)
    assert due(store, NOON + wait)


def test_a_finished_delivery_cannot_be_finished_again(store: Store, queued: Delivery) -> None:
    (claimed,) = claim(store)
    assert finish(store, claimed, SENT)
    assert not finish(store, claimed, REFUSED)
    assert row(store, queued).state is State.DELIVERED


@pytest.mark.parametrize(
    ("age", "state"),
    [(RETRIES.give_up, State.QUEUED), (RETRIES.give_up + SECOND, State.FAILED)],
    ids=["five days", "longer"],
)
def test_mail_that_is_put_off_too_long_fails(
    store: Store, queued: Delivery, age: timedelta, state: State, clock: Traveller
) -> None:
    clock.move_to(NOON + age)
    (claimed,) = claim(store)
    finish(store, claimed, LATER)
    assert row(store, queued).state is state


def test_mail_that_was_held_for_long_is_tried_as_often_as_any(
    store: Store, clock: Traveller
) -> None:
    held = a_held_delivery(store)
    clock.shift(RETRIES.give_up * 2)
    let_go(store, held)
    (claimed,) = claim(store)
    finish(store, claimed, LATER)
    assert row(store, held).state is State.QUEUED


def test_what_was_never_tried_is_put_back_as_it_was(store: Store, queued: Delivery) -> None:
    claimed = claim(store)
    with store.write() as db:
        leases.put_back(db, claimed)
    found = row(store, queued)
    assert (found.attempts, found.lease_until, found.next_attempt_at) == (0, None, NOON)
    assert len(claim(store)) == 1


def test_a_worker_that_lost_its_lease_puts_nothing_back(
    store: Store, queued: Delivery, clock: Traveller
) -> None:
    lost = claim(store)
    clock.shift(LEASE + SECOND)
    claim(store)
    with store.write() as db:
        leases.put_back(db, lost)
    assert row(store, queued).attempts == 2
