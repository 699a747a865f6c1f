from datetime import timedelta

import pytest
from sqlalchemy import select
from time_machine import Traveller

from mailstore import claims, health, lanes
from mailstore import clock as clocks
from mailstore.domains import Domain
from mailstore.events import Event
from mailstore.health import Trouble, Waiting
from mailstore.incidents import Incident
from mailstore.lanes import Lane, Patience
from mailstore.routes import Route
from mailstore.store import Store
from tests.factories import NOON, a_mailbox, an_accepted

pytestmark = pytest.mark.usefixtures("clock")

LEASE, SECOND = timedelta(minutes=5), timedelta(seconds=1)
PATIENCE = Patience(first=5 * SECOND, outage=120 * SECOND)
HOP = Route.parse("mail.muster.example:25")


@pytest.fixture
def lane_id(store: Store) -> int:
    with store.write() as db:
        return lanes.lane_to(db, HOP)


def claim(store: Store, lane_id: int) -> Lane | None:
    with store.write() as db:
        return lanes.claim(db, lane_id, lease=LEASE)


def claimed(store: Store, lane_id: int) -> Lane:
    lane = claim(store, lane_id)
    assert lane is not None
    return lane


def is_silent(store: Store, lane_id: int) -> Lane:
    lane = claimed(store, lane_id)
    with store.write() as db:
        lanes.failed(db, lane, "refused", PATIENCE)
    return row(store, lane_id)


def answers(store: Store, lane_id: int) -> Lane:
    lane = claimed(store, lane_id)
    with store.write() as db:
        lanes.answered(db, lane, PATIENCE)
        lanes.give_back(db, lane_id, lane.fence)
    return row(store, lane_id)


def goes_down(store: Store, lane_id: int, clock: Traveller) -> Lane:
    """Let a next hop be silent until that is an outage."""
    lane = is_silent(store, lane_id)
    while lane.down_since is None:
        assert lane.try_at is not None
        clock.move_to(lane.try_at)
        lane = is_silent(store, lane_id)
    return lane


def row(store: Store, lane_id: int) -> Lane:
    with store.read() as db:
        return db.get_one(Lane, lane_id)


def kinds(store: Store) -> list[str]:
    with store.read() as db:
        logged = db.scalars(select(Event.kind).order_by(Event.id))
        return [kind for kind in logged if kind.startswith("lane")]


def test_there_is_one_lane_to_a_next_hop(store: Store, lane_id: int) -> None:
    with store.write() as db:
        assert lanes.lane_to(db, HOP) == lane_id
        assert lanes.lane_to(db, Route.parse("mail.muster.example:26")) != lane_id


def test_a_claimed_lane_is_not_claimed_by_another(store: Store, lane_id: int) -> None:
    assert claimed(store, lane_id).fence == 1
    assert claim(store, lane_id) is None


def test_a_lane_of_a_lost_worker_is_taken_over(
    store: Store, lane_id: int, clock: Traveller
) -> None:
    lost = claimed(store, lane_id)
    clock.shift(LEASE + SECOND)
    taken = claimed(store, lane_id)
    with store.write() as db:
        assert not lanes.extend(db, lane_id, lost.fence, lease=LEASE)
        lanes.give_back(db, lane_id, lost.fence)
        assert lanes.extend(db, lane_id, taken.fence, lease=LEASE)
    assert claim(store, lane_id) is None


def test_an_extended_lane_is_kept(store: Store, lane_id: int, clock: Traveller) -> None:
    lane = claimed(store, lane_id)
    for _ in range(3):
        clock.shift(LEASE - SECOND)
        with store.write() as db:
            assert lanes.extend(db, lane_id, lane.fence, lease=LEASE)
    assert claim(store, lane_id) is None


def test_a_lane_given_back_is_free_at_once(store: Store, lane_id: int) -> None:
    lane = claimed(store, lane_id)
    with store.write() as db:
        lanes.give_back(db, lane_id, lane.fence)
    assert claimed(store, lane_id).fence == 2


def test_a_silent_next_hop_is_tried_again_soon_and_then_once_a_minute(
    store: Store, lane_id: int, clock: Traveller
) -> None:
    for seconds in (5, 10, 20, 40, 60, 60, 60):
        assert is_silent(store, lane_id).failing_since == NOON
        clock.shift(seconds - 1)
        assert claim(store, lane_id) is None
        clock.shift(1)
    assert row(store, lane_id).last_error == "refused"


def test_silence_is_an_outage_after_two_minutes(
    store: Store, lane_id: int, clock: Traveller
) -> None:
    downs = []
    for seconds in (5, 10, 20, 40, 60, 60):
        downs.append(is_silent(store, lane_id).down_since)
        clock.shift(seconds)
    assert downs == [None] * 5 + [NOON]


def test_a_lane_that_is_silent_is_not_due_before_its_next_try(
    store: Store, clock: Traveller
) -> None:
    with store.write() as db:
        mailbox = a_mailbox(db)
    lane_id = an_accepted(store, mailbox).lane_id
    is_silent(store, lane_id)
    with store.read() as db:
        assert claims.due_lanes(db, NOON + 4 * SECOND) == []
        assert claims.due_lanes(db, NOON + 5 * SECOND) == [lane_id]


def test_a_lane_with_an_outage_is_probed_though_no_mail_waits(
    store: Store, lane_id: int, clock: Traveller
) -> None:
    down = goes_down(store, lane_id, clock)
    assert down.probe_at is not None
    with store.read() as db:
        assert claims.due_lanes(db, down.probe_at - SECOND) == []
        assert claims.due_lanes(db, down.probe_at) == [lane_id]


def test_a_next_hop_that_answers_before_it_is_an_outage_starts_from_the_beginning(
    store: Store, lane_id: int, clock: Traveller
) -> None:
    is_silent(store, lane_id)
    clock.shift(5 * SECOND)
    found = answers(store, lane_id)
    assert (found.failing_since, found.failures, found.try_at, found.last_error) == (
        None, 0, None, ""
    )  # fmt: skip
    assert kinds(store) == []


def test_three_good_probes_end_an_outage_and_mail_goes_at_the_first(
    store: Store, lane_id: int, clock: Traveller
) -> None:
    goes_down(store, lane_id, clock)
    clock.shift(60 * SECOND)
    back = clocks.now()
    first = answers(store, lane_id)
    assert (first.down_since, first.answers_since, first.good_probes) == (NOON, back, 1)
    assert answers(store, lane_id).good_probes == 1
    for _ in range(2):
        clock.shift(60 * SECOND)
        last = answers(store, lane_id)
    assert (last.down_since, last.answers_since, last.probe_at) == (None, None, None)
    assert kinds(store) == ["lane_down", "lane_up"]


def test_a_next_hop_that_dies_again_goes_on_with_its_outage(
    store: Store, lane_id: int, clock: Traveller
) -> None:
    goes_down(store, lane_id, clock)
    clock.shift(60 * SECOND)
    answers(store, lane_id)
    clock.shift(60 * SECOND)
    lane = is_silent(store, lane_id)
    assert (lane.down_since, lane.answers_since, lane.good_probes) == (NOON, None, 0)
    assert kinds(store) == ["lane_down"]


def test_an_outage_is_one_incident_however_long(
    store: Store, lane_id: int, clock: Traveller
) -> None:
    goes_down(store, lane_id, clock)
    for _ in range(4):
        clock.shift(timedelta(minutes=1))
        is_silent(store, lane_id)
    with store.read() as db:
        (incident,) = db.scalars(select(Incident))
    assert (incident.lane_id, incident.began_at, incident.ended_at) == (lane_id, NOON, None)
    assert kinds(store) == ["lane_down"]


def test_a_worker_that_lost_the_lane_says_nothing_of_its_health(
    store: Store, lane_id: int, clock: Traveller
) -> None:
    lost = claimed(store, lane_id)
    clock.shift(LEASE + SECOND)
    claimed(store, lane_id)
    with store.write() as db:
        assert not lanes.failed(db, lost, "refused", PATIENCE)
        assert not lanes.answered(db, lost, PATIENCE)
    assert row(store, lane_id).failing_since is None


def test_people_are_told_since_when_their_next_hop_is_silent(
    store: Store, clock: Traveller
) -> None:
    with store.write() as db:
        anna, other = a_mailbox(db), a_mailbox(db, "anna@other.example")
        db.get_one(Domain, other.domain_id).lane_id = lanes.lane_to(
            db, Route.parse("mail.other.example:25")
        )
        lane_id = db.get_one(Domain, anna.domain_id).lane_id
    goes_down(store, lane_id, clock)
    with store.read() as db:
        both = health.why_waiting(db, frozenset({anna.id, other.id}))
        assert both == Waiting(Trouble.DOWN, since=NOON)
        assert health.why_waiting(db, frozenset({other.id})) is None
