"""The values that policies set: what each may be, checked here for pages and commands alike.

A value has a name (`quarantine_at`, `rights.spam`), is read from what people type or choose, and
is kept in a policy's row. Anything else is a BadName with a sentence, and changes nothing.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from mailstore.envelopes import (
    Attachments,
    HeldNotice,
    HeldRight,
    Impersonation,
    MailClass,
    NewsletterAction,
    OwnLists,
    Policy,
    Unscanned,
)
from mailstore.errors import BadName
from mailstore.policies import SPARSE
from mailstore.reports import times
from mailstore.rights import DEFAULT, NEVER_DELIVERED
from mailstore.tenants import KEEP_DAYS, LONGEST_DAYS
from mailstore.texts import single

ON, OFF = frozenset({"yes", "on", "true"}), frozenset({"no", "off", "false"})
LEAST_SCORE, MOST_SCORE, MOST_SENT = 1, 1000, 10_000_000
LONGEST_TAG = 40
BETWEEN = ".."
_NUMBER = re.compile(r"[0-9]{1,8}(?:[.,][0-9]{1,2})?")


class Group(StrEnum):
    """What values are about, in the order in which they are shown."""

    SPAM = "spam"
    NEWSLETTERS = "newsletters"
    IMPERSONATION = "impersonation"
    ATTACHMENTS = "attachments"
    REPORTS = "reports"
    RETENTION = "retention"
    PEOPLE = "people"
    SENDING = "sending"


class Kind(Protocol):
    """What a value may be."""

    def read(self, said: Any) -> Any:
        """Return what a row keeps of what somebody typed or chose, or raise BadName."""

    def write(self, value: Any) -> str:
        """Return a value as it is typed."""


@dataclass(frozen=True, slots=True)
class Switch:
    """Yes or no."""

    def read(self, said: Any) -> bool:
        """Return whether it is on."""
        text = str(said).strip().lower()
        if text not in ON | OFF:
            raise BadName(f"'{said}' is neither yes nor no.")
        return text in ON

    def write(self, value: Any) -> str:
        """Return yes or no."""
        return "yes" if value else "no"


@dataclass(frozen=True, slots=True)
class Number:
    """A number within bounds; one that may be `empty` is None then, typed as nothing or `off`."""

    least: int
    most: int
    whole: bool = False
    empty: bool = False

    def read(self, said: Any) -> float | int | None:
        """Return the number."""
        text = "" if said is None else str(said).strip().lower()
        if self.empty and text in {"", *OFF}:
            return None
        number = float(text.replace(",", ".")) if _NUMBER.fullmatch(text) else -1.0
        if not self.least <= number <= self.most or (self.whole and number != int(number)):
            raise BadName(f"'{said}' is no number from {self.least} to {self.most}.")
        return int(number) if self.whole else number

    def write(self, value: Any) -> str:
        """Return the number without needless digits."""
        return "off" if value is None else str(int(value) if value == int(value) else value)


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words."""

    choices: tuple[StrEnum, ...]

    def read(self, said: Any) -> str:
        """Return the word."""
        if said not in self.choices:
            raise BadName(f"'{said}' is not one of {', '.join(self.choices)}.")
        return str(said)

    def write(self, value: Any) -> str:
        """Return the word."""
        return str(value)


@dataclass(frozen=True, slots=True)
class Text:
    """A short text on one line."""

    longest: int

    def read(self, said: Any) -> str:
        """Return the text, trimmed."""
        text = single(str(said), self.longest)
        if not text:
            raise BadName("The text is empty.")
        return text

    def write(self, value: Any) -> str:
        """Return the text."""
        return str(value)


@dataclass(frozen=True, slots=True)
class Times:
    """One or two times of day, joined by a comma."""

    def read(self, said: Any) -> str:
        """Return them in their order."""
        found = times.parse_times(str(said))
        if len(found) > times.MOST_TIMES:
            raise BadName(f"A report comes {times.MOST_TIMES} times a day at most.")
        return ",".join(f"{each:%H:%M}" for each in found)

    def write(self, value: Any) -> str:
        """Return them as they are kept."""
        return str(value)


@dataclass(frozen=True, slots=True)
class Days:
    """The days on which reports come (mailstore/reports/times.py)."""

    def read(self, said: Any) -> str:
        """Return the word for them."""
        return times.parse_days(str(said))

    def write(self, value: Any) -> str:
        """Return the word for them."""
        return str(value)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Two numbers, typed `3..8`; nothing or `off` for none."""

    of: Number

    def read(self, said: Any) -> list[float] | None:
        """Return the lower and the higher one."""
        parts = said.split(BETWEEN) if isinstance(said, str) else said or [""]
        if not any(parts) or parts == ["off"]:
            return None
        low, high = (self.of.read(each) for each in parts) if len(parts) == 2 else (None, None)  # noqa: PLR2004 (from, to)
        if low is None or high is None or low > high:
            raise BadName(f"'{said}' is not two numbers such as 3..8, the smaller one first.")
        return [low, high]

    def write(self, value: Any) -> str:
        """Return both."""
        return BETWEEN.join(map(self.of.write, value)) if value else "off"


@dataclass(frozen=True, slots=True)
class Field:
    """A value of policies."""

    name: str
    group: Group
    kind: Kind

    @property
    def usual(self) -> Any:
        """What the recommended policy says, as a row would keep it."""
        _, _, mail_class = self.name.partition("rights.")
        return DEFAULT[MailClass(mail_class)] if mail_class else getattr(USUAL, self.name)


_SCORE, _SENT = Number(LEAST_SCORE, MOST_SCORE), Number(0, MOST_SENT, whole=True)
_SWITCH, _DAYS = Switch(), Number(KEEP_DAYS, LONGEST_DAYS, whole=True, empty=True)
USUAL = Policy()


def _rights(classes: Iterable[MailClass]) -> Iterable[tuple[str, Kind]]:
    for each in classes:
        never = {HeldRight.DELIVER, HeldRight.ASK} if each in NEVER_DELIVERED else set()
        yield f"rights.{each}", Choice(tuple(right for right in HeldRight if right not in never))


_GROUPS: dict[Group, tuple[tuple[str, Kind], ...]] = {
    Group.SPAM: (
        ("quarantine_at", _SCORE),
        ("reject_at", Number(LEAST_SCORE, MOST_SCORE, empty=True)),
        ("own_score", Bounds(_SCORE)),
    ),
    Group.NEWSLETTERS: (
        ("newsletters", Choice(tuple(NewsletterAction))),
        ("newsletter_tag", Text(LONGEST_TAG)),
    ),
    Group.IMPERSONATION: (("impersonation", Choice(tuple(Impersonation))),),
    Group.ATTACHMENTS: (
        ("attachments", Choice(tuple(Attachments))),
        *_rights([MailClass.DANGEROUS]),
        ("unscanned", Choice(tuple(Unscanned))),
    ),
    Group.REPORTS: (
        ("report", _SWITCH),
        ("report_on", Days()),
        ("report_at", Times()),
        ("report_choice", _SWITCH),
        ("report_empty", _SWITCH),
        ("report_tagged", _SWITCH),
        ("report_refused", _SWITCH),
        ("report_folds_at", Number(0, MOST_SCORE)),
        ("notice", Choice(tuple(HeldNotice))),
    ),
    Group.RETENTION: (("keep_days", _DAYS), ("held_days", _DAYS)),
    Group.PEOPLE: (
        *_rights(each for each in MailClass if each is not MailClass.DANGEROUS),
        ("own_lists", Choice(tuple(OwnLists))),
        ("webmail", _SWITCH),
    ),
    Group.SENDING: tuple(
        (name, _SENT)
        for name in ("send_hour", "send_day", "send_hour_new", "send_day_new", "send_unknown")
    ),
}
FIELDS = {
    name: Field(name, group, kind) for group, named in _GROUPS.items() for name, kind in named
}


def field(name: str) -> Field:
    """Return a value by its name, or raise BadName."""
    if name not in FIELDS:
        raise BadName(f"'{name}' is not a value of policies; `flask policy show` lists them.")
    return FIELDS[name]


def taken(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return values as a row keeps them, by their names; raises BadName for the first bad one."""
    return {name: field(name).kind.read(each) for name, each in said.items()}


def flat(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a row sets, by the names of values."""
    found = {name: each for name, each in values.items() if name not in SPARSE}
    for group in SPARSE:
        found |= {f"{group}.{name}": each for name, each in values.get(group, {}).items()}
    return found


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values by their names as a row keeps them."""
    found: dict[str, Any] = {}
    for name, each in values.items():
        group, _, member = name.partition(".")
        if member:
            found.setdefault(group, {})[member] = each
        else:
            found[name] = each
    return found
