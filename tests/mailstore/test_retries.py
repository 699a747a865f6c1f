from datetime import timedelta

import pytest
from time_machine import Traveller

from mailstore import claims, lanes, pulse
from mailstore import clock as clocks
from mailstore.deliveries import Delivery, Outcome, Result, State
from mailstore.incidents import Incident, IncidentKind
from mailstore.retries import Retries
from mailstore.routes import Route
from mailstore.store import Store
from tests.databases import on_sqlite
from tests.factories import NOON, a_held_delivery, a_mailbox, an_accepted, let_go

pytestmark = pytest.mark.usefixtures("clock")

DAY, HOUR, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)
LATER = Outcome(Result.TRY_LATER, "451 4.3.0 later")
Outages = list[tuple[float, float | None]]
# Since a mail came, in days: how long it waits, and its next hop's outages from when to when.
OVER = {
    "nothing but refusals": (5.1, [], True),
    "not yet": (5.0, [], False),
    "an outage within": (6.0, [(1, 3)], False),
    "two outages within": (8.0, [(1, 2), (4, 5)], True),
    "two long outages": (9.0, [(1, 3), (4, 7)], False),
    "an outage that goes on": (20.0, [(2, None)], False),
    "an outage that began before it came": (6.0, [(-3, 2)], False),
    "an outage that was over before it came": (6.0, [(-3, -1)], True),
    "one outage all along": (30.0, [(0, None)], False),
    "one outage for longer than that": (30.1, [(0, None)], True),
}


@pytest.fixture
def retries(store: Store) -> Retries:
    """Return how an installation tries again by default."""
    return Retries.of(store.settings)


@pytest.fixture
def queued(store: Store) -> Delivery:
    with store.write() as db:
        mailbox = a_mailbox(db)
    return an_accepted(store, mailbox, at=NOON)


def was_out(
    store: Store,
    lane_id: int | None,
    began: float,
    ended: float | None,
    kind: IncidentKind = IncidentKind.OUTAGE,
) -> None:
    with store.write() as db:
        db.add(
            Incident(
                kind=kind, subject=str(began), lane_id=lane_id, detail="refused",
                began_at=NOON + began * DAY, ended_at=None if ended is None else NOON + ended * DAY,
            )
        )  # fmt: skip


def over(store: Store, retries: Retries, delivery: Delivery) -> bool:
    with store.read() as db:
        return retries.are_over(db, db.get_one(Delivery, delivery.id), clocks.now())


@on_sqlite
@pytest.mark.parametrize(("days", "outages", "expected"), OVER.values(), ids=OVER)
def test_five_days_of_answers_or_thirty_in_all_are_the_end(
    store: Store, queued: Delivery, clock: Traveller, days: float, outages: Outages, expected: bool
) -> None:
    for began, ended in outages:
        was_out(store, queued.lane_id, began, ended)
    clock.shift(days * DAY)
    assert over(store, Retries.of(store.settings), queued) is expected


@on_sqlite
def test_the_outage_of_another_next_hop_does_not_count(
    store: Store, retries: Retries, queued: Delivery, clock: Traveller
) -> None:
    with store.write() as db:
        other = lanes.lane_to(db, Route.parse("mail.other.example:25"))
    was_out(store, other, 1, 4)
    was_out(store, None, 1, 4, IncidentKind.DISK)
    clock.shift(6 * DAY)
    assert over(store, retries, queued)


@on_sqlite
def test_held_mail_begins_to_wait_when_it_is_released(
    store: Store, retries: Retries, clock: Traveller
) -> None:
    held = a_held_delivery(store)
    clock.shift(20 * DAY)
    let_go(store, held)
    clock.shift(5 * DAY)
    assert not over(store, retries, held)
    clock.shift(SECOND)
    assert over(store, retries, held)


def test_a_clock_that_jumped_makes_no_deferred_mail_fail_for_an_hour(
    store: Store, retries: Retries, queued: Delivery, clock: Traveller
) -> None:
    states = []
    for gap in (timedelta(), 10 * DAY, HOUR - SECOND, SECOND):
        clock.shift(gap)
        with store.write() as db:
            pulse.beat(db)
        states.append(deferred(store, retries, queued))
    assert states == [State.QUEUED, State.QUEUED, State.QUEUED, State.FAILED]


def deferred(store: Store, retries: Retries, queued: Delivery) -> State:
    """Let a next hop put a mail off once more, and return what became of the mail."""
    with store.write() as db:
        db.get_one(Delivery, queued.id).next_attempt_at = clocks.now()
    with store.write() as db:
        (claimed,) = claims.claim(
            db, queued.lane_id, limit=1, lease=timedelta(minutes=5), retries=retries
        )
        claims.finish(db, claimed, LATER, retries)
    with store.read() as db:
        return db.get_one(Delivery, queued.id).state


@on_sqlite
def test_an_installation_can_be_more_or_less_patient(store: Store) -> None:
    changed = {"retry_seconds": 60.0, "give_up_days": 2.0, "outage_days": 10.0}
    impatient = Retries.of(store.settings.model_copy(update=changed))
    assert impatient == Retries(timedelta(seconds=60), 2 * DAY, 10 * DAY)
