"""When a report is due: wall-clock time in the tenant's zone, right on both change days."""

from calendar import monthrange
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from mailstore.envelopes import Policy
from mailstore.errors import BadName

DAILY, WORKDAYS, NEVER = "daily", "workdays", "never"
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LAST_OF_MONTH = 31
DIGITS = 2
MOST_TIMES = 2
# How long links live.
USUAL, WEEKLY, MONTHLY = timedelta(days=7), timedelta(days=14), timedelta(days=35)
LIVES = (USUAL, WEEKLY, MONTHLY)
# A month, and the longest wait for a day of it.
HORIZON = 64


@dataclass(frozen=True, slots=True)
class Schedule:
    """Times of day, and the days on which they hold (see `parse_days`)."""

    times: Sequence[time]
    days: str = DAILY

    @property
    def link_life(self) -> timedelta:
        """How long links live: until the next report has come, whatever becomes of that one."""
        if self.days.isdecimal():
            return MONTHLY
        return WEEKLY if self.days in WEEKDAYS else USUAL

    def falls_on(self, day: date) -> bool:
        """Whether a report is due on a day; the 31st is the last one of a shorter month."""
        if self.days in WEEKDAYS:
            return WEEKDAYS[day.weekday()] == self.days
        if self.days.isdecimal():
            return day.day == min(int(self.days), monthrange(day.year, day.month)[1])
        return self.days == DAILY or day.weekday() < WEEKDAYS.index("sat")

    def next_after(self, after: datetime, zone: ZoneInfo) -> datetime:
        """Return the first moment later than `after` at which one of the times is on the clock.

        A time that the spring change skips is taken when the clock has moved on; one that the
        autumn change repeats is taken the first time only.
        """
        return next(moment for moment in self._moments(after, zone) if moment > after)

    def _moments(self, after: datetime, zone: ZoneInfo) -> Iterator[datetime]:
        # The day before: a zone may have moved its clock over midnight.
        first = after.astimezone(zone).date() - timedelta(days=1)
        for days in range(HORIZON):
            day = first + timedelta(days=days)
            if self.falls_on(day):
                at_home = (datetime.combine(day, at, zone) for at in self.times)
                yield from sorted(each.astimezone(UTC) for each in at_home)


def parse_times(text: str) -> list[time]:
    """Read `09:00` or `09:00,16:30`, or raise BadName."""
    try:
        times = {time.fromisoformat(part.strip()) for part in text.split(",")}
    except ValueError as error:
        raise BadName(f"'{text}' is not a time of day such as 09:00.") from error
    if any(each.tzinfo for each in times):
        raise BadName(f"'{text}' has a zone; a report has its tenant's.")
    return sorted(times)


def parse_days(text: str) -> str:
    """Read `daily`, `workdays`, a weekday (`mon`), a day of the month (`1`), or raise BadName."""
    days = text.strip().lower()
    if days in (DAILY, WORKDAYS, *WEEKDAYS):
        return days
    number = int(days) if days.isascii() and days.isdecimal() and len(days) <= DIGITS else 0
    if 1 <= number <= LAST_OF_MONTH:
        return str(number)
    raise BadName(f"'{text}' is not daily, workdays, a weekday (mon) or a day of the month (1).")


def wanted(own_times: str, own_days: str, policy: Policy) -> Schedule | None:
    """Return when a person gets reports, None for never.

    Their own times and days hold where the policy leaves that to them; that they stopped their
    reports holds in any case.
    """
    if not policy.report or own_days == NEVER:
        return None
    return nominal(own_times, own_days, policy)


def nominal(own_times: str, own_days: str, policy: Policy) -> Schedule:
    """Return when reports would come, if there were any."""
    own = policy.report_choice
    days = own_days if own and own_days not in ("", NEVER) else policy.report_on
    return Schedule(parse_times(own_times if own and own_times else policy.report_at), days)
