"""Invitations as data (RFC 5545, RFC 5546): who asks whom to come where and when.

A rule of repetition is told and never worked out, so none can cost more than its own length.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.core import get_global

from mailstore.filenames import endings
from portal.content.attachments import File
from portal.content.contentlines import Line, lines_of

MOST_SHOWN = 5
MOST_NAMED = 5
FIRST_YEAR, LAST_YEAR = 1900, 2200
KINDS = frozenset({"text/calendar", "application/ics"})
ENDING = "ics"
_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z?))?", re.ASCII)
_DURATION = re.compile(
    r"\+?P(?:(\d{1,4})W)?(?:(\d{1,5})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,5})M)?(?:(\d{1,7})S)?)?",
    re.ASCII,
)
_UNITS = ("weeks", "days", "hours", "minutes", "seconds")
_WORDED = frozenset({"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "WKST"})
_NUMBER = re.compile(r"[1-9]\d{0,3}", re.ASCII)
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_WINDOWS: dict[str, str] = dict(get_global("windows_zone_mapping"))

Said = dict[str, Any]


def appointments_in(files: Sequence[File]) -> list[Said]:
    """Return the appointments of all calendars among files, each once, the first few."""
    found: list[Said] = []
    for file in files:
        if file.content_type in KINDS or ENDING in endings(file.name):
            found += [each for each in _appointments(file.content) if each not in found]
        if len(found) > MOST_SHOWN:
            break
    return found[:MOST_SHOWN]


def _appointments(content: bytes) -> Iterator[Said]:
    method, event, within = "", None, 0
    for line in lines_of(content):
        if line.name == "METHOD" and event is None:
            method = line.text.upper()
        elif line.name == "BEGIN" and event is None:
            event = _Event() if line.text.upper() == "VEVENT" else None
        elif event is not None and line.name in {"BEGIN", "END"}:
            within += 1 if line.name == "BEGIN" else -1
            if within < 0:
                yield event.said(method)
                event, within = None, 0
        elif event is not None and not within:
            event.take(line)
    if event is not None:
        yield event.said(method)


class _Event:
    """What was read of one event; the first line of each name counts."""

    def __init__(self) -> None:
        self._lines: dict[str, Line] = {}
        self._invited: list[Line] = []
        self._count = 0

    def take(self, line: Line) -> None:
        if line.name == "ATTENDEE":
            self._count += 1
            if len(self._invited) < MOST_NAMED:
                self._invited.append(line)
        else:
            self._lines.setdefault(line.name, line)

    def said(self, method: str) -> Said:
        cancelled = method == "CANCEL" or self._text("STATUS").upper() == "CANCELLED"
        first = next(iter(self._invited), None)
        return {
            "kind": "appointment",
            "title": self._text("SUMMARY"),
            "method": "CANCEL" if cancelled else method,
            "answer": first.parameters.get("PARTSTAT", "").upper() if first else "",
            "where": self._text("LOCATION"),
            "link": link_of(self._text("URL")),
            "organiser": _person(self._lines.get("ORGANIZER")),
            "invited": [_person(each) for each in self._invited],
            "count": self._count,
            "rule": _rule(self._text("RRULE")) if "RRULE" in self._lines else None,
            **self._when(),
        }

    def _text(self, name: str) -> str:
        return self._lines[name].text if name in self._lines else ""

    def _when(self) -> Said:
        begin = _Moment.of(self._lines.get("DTSTART"))
        end = _Moment.of(self._lines.get("DTEND"))
        if begin and not end:
            end = begin.later(self._text("DURATION"))
        if end and end.whole_day:
            end = end.later("", days=-1)  # RFC 5545 §3.6.1: the end itself is not part of it
        return {"begin": begin.said() if begin else None, "end": end.said() if end else None}


class _Moment:
    """A day, or a time that is UTC or of a place; `zone` is the name of one that nobody knows."""

    def __init__(self, at: datetime, *, whole_day: bool, zone: str = "") -> None:
        self._at, self.whole_day, self._zone = at, whole_day, zone

    @classmethod
    def of(cls, line: Line | None) -> "_Moment | None":
        """Return the time that a line says, or None."""
        found = _TIME.fullmatch(line.value.strip()) if line else None
        if line is None or found is None:
            return None
        *numbers, utc = found.groups()
        try:
            at = datetime(*[int(each or 0) for each in numbers])  # type: ignore[arg-type]  # noqa: DTZ001 (six numbers; its zone comes below)
        except ValueError:
            return None
        if not FIRST_YEAR <= at.year <= LAST_YEAR:
            return None
        named = line.parameters.get("TZID", "")
        zone = UTC if utc else _zone(named)
        if numbers[3] is None or zone is None:
            return cls(at, whole_day=numbers[3] is None, zone=Line("TZID", named).text)
        return cls(at.replace(tzinfo=zone).astimezone(UTC), whole_day=False)

    def later(self, duration: str, days: int = 0) -> "_Moment | None":
        """Return the time behind a duration, or None for what is no duration."""
        found = _DURATION.fullmatch(duration) if duration else None
        if found is None and not days:
            return None
        numbers = [int(each or 0) for each in found.groups()] if found else []
        step = timedelta(days) + timedelta(**dict(zip(_UNITS, numbers, strict=False)))
        return _Moment(self._at + step, whole_day=self.whole_day, zone=self._zone)

    def said(self) -> Said:
        """Return it as data: `at` in ISO 8601, with an offset where the instant is known."""
        at = self._at.date() if self.whole_day else self._at
        return {"at": at.isoformat(), "day": self.whole_day, "zone": self._zone}


def _zone(name: str) -> ZoneInfo | None:
    """Return the zone of a name as IANA, Windows or a path before one has it, or None."""
    pieces = name.strip("/").split("/")
    candidates = [_WINDOWS.get(name, name), *("/".join(pieces[-most:]) for most in (3, 2))]
    for each in filter(None, candidates):
        try:
            return ZoneInfo(each)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            continue
    return None


def link_of(text: str) -> str:
    """Return an address of the web, and nothing for any other."""
    return text if text.lower().startswith(("http://", "https://")) else ""


def _person(line: Line | None) -> str:
    if line is None:
        return ""
    address = line.text
    if address.lower().startswith("mailto:"):
        address = address[len("mailto:") :]
    name = Line("CN", line.parameters.get("CN", "")).text
    return f"{name} <{address}>" if name and name != address else address


def _rule(text: str) -> Said:
    """Return a rule that few words can tell; nothing in it for any other."""
    pieces = [each.partition("=")[::2] for each in text.upper().split(";") if each]
    rule = dict(pieces)
    every, count = rule.get("INTERVAL", "1"), rule.get("COUNT", "")
    days = [each for each in rule.get("BYDAY", "").split(",") if each]
    odd = (
        rule.keys() - _WORDED
        or rule.get("FREQ") not in {"DAILY", "WEEKLY", "MONTHLY", "YEARLY"}
        or not _NUMBER.fullmatch(every)
        or (count and not _NUMBER.fullmatch(count))
        or (days and (rule["FREQ"] != "WEEKLY" or not set(days) <= set(_DAYS)))
    )
    if odd:
        return {}
    until = _Moment.of(Line("UNTIL", rule.get("UNTIL", "")))
    return {
        "every": rule["FREQ"],
        "interval": int(every),
        "count": int(count or 0),
        "until": until.said() if until else None,
        "days": [at for at, each in enumerate(_DAYS) if each in days],
    }
