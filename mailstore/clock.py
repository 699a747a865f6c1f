"""The one clock: UTC for what is stored, so that tests can freeze it in one place."""

from datetime import UTC, date, datetime


def now() -> datetime:
    """Return the current time, with its zone (UTC)."""
    return datetime.now(UTC)


def today() -> date:
    """Return the current UTC day; packs and keys expire by UTC days."""
    return now().date()
