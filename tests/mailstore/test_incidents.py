from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from time_machine import Traveller

from mailstore import clock as clocks
from mailstore import incidents, lanes
from mailstore.incidents import SPREAD, Incident, IncidentKind, Told
from mailstore.routes import Route
from mailstore.store import Store
from tests.databases import on_sqlite
from tests.factories import NOON, RecordedJobs

pytestmark = pytest.mark.usefixtures("clock")

HOUR = timedelta(hours=1)
KIND, CLAMAV = IncidentKind.SCANNER, "clamav"


def begin(store: Store, subject: str = CLAMAV, kind: IncidentKind = KIND) -> bool:
    with store.write() as db:
        return incidents.begin(db, kind, subject, "refused")


def end(store: Store, subject: str = CLAMAV, kind: IncidentKind = KIND) -> bool:
    with store.write() as db:
        return incidents.end(db, kind, subject)


def news(store: Store, incident_id: int = 1) -> Told | None:
    with store.write() as db:
        found = incidents.take_news(db, incident_id)
        return found and found[1]


def untold(store: Store) -> list[int]:
    with store.read() as db:
        return list(incidents.untold(db))


def row(store: Store, incident_id: int = 1) -> Incident:
    with store.read() as db:
        return db.get_one(Incident, incident_id)


def test_one_is_open_for_each_kind_and_subject(store: Store) -> None:
    assert [begin(store), begin(store), begin(store, "rspamd")] == [True, False, True]
    assert begin(store, CLAMAV, IncidentKind.JOB)
    with store.read() as db:
        assert db.scalar(select(func.count()).select_from(Incident)) == 3


def test_one_that_began_again_keeps_its_beginning(store: Store, clock: Traveller) -> None:
    begin(store)
    clock.shift(HOUR)
    begin(store)
    assert (row(store).began_at, row(store).ended_at) == (NOON, None)


def test_it_ends_once(store: Store, clock: Traveller) -> None:
    assert not end(store)
    begin(store)
    clock.shift(HOUR)
    assert [end(store, "rspamd"), end(store), end(store)] == [False, True, False]
    clock.shift(HOUR)
    assert not end(store)
    assert row(store).ended_at == NOON + HOUR


def test_after_its_end_the_next_one_begins(store: Store) -> None:
    for _ in range(3):
        assert begin(store)
        assert end(store)
    assert [row(store, number).ended_at for number in (1, 2, 3)] == [NOON] * 3


def test_of_many_that_begin_it_at_once_one_does(store: Store) -> None:
    with ThreadPoolExecutor(4) as pool:
        begun = list(pool.map(lambda _: begin(store), range(8)))
    assert begun.count(True) == 1
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda _: end(store), range(8))).count(True) == 1


@on_sqlite
def test_it_may_have_begun_before_anybody_called_it_so(store: Store) -> None:
    with store.write() as db:
        lane_id = lanes.lane_to(db, Route.parse("mail.muster.example:25"))
        incidents.begin(db, KIND, "1", "x" * 9999, since=NOON - HOUR, lane_id=lane_id)
    found = row(store)
    assert (found.began_at, found.lane_id, len(found.detail)) == (NOON - HOUR, lane_id, 500)


@on_sqlite
def test_its_beginning_and_its_end_are_spread(store: Store, jobs: RecordedJobs) -> None:
    for deed in (begin, begin, end, end):
        deed(store)
    assert jobs.asked == [(SPREAD, 1)] * 2


def test_its_beginning_is_told_once_and_its_end_once(store: Store) -> None:
    begin(store)
    assert (untold(store), news(store), news(store), untold(store)) == ([1], Told.BEGAN, None, [])
    end(store)
    assert (untold(store), news(store), news(store), untold(store)) == ([1], Told.OVER, None, [])


def test_one_that_ended_before_anybody_was_told_is_not_told_at_all(store: Store) -> None:
    begin(store)
    end(store)
    assert [news(store) for _ in range(3)] == [None] * 3
    assert untold(store) == []


@on_sqlite
def test_of_one_that_does_not_exist_there_is_no_news(store: Store) -> None:
    assert news(store, 99) is None


def test_of_many_workers_at_once_one_takes_the_news(store: Store) -> None:
    begin(store)
    for expected in (Told.BEGAN, Told.OVER):
        with ThreadPoolExecutor(4) as pool:
            taken = list(pool.map(lambda _: news(store), range(8)))
        assert [each for each in taken if each] == [expected]
        end(store)


@on_sqlite
def test_those_that_go_on_are_listed_by_kind_the_oldest_first(
    store: Store, clock: Traveller
) -> None:
    for subject in ("b", "a", "c"):
        begin(store, subject)
        clock.shift(HOUR)
    begin(store, "/", IncidentKind.DISK)
    end(store, "c")
    with store.read() as db:
        listed = incidents.open_now(db, KIND, IncidentKind.QUEUE)
        assert [each.subject for each in listed] == ["b", "a"]


@on_sqlite
def test_the_outages_of_a_lane_are_those_that_lasted_beyond_a_moment(
    store: Store, clock: Traveller
) -> None:
    with store.write() as db:
        ours, other = (lanes.lane_to(db, Route.parse(f"{name}.example:25")) for name in "ab")
    for lane_id, hours in ((ours, 1), (ours, 2), (other, 1), (ours, 1), (ours, None)):
        lasted(store, clock, lane_id, hours)
    with store.read() as db:
        since = NOON + 2 * HOUR
        found = [each.began_at for each in incidents.outages(db, ours, since)]
    assert found == [NOON + hours * HOUR for hours in (5, 4, 1)]
    assert clocks.now() == NOON + 5 * HOUR


def lasted(store: Store, clock: Traveller, lane_id: int, hours: int | None) -> None:
    """Let a lane have an outage of so many hours from now on, or one that goes on."""
    with store.write() as db:
        incidents.begin(db, IncidentKind.OUTAGE, str(lane_id), "refused", lane_id=lane_id)
    if hours is not None:
        clock.shift(hours * HOUR)
        end(store, str(lane_id), IncidentKind.OUTAGE)
