"""Schedules over years of zones: never twice, never skipped, at the time on the clock."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mailstore.errors import BadName
from mailstore.reports.times import DAILY, WEEKDAYS, WORKDAYS, Schedule, parse_days

ZONES = sorted(available_timezones())
DAYS = (DAILY, WORKDAYS, *WEEKDAYS, *map(str, range(1, 32)))
SPAN = timedelta(days=70)
MINUTE = timedelta(minutes=1)

zones = st.sampled_from(ZONES).map(ZoneInfo)
moments = st.datetimes(datetime(1995, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 (bounds)
clocks = st.lists(st.times().map(lambda at: at.replace(second=0, microsecond=0, fold=0)),
                  min_size=1, max_size=2, unique=True).map(sorted)  # fmt: skip


def fired(schedule: Schedule, zone: ZoneInfo, begin: datetime) -> Iterator[datetime]:
    """Yield when reports come, each after the last, for a while."""
    at = begin
    while (at := schedule.next_after(at, zone)) < begin + SPAN:
        yield at


def shows(zone: ZoneInfo, day: date, at: time) -> list[datetime]:
    """Return the moments at which a clock of the zone shows a time of a day: none, one or two."""
    wall = datetime.combine(day, at)
    folds = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    return sorted({each for each in folds if each.astimezone(zone).replace(tzinfo=None) == wall})


def wanted(schedule: Schedule, zone: ZoneInfo, begin: datetime) -> set[datetime]:
    """Return when reports should come: the first time the clock shows it, or once it moved on."""
    found, first = set(), begin.astimezone(zone).date() - timedelta(days=2)
    for number in range(SPAN.days + 5):
        day = first + timedelta(days=number)
        for at in schedule.times if schedule.falls_on(day) else ():
            shown = shows(zone, day, at)
            found.add(shown[0] if shown else moved_on(zone, datetime.combine(day, at)))
    return {each for each in found if begin < each < begin + SPAN}


def moved_on(zone: ZoneInfo, wall: datetime) -> datetime:
    """Return the moment that a skipped time would have been, had the clock not moved."""
    before = wall.replace(tzinfo=zone, fold=0).utcoffset()
    assert before is not None
    return wall.replace(tzinfo=UTC) - before


@settings(max_examples=150)
@given(zones, moments, clocks, st.sampled_from(DAYS))
@example(ZoneInfo("Europe/Zurich"), datetime(2027, 3, 1, tzinfo=UTC), [time(2, 30)], DAILY)
@example(ZoneInfo("Europe/Zurich"), datetime(2026, 10, 1, tzinfo=UTC), [time(2, 30)], DAILY)
@example(ZoneInfo("Pacific/Apia"), datetime(2011, 12, 1, tzinfo=UTC), [time(9)], DAILY)
@example(ZoneInfo("Australia/Lord_Howe"), datetime(2026, 9, 1, tzinfo=UTC), [time(2, 15)], DAILY)
@example(ZoneInfo("America/Havana"), datetime(2026, 3, 1, tzinfo=UTC), [time(0, 30)], "sun")
def test_reports_come_each_time_once(
    zone: ZoneInfo, begin: datetime, times: list[time], days: str
) -> None:
    schedule = Schedule(times, days)
    came = list(fired(schedule, zone, begin))
    assert came == sorted(set(came))
    assert set(came) == wanted(schedule, zone, begin)


@given(zones, moments, clocks, st.sampled_from(DAYS), st.timedeltas(MINUTE, SPAN))
def test_whoever_looks_late_finds_the_next_one_and_not_those_between(
    zone: ZoneInfo, begin: datetime, times: list[time], days: str, late: timedelta
) -> None:
    schedule = Schedule(times, days)
    after = schedule.next_after(begin + late, zone)
    assert after == min(wanted(schedule, zone, begin + late))


@pytest.mark.parametrize("text", ["", "weekly", "0", "32", "-1", "mo", "٣", "never", "1" * 5000])
def test_what_names_no_days_is_refused(text: str) -> None:
    with pytest.raises(BadName):
        parse_days(text)


@pytest.mark.parametrize(("days", "life"), [("daily", 7), ("workdays", 7), ("mon", 14), ("1", 35)])
def test_links_live_until_the_next_report_has_come(days: str, life: int) -> None:
    assert Schedule([time(9)], days).link_life == timedelta(days=life)
