"""What cards and notes of a mail say to people: appointments, visiting cards, odd addresses.

All of it is somebody else's text: templates escape it, and nothing of it becomes a link.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_skeleton, get_day_names
from flask_babel import gettext as _
from flask_babel import ngettext

from mailstore.wording import N_
from portal import languages

METHODS = {
    "REQUEST": N_("Invitation"),
    "CANCEL": N_("Cancelled appointment"),
    "REPLY": N_("Reply to an invitation"),
    "COUNTER": N_("Another time is proposed"),
    "DECLINECOUNTER": N_("The other time was declined"),
}
ANSWERS = {
    "ACCEPTED": N_("accepted"),
    "DECLINED": N_("declined"),
    "TENTATIVE": N_("perhaps"),
    "DELEGATED": N_("somebody else goes"),
}

# The dash between two times.
TO = "\u2013"

Said = Mapping[str, Any]
Row = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Card:
    """A card: what it is, its title, and its lines with what each line is about."""

    kind: str
    what: str
    title: str
    rows: tuple[Row, ...]


def worded(said: Iterable[Said]) -> list[Card]:
    """Return cards in the visitor's language and zone."""
    return [_appointment(each) if each["kind"] == "appointment" else _contact(each)
            for each in said]  # fmt: skip


def noted(said: Iterable[Said]) -> list[str]:
    """Return the sentences about odd addresses."""
    return [str(_note(each)) for each in said]


def _note(said: Said) -> str:
    match said["kind"]:
        case "letters":
            text = _("The address “%(shown)s” has letters of other alphabets in its domain. "
                     "Programs read it as %(plain)s.", **_named(said))  # fmt: skip
        case "mixed":
            text = _("“%(shown)s” mixes letters of several alphabets that look alike.",
                     shown=said["shown"])  # fmt: skip
        case _:
            text = _("A reply does not go to the domain of the sender, but to %(shown)s.",
                     shown=said["shown"])  # fmt: skip
    return str(text)


def _named(said: Said) -> dict[str, str]:
    return {"shown": said["shown"], "plain": said["plain"]}


def _appointment(said: Said) -> Card:
    method = said["method"]
    what = _(METHODS[method]) if method in METHODS else _("Appointment")
    rows = [
        (_("When"), _when(said["begin"], said["end"])),
        (_("Repeats"), " ".join(_rule(said["rule"])) if said["rule"] is not None else ""),
        (_("Where"), said["where"]),
        (_("Organiser"), said["organiser"]),
        (_("Reply"), _(ANSWERS[said["answer"]])
         if method == "REPLY" and said["answer"] in ANSWERS else ""),
        (_("Invited"), _invited(said)),
        (_("Address of the page"), said["link"]),
    ]  # fmt: skip
    return Card("appointment", what, said["title"] or _("(no title)"), _filled(rows))


def _contact(said: Said) -> Card:
    rows = [
        (_("Organisation"), said["organisation"]),
        (_("Function"), said["role"]),
        (_("Telephone"), ", ".join(said["phones"])),
        (_("E-mail"), ", ".join(said["mails"])),
        (_("Address of the page"), ", ".join(said["links"])),
    ]
    title = said["name"] or said["organisation"] or _("(no name)")
    return Card("contact", _("Visiting card"), title, _filled(rows))


def _filled(rows: Iterable[Row]) -> tuple[Row, ...]:
    return tuple((str(about), str(text)) for about, text in rows if text)


def _invited(said: Said) -> str:
    named, count = ", ".join(said["invited"]), said["count"]
    more = count - len(said["invited"])
    if more <= 0:
        return named
    return str(ngettext("%(named)s and %(num)d more", "%(named)s and %(num)d more", more,
                        named=named))  # fmt: skip


def _when(begin: Said | None, end: Said | None) -> str:
    if begin is None:
        return ""
    first, last = _local(begin), _local(end) if end else None
    if begin["day"]:
        return _days(first.date(), last.date() if last else None)
    zone = begin["zone"] or _("local time there")
    said = f"{_day(first)}, {first:%H:%M}"
    if last and last != first:
        same = last.date() == first.date()
        said += f"{TO}{last:%H:%M}" if same else f" {TO} {_day(last)}, {last:%H:%M}"
    return said if first.tzinfo else f"{said} ({zone})"


def _days(first: date, last: date | None) -> str:
    if last is None or last <= first:
        return str(_("%(day)s, all day", day=_day(first)))
    return f"{_day(first)} {TO} {_day(last)}"


def _local(said: Said) -> datetime:
    """Return a moment in the visitor's zone, or as it stands where nobody knows its own."""
    at = datetime.fromisoformat(said["at"])
    return at.astimezone(ZoneInfo(languages.zone())) if at.tzinfo else at


def _day(at: date) -> str:
    return str(format_skeleton("yMMMMEEEEd", at, locale=languages.chosen()))


def _rule(rule: Said) -> Iterator[str]:
    """Yield the sentences of a rule; that it repeats is all there is to say of an odd one."""
    if not rule:
        yield _("by a rule that only a calendar can show")
        return
    num = rule["interval"]
    every = {
        "DAILY": ngettext("every day", "every %(num)d days", num),
        "WEEKLY": ngettext("every week", "every %(num)d weeks", num),
        "MONTHLY": ngettext("every month", "every %(num)d months", num),
        "YEARLY": ngettext("every year", "every %(num)d years", num),
    }[rule["every"]]
    names = get_day_names("wide", locale=languages.chosen())
    days = ", ".join(names[each] for each in rule["days"])
    yield f"{every} ({days})" if days else every
    if rule["count"]:
        yield ngettext("(once)", "(%(num)d times)", rule["count"])
    elif rule["until"]:
        yield _("(until %(day)s)", day=_day(_local(rule["until"])))
