"""What people type to find mail: words, and conditions such as `from:anna before:24.11.`.

Conditions have their names in four languages, whatever language a page is in. What cannot be
understood is looked for as words, so that nothing is ever an error; it is named, too, so that
a page can say so.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from mailstore.search import words
from mailstore.search.values import day_of, size_of

LONGEST_TEXT = 200
MOST_TERMS = 12
# Somebody may look for one long run of characters without blanks.
MOST_WORDS = 40

_PART = re.compile(
    r"""(?P<minus>(?<!\S)[-\u2212\u2013])?
    (?:(?P<name>[^\W\d_]{1,12}):[ ]?)?
    (?:["\u201c\u201e\u00ab](?P<phrase>[^"\u201c\u201d\u00bb]*)["\u201c\u201d\u00bb]?|(?P<word>[^\s"]+))""",
    re.VERBOSE,
)


class Field(StrEnum):
    """Where a word is looked for."""

    ANYWHERE = ""
    FROM = "from"
    TO = "to"
    SUBJECT = "subject"


@dataclass(frozen=True, slots=True)
class Term:
    """Words that a mail must have, each in one of its forms; or must not have.

    Of the last word its beginning is enough where `begins`.
    """

    words: tuple[tuple[str, ...], ...]
    field: Field = Field.ANYWHERE
    begins: bool = False
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """What somebody looks for; `not_understood` are conditions that were taken for words."""

    terms: tuple[Term, ...] = ()
    after: datetime | None = None
    before: datetime | None = None
    larger: int | None = None
    smaller: int | None = None
    attachment: bool | None = None
    unread: bool | None = None
    pinned: bool | None = None
    not_understood: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is looked for, so that everything would be found."""
        return replace(self, not_understood=()) == Query()


_FIELDS = {
    **dict.fromkeys(("from", "von", "de", "da"), Field.FROM),
    **dict.fromkeys(("to", "an", "à", "a", "pour", "per"), Field.TO),
    **dict.fromkeys(("subject", "betreff", "objet", "sujet", "oggetto"), Field.SUBJECT),
}
_NAMES = {
    **dict.fromkeys(("after", "since", "nach", "seit", "ab", "après", "apres", "depuis",
                     "dopo", "dal"), "after"),
    **dict.fromkeys(("before", "vor", "bis", "avant", "prima"), "before"),
    **dict.fromkeys(("larger", "grösser", "größer", "groesser", "plus", "grand", "maggiore"),
                    "larger"),
    **dict.fromkeys(("smaller", "kleiner", "moins", "petit", "minore"), "smaller"),
    **dict.fromkeys(("has", "hat", "mit", "avec", "con", "ha"), "has"),
    **dict.fromkeys(("is", "ist", "est", "è", "e"), "is"),
}  # fmt: skip
_ATTACHMENT = {"attachment", "attachments", "anhang", "anhänge", "pièce", "pièces", "piece",
               "pièce-jointe", "pj", "allegato", "allegati"}  # fmt: skip
_STATES = {
    **dict.fromkeys(("unread", "ungelesen", "neu", "new", "nonlu", "non-lu", "non_lu", "nonletto",
                     "non-letto", "non_letto", "nuovo"), ("unread", True)),
    **dict.fromkeys(("read", "gelesen", "lu", "letto"), ("unread", False)),
    **dict.fromkeys(("pinned", "angeheftet", "markiert", "épinglé", "epingle", "fissato",
                     "fissata"), ("pinned", True)),
}  # fmt: skip


@dataclass(slots=True)
class _Reading:
    """What of a query is understood so far."""

    now: datetime
    terms: list[Term] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    strange: list[str] = field(default_factory=list)


def understood(text: str, now: datetime, zone: ZoneInfo) -> Query:
    """Return what a text looks for; its days are days of a zone, and `now` says which is today."""
    reading = _Reading(now.astimezone(zone))
    for part in list(_PART.finditer(text[:LONGEST_TEXT]))[:MOST_TERMS]:
        _take(reading, part)
    return Query(
        tuple(_few(reading.terms)), not_understood=tuple(reading.strange), **reading.values
    )


def _take(reading: _Reading, part: re.Match[str]) -> None:
    name, phrase = (part["name"] or "").lower(), part["phrase"]
    said = part["word"] if phrase is None else phrase
    negated, exact = bool(part["minus"]), phrase is not None
    if name in _FIELDS:
        _look_for(reading, said, _FIELDS[name], negated=negated, exact=exact)
        return
    if name in _NAMES:
        if _CONDITIONS[_NAMES[name]](reading, _NAMES[name], said.lower(), negated):
            return
        reading.strange.append(part[0])
    whole = f"{part['name']}:{said}" if name else said
    _look_for(reading, whole, Field.ANYWHERE, negated=negated, exact=exact)


def _look_for(reading: _Reading, said: str, where: Field, *, negated: bool, exact: bool) -> None:
    asked = tuple(words.asked_words(said))
    if asked:
        begins = not (negated or exact) and len(asked[-1][0]) >= words.SHORTEST
        begins = begins and not words.is_unspaced(asked[-1][0])
        reading.terms.append(Term(asked, where, begins, negated))


def _few(terms: list[Term]) -> Iterator[Term]:
    left = MOST_WORDS
    for term in terms:
        if left <= 0:
            return
        yield replace(term, words=term.words[:left])
        left -= len(term.words)


def _moment(reading: _Reading, name: str, said: str, negated: bool) -> bool:
    day = day_of(said, reading.now)
    if day is None or negated:
        return False
    reading.values[name] = day
    return True


def _size(reading: _Reading, name: str, said: str, negated: bool) -> bool:
    size = size_of(said)
    if size is None or negated:
        return False
    reading.values[name] = size
    return True


def _has(reading: _Reading, _name: str, said: str, negated: bool) -> bool:
    if said not in _ATTACHMENT:
        return False
    reading.values["attachment"] = not negated
    return True


def _is(reading: _Reading, _name: str, said: str, negated: bool) -> bool:
    if said not in _STATES:
        return False
    name, value = _STATES[said]
    reading.values[name] = value != negated
    return True


_CONDITIONS: dict[str, Callable[[_Reading, str, str, bool], bool]] = {
    "after": _moment,
    "before": _moment,
    "larger": _size,
    "smaller": _size,
    "has": _has,
    "is": _is,
}
