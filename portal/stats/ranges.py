"""The days that a statistics page is about, as its form and its links name them."""

from datetime import datetime
from zoneinfo import ZoneInfo

from mailstore.periods import DAY, Period
from mailstore.wording import N_

USUAL = "week"
RANGES = {
    "today": N_("Today"),
    "yesterday": N_("Yesterday"),
    "week": N_("Last 7 days"),
    "days30": N_("Last 30 days"),
    "month": N_("This month"),
}
_DAYS = {"today": 1, "week": 7, "days30": 30}


def named(name: str, now: datetime, zone: ZoneInfo) -> Period:
    """Return the days that a range means now; those that go on end today."""
    today = now.astimezone(zone).date()
    if name == "yesterday":
        return Period(today - DAY, today - DAY, zone)
    if name == "month":
        return Period(today.replace(day=1), today, zone)
    return Period(today - (_DAYS[name] - 1) * DAY, today, zone)
