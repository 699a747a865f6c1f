"""Days as a tenant has them: a range of them in its zone, its hours, and the ranges of reports.

Figures are kept by hours of UTC. Where a zone differs by half an hour, an hour belongs to the day
in which it begins.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cached_property
from zoneinfo import ZoneInfo

from mailstore.reports.times import Schedule

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LONGEST_MONTH = 31
# The days on which what ended is told (mailstore/reports/times.py).
DAYS = {"daily": "daily", "weekly": "mon", "monthly": "1"}


class Every(StrEnum):
    """How often a report comes, and so what it covers: the day, week or month that ended."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"

    def schedule(self, at: time) -> Schedule:
        """Return when it comes: daily, on Mondays, or on the first, at a time of day."""
        return Schedule([at], DAYS[self])


@dataclass(frozen=True)
class Period:
    """The days from first to last, both within, as the clocks of a zone have them."""

    first: date
    last: date
    zone: ZoneInfo

    @property
    def begin(self) -> datetime:
        """The moment at which it begins."""
        return _midnight(self.first, self.zone)

    @property
    def end(self) -> datetime:
        """The moment at which it is over; a day may have 23 or 25 hours."""
        return _midnight(self.last + DAY, self.zone)

    @property
    def by_hours(self) -> bool:
        """Whether its steps are hours, and not days."""
        return self.first == self.last

    @cached_property
    def steps(self) -> Sequence[datetime]:
        """The beginnings of its hours, if it is one day, or else of its days."""
        return tuple(self._hours() if self.by_hours else self._days())

    def step_of(self, hour: datetime) -> int:
        """Return the place of the step that an hour of this period belongs to."""
        return bisect_right(self.steps, hour) - 1

    def _days(self) -> Iterator[datetime]:
        for number in range((self.last - self.first).days + 1):
            yield _midnight(self.first + number * DAY, self.zone)

    def _hours(self) -> Iterator[datetime]:
        hour = full_hour(self.begin)
        while hour < self.end:
            yield hour
            hour += HOUR


def full_hour(moment: datetime) -> datetime:
    """Return the first full hour of UTC that is not before a moment."""
    hour = moment.replace(minute=0, second=0, microsecond=0)
    return hour if hour == moment else hour + HOUR


def last_ended(every: Every, now: datetime, zone: ZoneInfo) -> Period:
    """Return the day, the week from Monday to Sunday, or the month that ended last."""
    today = now.astimezone(zone).date()
    if every is Every.DAILY:
        return Period(today - DAY, today - DAY, zone)
    if every is Every.WEEKLY:
        monday = today - today.weekday() * DAY
        return Period(monday - 7 * DAY, monday - DAY, zone)
    last = today.replace(day=1) - DAY
    return Period(last.replace(day=1), last, zone)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)
