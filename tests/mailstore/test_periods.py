from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstore.periods import DAY, Every, Period, last_ended

ZURICH = ZoneInfo("Europe/Zurich")
HOUR = timedelta(hours=1)
zones = st.sampled_from(
    ["Europe/Zurich", "UTC", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia",
     "Asia/Kathmandu", "Africa/Casablanca", "Asia/Beirut", "America/Havana"]
).map(ZoneInfo)  # fmt: skip
days = st.dates(date(2011, 12, 1), date(2029, 1, 1))
moments = st.datetimes(datetime(2026, 1, 1), datetime(2029, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 (hypothesis adds the zone)
clocks = st.times().map(lambda at: at.replace(second=0, microsecond=0))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-11-24", 24), ("2026-10-25", 25), ("2027-03-28", 23)]
)
def test_a_day_has_the_hours_that_its_clocks_show(day: str, hours: int) -> None:
    period = Period(date.fromisoformat(day), date.fromisoformat(day), ZURICH)
    assert len(period.steps) == hours
    assert period.end - period.begin == hours * HOUR


@given(days, st.integers(0, 40), zones)
def test_each_hour_of_a_period_belongs_to_one_step(first: date, more: int, zone: ZoneInfo) -> None:
    period = Period(first, first + more * DAY, zone)
    hour, places = period.begin.replace(minute=0), []
    while hour < period.end:
        if hour >= period.begin:
            places.append(period.step_of(hour))
        hour += HOUR
    assert all(later - earlier >= 0 for earlier, later in pairwise(places))
    assert set(places) <= set(range(len(period.steps)))
    assert (
        Period(first, period.last, zone).end == Period(period.last + DAY, period.last, zone).begin
    )


@pytest.mark.parametrize(
    ("every", "first", "last"),
    [
        (Every.DAILY, "2026-11-29", "2026-11-29"),
        (Every.WEEKLY, "2026-11-23", "2026-11-29"),
        (Every.MONTHLY, "2026-10-01", "2026-10-31"),
    ],
)
def test_a_report_covers_what_ended_last(every: Every, first: str, last: str) -> None:
    # A Monday there already, and still Sunday in Greenwich.
    period = last_ended(every, at("2026-11-29 23:30"), ZURICH)
    assert (period.first.isoformat(), period.last.isoformat()) == (first, last)


@pytest.mark.parametrize(
    ("every", "after", "expected"),
    [
        (Every.WEEKLY, "2026-11-24 12:00", "2026-11-30 06:00"),
        (Every.WEEKLY, "2026-11-30 06:00", "2026-12-07 06:00"),
        (Every.MONTHLY, "2026-11-24 12:00", "2026-12-01 06:00"),
        (Every.MONTHLY, "2027-03-01 06:00", "2027-04-01 05:00"),
    ],
)
def test_a_week_begins_on_monday_and_a_month_on_the_first(
    every: Every, after: str, expected: str
) -> None:
    assert every.schedule(time(7)).next_after(at(after), ZURICH) == at(expected)


@given(moments, zones, clocks, st.sampled_from(Every))
def test_the_next_moment_comes_and_covers_what_ended_before_it(
    after: datetime, zone: ZoneInfo, clock: time, every: Every
) -> None:
    following = every.schedule(clock).next_after(after, zone)
    assert after < following <= after + 33 * DAY
    assert last_ended(every, following, zone).end <= following
