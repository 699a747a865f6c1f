from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from time_machine import Traveller

from mailstore import claims, overdue, pulse
from mailstore import clock as clocks
from mailstore.deliveries import TOLD_OF, Delivery, Direction, Outcome, Result, State
from mailstore.envelopes import MailClass
from mailstore.events import Event
from mailstore.lanes import NOBODY, OPERATOR, Lane
from mailstore.mailboxes import Mailbox
from mailstore.messages import Message
from mailstore.retries import Retries
from mailstore.store import Store
from tests.databases import on_sqlite
from tests.factories import NOON, RecordedJobs, an_accepted

pytestmark = pytest.mark.usefixtures("clock")

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
SENT = Outcome(Result.SENT, "250 2.0.0 taken")
REFUSED = Outcome(Result.REFUSED, "550 5.1.1 nobody")
Step = Callable[[Session, datetime], int]


@pytest.fixture
def queued(store: Store, anna: Mailbox) -> Delivery:
    return an_accepted(store, anna)


def delayed(store: Store, hours: int = 4) -> int:
    return step(store, overdue.find_delayed, hours * HOUR)


def given_up(store: Store, days: int = 30) -> int:
    return step(store, overdue.give_up, days * DAY)


def step(store: Store, which: Step, age: timedelta) -> int:
    with store.write() as db:
        return which(db, clocks.now() - age)


def beat(store: Store) -> None:
    with store.write() as db:
        pulse.beat(db)


def untold(store: Store) -> list[int]:
    with store.read() as db:
        return list(overdue.untold(db, clocks.now()))


def row(store: Store, delivery: Delivery) -> Delivery:
    with store.read() as db:
        return db.get_one(Delivery, delivery.id)


def alter(store: Store, delivery: Delivery, **values: Any) -> None:
    with store.write() as db:
        db.execute(update(Delivery).where(Delivery.id == delivery.id).values(**values))


def logged(store: Store) -> list[tuple[str, dict[str, Any]]]:
    with store.read() as db:
        found = db.execute(select(Event.kind, Event.detail).order_by(Event.id))
        return [(kind, detail) for kind, detail in found if not kind.endswith("_added")]


def finished(store: Store, outcome: Outcome, lane_id: int = 1) -> None:
    """Let a worker try what is due on a lane."""
    retries = Retries.of(store.settings)
    with store.write() as db:
        claimed = claims.claim(db, lane_id, limit=9, lease=5 * MINUTE, retries=retries)
        for each in claimed:
            claims.finish(db, each, outcome, retries)


def test_mail_that_waits_for_four_hours_is_marked_once(
    store: Store, queued: Delivery, clock: Traveller, jobs: RecordedJobs
) -> None:
    jobs.asked.clear()
    found = []
    for wait in (4 * HOUR - MINUTE, MINUTE, HOUR, 24 * HOUR):
        clock.shift(wait)
        found.append(delayed(store))
    assert found == [0, 1, 0, 0]
    assert jobs.asked == [(overdue.BOUNCE, queued.id)]
    assert (row(store, queued).state, untold(store)) == (State.QUEUED, [queued.id])


@on_sqlite
@pytest.mark.parametrize("mail_class", MailClass)
def test_only_of_mail_that_was_judged_well_a_sender_hears(
    store: Store, anna: Mailbox, clock: Traveller, mail_class: MailClass
) -> None:
    an_accepted(store, anna, mail_class=mail_class)
    clock.shift(31 * DAY)
    assert (delayed(store), given_up(store)) == (mail_class in TOLD_OF, 1)
    assert len(untold(store)) == (mail_class in TOLD_OF)


@on_sqlite
def test_of_mail_without_a_sender_nobody_hears(
    store: Store, queued: Delivery, clock: Traveller
) -> None:
    with store.write() as db:
        db.execute(update(Message).values(sender=""))
    clock.shift(31 * DAY)
    assert (delayed(store), given_up(store), untold(store)) == (0, 1, [])


@on_sqlite
@pytest.mark.parametrize("state", sorted(set(State) - {State.QUEUED}))
def test_what_does_not_wait_is_neither_late_nor_given_up(
    store: Store, queued: Delivery, clock: Traveller, state: State
) -> None:
    alter(store, queued, state=state)
    clock.shift(31 * DAY)
    assert (delayed(store), given_up(store)) == (0, 0)


def test_mail_that_is_delivered_before_its_notice_is_written_gets_none(
    store: Store, queued: Delivery, clock: Traveller
) -> None:
    clock.shift(4 * HOUR)
    assert delayed(store) == 1
    finished(store, SENT)
    assert untold(store) == []
    with store.read() as db:
        assert overdue.look(db, queued.id) is None


def test_mail_that_fails_while_its_notice_is_written_is_told_to_have_failed(
    store: Store, queued: Delivery, clock: Traveller
) -> None:
    clock.shift(4 * HOUR)
    delayed(store)
    with store.read() as db:
        looked_at = overdue.look(db, queued.id)
    assert looked_at is not None
    finished(store, REFUSED)
    with store.write() as db:
        assert not overdue.tell(db, looked_at)
    assert untold(store) == [queued.id]


@pytest.mark.parametrize(
    ("age", "kind"), [(4 * HOUR, "delay_told"), (31 * DAY, "bounced")], ids=["late", "failed"]
)
def test_a_sender_is_told_once(
    store: Store, queued: Delivery, clock: Traveller, age: timedelta, kind: str
) -> None:
    clock.shift(age)
    delayed(store)
    given_up(store)
    with store.read() as db:
        looked_at = overdue.look(db, queued.id)
    assert looked_at is not None
    for expected in (True, False):
        with store.write() as db:
            assert overdue.tell(db, looked_at) is expected
    assert untold(store) == []
    assert [each for each, _ in logged(store)][-1] == kind


def test_mail_is_given_up_after_thirty_days_with_what_was_said_last(
    store: Store, queued: Delivery, clock: Traveller
) -> None:
    alter(store, queued, reply="451 4.3.0 later")
    found = []
    for wait in (30 * DAY - MINUTE, MINUTE, DAY):
        clock.shift(wait)
        found.append(given_up(store))
    assert found == [0, 1, 0]
    failed = row(store, queued)
    assert (failed.state, failed.next_attempt_at) == (State.FAILED, None)
    assert (failed.done_at, untold(store)) == (NOON + 30 * DAY, [queued.id])
    assert logged(store) == [("failed", {"reply": "451 4.3.0 later"})]


@on_sqlite
def test_mail_is_given_up_counted_from_its_release(
    store: Store, queued: Delivery, clock: Traveller
) -> None:
    alter(store, queued, queued_at=NOON + 20 * DAY)
    clock.shift(31 * DAY)
    assert (delayed(store), given_up(store)) == (1, 0)


def test_mail_that_is_being_sent_is_not_given_up(
    store: Store, queued: Delivery, clock: Traveller
) -> None:
    clock.shift(31 * DAY)
    alter(store, queued, lease_until=clocks.now() + MINUTE)
    assert given_up(store) == 0


def test_mail_that_a_dead_worker_left_is_given_up_though_its_next_hop_is_down(
    store: Store, queued: Delivery, clock: Traveller
) -> None:
    alter(store, queued, lease_until=NOON + MINUTE)
    clock.shift(31 * DAY)
    assert given_up(store) == 1


@on_sqlite
def test_what_is_late_is_taken_in_batches(
    store: Store, anna: Mailbox, clock: Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overdue, "BATCH", 2)
    for _ in range(3):
        an_accepted(store, anna)
    clock.shift(31 * DAY)
    assert [delayed(store) for _ in range(3)] == [2, 1, 0]
    assert [given_up(store) for _ in range(3)] == [2, 1, 0]
    assert len(untold(store)) == 2


@pytest.mark.parametrize(
    ("named_by", "direction", "failed"),
    [(NOBODY, Direction.OUT, 1), (NOBODY, Direction.IN, 0), (OPERATOR, Direction.OUT, 0)],
    ids=["strangers", "our people", "by the operator's relay"],
)
def test_only_mail_to_strangers_fails_though_its_next_hop_is_silent(
    store: Store, queued: Delivery, clock: Traveller, named_by: int, direction: Direction,
    failed: int,
) -> None:  # fmt: skip
    with store.write() as db:
        db.execute(update(Lane).values(named_by=named_by, failing_since=clocks.now()))
        db.execute(update(Delivery).values(direction=direction))
    clock.shift(5 * DAY - MINUTE)
    assert step(store, overdue.give_up_abroad, 5 * DAY) == 0
    clock.shift(MINUTE)
    assert step(store, overdue.give_up_abroad, 5 * DAY) == failed
    assert untold(store) == [queued.id] * failed


@pytest.mark.parametrize("gap", [40 * DAY, 2 * HOUR], ids=["a clock set on", "no worker"])
@pytest.mark.parametrize("which", [overdue.find_delayed, overdue.give_up], ids=["late", "given up"])
def test_for_an_hour_after_a_jump_nothing_is_late_and_then_things_go_on(
    store: Store, queued: Delivery, clock: Traveller, which: Step, gap: timedelta
) -> None:
    beat(store)
    clock.shift(gap)
    found = [step(store, which, HOUR)]
    for wait in (timedelta(), *[10 * MINUTE] * 5, 9 * MINUTE, MINUTE):
        clock.shift(wait)
        beat(store)
        found.append(step(store, which, HOUR))
    assert found == [0] * 8 + [1]


@on_sqlite
def test_a_clock_set_back_makes_nothing_late(
    store: Store, queued: Delivery, clock: Traveller
) -> None:
    beat(store)
    clock.shift(-10 * DAY)
    for _ in range(3):
        beat(store)
        assert (delayed(store), given_up(store)) == (0, 0)
        clock.shift(HOUR)
    clock.move_to(NOON)
    beat(store)
    clock.shift(4 * HOUR)
    assert (row(store, queued).state, untold(store)) == (State.QUEUED, [])


def test_a_notice_of_delay_stays_due_though_mail_is_deferred_once_more(
    store: Store, queued: Delivery, clock: Traveller
) -> None:
    clock.shift(5 * HOUR)
    delayed(store)
    finished(store, Outcome(Result.TRY_LATER, "450 4.2.2 full"), queued.lane_id)
    assert untold(store) == [queued.id]


def test_of_mail_that_somebody_had_sent_again_its_sender_hears_nothing(
    store: Store, queued: Delivery, clock: Traveller
) -> None:
    alter(store, queued, resend_of=999)
    clock.shift(31 * DAY)
    beat(store)
    assert (delayed(store), given_up(store)) == (0, 1)
    assert untold(store) == []
