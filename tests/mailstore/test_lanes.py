from datetime import timedelta

import pytest
from sqlalchemy import select
from time_machine import Traveller

from mailstore import deliveries, lanes, mailboxes
from mailstore.domains import Domain
from mailstore.events import Event
from mailstore.lanes import Lane
from mailstore.store import Store
from tests.factories import NOON, a_mailbox, an_accepted

pytestmark = pytest.mark.usefixtures("clock")

LEASE, SECOND = timedelta(minutes=5), timedelta(seconds=1)
FIRST_WAIT = 5.0


@pytest.fixture
def lane_id(store: Store) -> int:
    with store.write() as db:
        return lanes.lane_to(db, "mail.muster.example", 25)


def claim(store: Store, lane_id: int) -> Lane | None:
    with store.write() as db:
        return lanes.claim(db, lane_id, lease=LEASE)


def claimed(store: Store, lane_id: int) -> Lane:
    lane = claim(store, lane_id)
    assert lane is not None
    return lane


def goes_down(store: Store, lane: Lane) -> Lane:
    with store.write() as db:
        lanes.went_down(db, lane.id, lane.fence, "refused", first_wait=FIRST_WAIT)
    return row(store, lane.id)


def row(store: Store, lane_id: int) -> Lane:
    with store.read() as db:
        return db.get_one(Lane, lane_id)


def kinds(store: Store) -> list[str]:
    with store.read() as db:
        logged = db.scalars(select(Event.kind).order_by(Event.id))
        return [kind for kind in logged if kind.startswith("lane")]


def test_there_is_one_lane_to_a_next_hop(store: Store, lane_id: int) -> None:
    with store.write() as db:
        assert lanes.lane_to(db, "mail.muster.example", 25) == lane_id
        assert lanes.lane_to(db, "mail.muster.example", 26) != lane_id


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


def test_a_silent_next_hop_is_probed_soon_and_then_once_a_minute(
    store: Store, lane_id: int, clock: Traveller
) -> None:
    for seconds in (5, 10, 20, 40, 60, 60, 60):
        found = goes_down(store, claimed(store, lane_id))
        clock.shift(seconds - 1)
        assert claim(store, lane_id) is None
        clock.shift(1)
        assert found.down_since == NOON
    assert claimed(store, lane_id).last_error == "refused"


def test_a_lane_that_is_down_is_not_due_before_its_probe(store: Store, clock: Traveller) -> None:
    with store.write() as db:
        mailbox = a_mailbox(db)
    lane_id = an_accepted(store, mailbox).lane_id
    goes_down(store, claimed(store, lane_id))
    with store.read() as db:
        assert deliveries.due_lanes(db, NOON + 4 * SECOND) == []
        assert deliveries.due_lanes(db, NOON + 5 * SECOND) == [lane_id]


def test_a_next_hop_that_is_back_starts_from_the_beginning(
    store: Store, lane_id: int, clock: Traveller
) -> None:
    goes_down(store, claimed(store, lane_id))
    clock.shift(5 * SECOND)
    lane = claimed(store, lane_id)
    with store.write() as db:
        lanes.came_back(db, lane_id, lane.fence)
    found = row(store, lane_id)
    assert (found.down_since, found.failures, found.probe_at, found.last_error) == (
        None, 0, None, ""
    )  # fmt: skip
    assert found.lease_until is not None


def test_an_outage_is_two_lines_in_the_log_however_long(
    store: Store, lane_id: int, clock: Traveller
) -> None:
    for _ in range(4):
        goes_down(store, claimed(store, lane_id))
        clock.shift(timedelta(minutes=1))
    lane = claimed(store, lane_id)
    with store.write() as db:
        lanes.came_back(db, lane_id, lane.fence)
    assert kinds(store) == ["lane_down", "lane_up"]


def test_a_worker_that_lost_the_lane_says_nothing_of_its_health(
    store: Store, lane_id: int, clock: Traveller
) -> None:
    lost = claimed(store, lane_id)
    clock.shift(LEASE + SECOND)
    claimed(store, lane_id)
    goes_down(store, lost)
    with store.write() as db:
        lanes.came_back(db, lane_id, lost.fence)
    assert row(store, lane_id).down_since is None
    assert kinds(store) == []


def test_people_are_told_since_when_their_next_hop_is_silent(store: Store) -> None:
    with store.write() as db:
        anna, other = a_mailbox(db), a_mailbox(db, "anna@other.example")
        db.get_one(Domain, other.domain_id).lane_id = lanes.lane_to(db, "mail.other.example", 25)
        lane_id = db.get_one(Domain, anna.domain_id).lane_id
    goes_down(store, claimed(store, lane_id))
    with store.read() as db:
        assert mailboxes.down_since(db, frozenset({anna.id, other.id})) == NOON
        assert mailboxes.down_since(db, frozenset({other.id})) is None
