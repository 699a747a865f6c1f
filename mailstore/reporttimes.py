"""When a report is due: wall-clock time in the tenant's zone, right on both change days."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from mailstore.envelopes import Policy
from mailstore.errors import BadName


def parse_times(text: str) -> list[time]:
    """Read `09:00` or `09:00,16:30`, or raise BadName."""
    try:
        times = {time.fromisoformat(part.strip()) for part in text.split(",")}
    except ValueError as error:
        raise BadName(f"'{text}' is not a time of day such as 09:00.") from error
    if any(each.tzinfo for each in times):
        raise BadName(f"'{text}' has a zone; a report has its tenant's.")
    return sorted(times)


def wanted_times(own: str, policy: Policy) -> list[time]:
    """Return when a person gets reports: at their own times, where the policy leaves it to them."""
    return parse_times(own if own and policy.report_choice else policy.report_at)


def next_report_at(after: datetime, zone: ZoneInfo, times: Sequence[time]) -> datetime:
    """Return the first moment later than `after` at which one of these times is on the clock.

    A time that the spring change skips is taken when the clock has moved on; one that the
    autumn change repeats is taken the first time only.
    """
    local_day = after.astimezone(zone).date()
    moments = (
        datetime.combine(local_day + timedelta(days=days), at, zone).astimezone(UTC)
        for days in range(3)
        for at in times
    )
    return min(moment for moment in moments if moment > after)
