"""Days and sizes as people type them: 2026-11-24, 24.11., yesterday, 500k, 2 MB."""

import re
import unicodedata
from datetime import UTC, datetime, time, timedelta

_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})", re.ASCII)
_DOTTED = re.compile(r"(\d{1,2})[./](\d{1,2})(?:[./](\d{4}|\d{2})?)?", re.ASCII)
_SIZE = re.compile(r"(\d{1,9})(?:[.,](\d{1,3}))?\s?([kmg]?)(?:i?[bo])?", re.ASCII)
_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9}
_AGO = {
    **dict.fromkeys(("today", "heute", "aujourd'hui", "aujourdhui", "oggi"), 0),
    **dict.fromkeys(("yesterday", "gestern", "hier", "ieri"), 1),
}


def day_of(said: str, now: datetime) -> datetime | None:
    """Return the beginning of a day in the zone of `now`, in UTC; None if it is no day.

    Without a year it is the last such day that has begun.
    """
    said = unicodedata.normalize("NFKC", said).replace("\u2019", "'")
    try:
        found = _ago(said, now) or _iso(said, now) or _dotted(said, now)
        return found.astimezone(UTC) if found else None
    except (ValueError, OverflowError):
        return None


def size_of(said: str) -> int | None:
    """Return how many bytes a text means; None if it is no size."""
    match = _SIZE.fullmatch(said)
    if match is None:
        return None
    unit = _UNITS[match[3]]
    return int(match[1]) * unit + int(float(f"0.{match[2] or 0}") * unit)


def _ago(said: str, now: datetime) -> datetime | None:
    if said not in _AGO:
        return None
    return _midnight(now, *(now.date() - timedelta(days=_AGO[said])).timetuple()[:3])


def _iso(said: str, now: datetime) -> datetime | None:
    match = _ISO.fullmatch(said)
    return _midnight(now, int(match[1]), int(match[2]), int(match[3])) if match else None


def _dotted(said: str, now: datetime) -> datetime | None:
    match = _DOTTED.fullmatch(said)
    if match is None:
        return None
    day, month = int(match[1]), int(match[2])
    if match[3]:
        year = int(match[3]) + (2000 if len(match[3]) == len("26") else 0)
        return _midnight(now, year, month, day)
    # The 29th of February is there in one year of four.
    for year in range(now.year, now.year - 9, -1):
        try:
            found = _midnight(now, year, month, day)
        except ValueError:
            continue
        if found <= now:
            return found
    return None


def _midnight(now: datetime, year: int, month: int, day: int) -> datetime:
    return datetime.combine(datetime(year, month, day, tzinfo=UTC), time.min, now.tzinfo)
