"""The nine o'clock promise on days when the clock is changed, or wrong."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import select
from time_machine import Traveller

from filter import watching
from mailstore import tailoring
from mailstore.mailboxes import Mailbox
from mailstore.reports import planning
from mailstore.reports.planning import plan_reports
from mailstore.reports.rows import Report
from mailstore.store import Store
from portal.reports import sending
from portal.reports.sending import write_reports
from tests.factories import RecordedJobs, a_held_delivery

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def report_at(store: Store, anna: Mailbox, times: str) -> None:
    with store.write() as db:
        box = db.get_one(Mailbox, anna.id)
        tailoring.tailor(db, box, {"report_at": times}, by="test")
    plan_reports(store)


def came(store: Store) -> list[datetime]:
    with store.read() as db:
        return list(db.scalars(select(Report.slot).order_by(Report.id)))


@pytest.mark.parametrize(
    ("begin", "expected"),
    [
        (datetime(2027, 3, 26, 23, tzinfo=UTC), ["27 01:30", "28 01:30", "29 00:30"]),
        (datetime(2026, 10, 23, 22, tzinfo=UTC), ["24 00:30", "25 00:30", "26 01:30"]),
    ],
    ids=["spring: 02:30 is skipped", "autumn: 02:30 comes twice"],
)
def test_on_days_when_the_clock_changes_each_person_gets_one_report(
    store: Store, anna: Mailbox, clock: Traveller, begin: datetime, expected: list[str]
) -> None:
    """Two schedulers look twice an hour, and one dies each time it has written a report."""
    clock.move_to(begin, tick=False)
    report_at(store, anna, "02:30")
    for number in range(3 * 24 * 2):
        if number % 24 == 0:
            a_held_delivery(store, anna)
        with store.write() as db:
            taken = planning.take(db)
        if taken:
            sending.write(store, taken)
            clock.shift(planning.LEASE)
        write_reports(store)
        write_reports(store)
        clock.shift(30 * MINUTE - (planning.LEASE if taken else timedelta()))
    assert [f"{(each - planning.LEASE):%d %H:%M}" for each in came(store)] == expected


@pytest.mark.parametrize("jump", [HOUR, -HOUR, DAY, -DAY], ids=["+1 h", "-1 h", "+1 d", "-1 d"])
def test_a_clock_that_is_set_wrong_makes_no_burst_and_no_gap(
    store: Store, jobs: RecordedJobs, anna: Mailbox, clock: Traveller, jump: timedelta
) -> None:
    """An hour after the report at nine the clock jumps."""
    begin = datetime(2026, 11, 24, 12, 0, 1, tzinfo=UTC)
    clock.move_to(begin, tick=False)
    real = [timedelta()]
    for step in range(60):
        passed = step * HOUR
        if step % 6 == 0:
            a_held_delivery(store, anna)
        if passed == 21 * HOUR:
            clock.shift(jump)
        watching.look(store)
        if (planning.PLAN_JOB,) in jobs.asked:
            jobs.asked.clear()
            plan_reports(store)
        before = len(came(store))
        write_reports(store)
        assert len(came(store)) - before <= 1
        real += [passed] * (len(came(store)) - before)
        clock.shift(HOUR)
    gaps = [after - first for first, after in pairwise(real)]
    assert max(gaps) <= DAY + abs(jump) % DAY + HOUR
    assert min(gaps[1:]) > HOUR
