from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstore.errors import BadName
from mailstore.reports.times import Schedule, parse_times

ZURICH = ZoneInfo("Europe/Zurich")
NINE = [time(9)]
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
CHANGE = timedelta(hours=1)

moments = st.datetimes(datetime(2026, 1, 1), datetime(2029, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 (hypothesis adds the zone)
times = st.lists(st.times().map(lambda at: at.replace(second=0, microsecond=0)), min_size=1)
zones = st.sampled_from(
    ["Europe/Zurich", "UTC", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia",
     "Asia/Kathmandu", "Africa/Casablanca"]
).map(ZoneInfo)  # fmt: skip


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ("2026-07-01 06:59", "2026-07-01 07:00"),
        ("2026-07-01 07:00", "2026-07-02 07:00"),
        ("2026-07-01 22:30", "2026-07-02 07:00"),
        ("2026-10-24 07:00", "2026-10-25 08:00"),
        ("2026-10-25 08:00", "2026-10-26 08:00"),
        ("2027-03-27 08:00", "2027-03-28 07:00"),
        ("2027-03-28 07:00", "2027-03-29 07:00"),
        ("2026-12-31 22:59", "2027-01-01 08:00"),
    ],
    ids=["a minute before", "at nine", "past midnight there", "to winter", "in winter",
         "to summer", "in summer", "new year"],
)  # fmt: skip
def test_a_report_is_due_at_nine_on_the_clock(after: str, expected: str) -> None:
    assert Schedule(NINE).next_after(at(after), ZURICH) == at(expected)


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ("2027-03-27 12:00", "2027-03-28 01:30"),
        ("2027-03-28 01:30", "2027-03-29 00:30"),
        ("2026-10-24 12:00", "2026-10-25 00:30"),
        ("2026-10-25 00:30", "2026-10-26 01:30"),
        ("2026-10-25 01:00", "2026-10-26 01:30"),
    ],
    ids=["the hour that is skipped", "the day after", "the hour that comes twice",
         "not the second time", "between both times"],
)  # fmt: skip
def test_half_past_two_comes_once_on_the_days_of_change(after: str, expected: str) -> None:
    assert Schedule([time(2, 30)]).next_after(at(after), ZURICH) == at(expected)


@pytest.mark.parametrize(
    ("start", "days"), [("2026-10-20", 10), ("2027-03-24", 10), ("2026-12-28", 10)]
)
@pytest.mark.parametrize("hour", [0, 2, 9, 23])
def test_there_is_one_report_on_every_day(start: str, days: int, hour: int) -> None:
    moment, found = at(start), []
    for _ in range(days):
        moment = Schedule([time(hour, 30)]).next_after(moment, ZURICH)
        found.append(moment.astimezone(ZURICH).date())
    assert found == [found[0] + each * DAY for each in range(days)]


@given(moments, zones, times)
def test_the_next_report_is_later_and_within_a_day(
    after: datetime, zone: ZoneInfo, chosen: list[time]
) -> None:
    found = Schedule(chosen).next_after(after, zone)
    assert after < found <= after + DAY + CHANGE


@given(moments, zones, times)
def test_no_time_in_between_is_left_out(
    after: datetime, zone: ZoneInfo, chosen: list[time]
) -> None:
    found = Schedule(chosen).next_after(after, zone)
    for each in (after + (found - after) * part / 4 for part in range(4)):
        assert Schedule(chosen).next_after(each, zone) == found


def test_times_of_day_are_read_in_order_and_once() -> None:
    assert parse_times("16:30, 09:00,09:00") == [time(9), time(16, 30)]


@pytest.mark.parametrize(
    "text", ["", "nine", "25:00", "09:00,", "09:00+02:00", "09:00+02:00,10:00"]
)
def test_what_is_no_time_of_day_is_refused(text: str) -> None:
    with pytest.raises(BadName):
        parse_times(text)
