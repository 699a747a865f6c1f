"""How a mail is built: its header fields, its text and its HTML, each read once."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from html import unescape

from filter.views.once import once_per_mail
from mailstore.mime import Mail, one_line

LONGEST_FIELD = 2000
LONGEST_HTML = 120_000
MOST_TAGS = 5000
LONGEST_TEXT = 40_000
UNSEEN = frozenset({"script", "style", "head"})
# They stand within a word without parting it.
INLINE = frozenset({"a", "b", "big", "em", "font", "i", "small", "span", "strong", "u"})
_WORD = re.compile(r"/?[a-z][a-z0-9]*")


@dataclass(frozen=True, slots=True)
class Page:
    """HTML in pieces: how many tags of each name, attributes by tag, comments, what is seen."""

    tags: Counter[str]
    attributes: tuple[tuple[str, str], ...]
    comments: tuple[str, ...]
    text: str

    def of(self, *names: str) -> Iterator[str]:
        """Yield the attributes, in small letters, of tags of these names."""
        return (text for name, text in self.attributes if name in names)


@once_per_mail
def fields(mail: Mail) -> dict[str, list[str]]:
    """Return the values of all header fields as they came, by name in small letters."""
    found: dict[str, list[str]] = {}
    for name, value in mail.message.raw_items():
        text = str(value)[:LONGEST_FIELD].replace("\r", "").replace("\n", "")
        text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        found.setdefault(name.lower(), []).append(text.strip())
    return found


def field(mail: Mail, name: str) -> str:
    """Return the first value of a name in small letters as it came, or an empty text."""
    return next(iter(fields(mail).get(name, ())), "")


def has(mail: Mail, *names: str) -> bool:
    """Whether one of these names, in small letters, stands among the header fields."""
    return any(name in fields(mail) for name in names)


@once_per_mail
def subject(mail: Mail) -> str:
    """Return the Subject as people see it."""
    return one_line(field(mail, "subject"))


@once_per_mail
def written_at(mail: Mail) -> datetime | None:
    """Return what Date says, or None if there is none that can be read."""
    return when(field(mail, "date"))


@once_per_mail
def page(mail: Mail) -> Page:
    """Return the HTML of a mail, in pieces; an empty page if it has none."""
    return page_of(mail.html[:LONGEST_HTML])


@once_per_mail
def text(mail: Mail) -> str:
    """Return the beginning of the plain text, as it is."""
    return mail.text[:LONGEST_TEXT]


@once_per_mail
def whole_text(mail: Mail) -> str:
    """Return the beginning of what a reader sees: plain text, and HTML without its tags."""
    return f"{text(mail)}\n{page(mail).text[:LONGEST_TEXT]}"


@once_per_mail
def is_list(mail: Mail) -> bool:
    """Whether the mail came through a discussion list (RFC 2369, and what stood for it before)."""
    named = has(mail, "list-post", "x-beenthere", "mailing-list", "x-mailing-list")
    return named or field(mail, "precedence").lower() == "list"


def page_of(html: str) -> Page:
    """Cut HTML at its tags in linear time, which no expression for tags has."""
    first, *pieces = html.split("<")
    tags: Counter[str] = Counter()
    attributes, comments, texts, unseen = [], [], [first], ""
    for piece in pieces[:MOST_TAGS]:
        inside, _, text = piece.partition(">")
        match = _WORD.match(inside.lower())
        word = match[0] if match else ""
        if unseen and word != f"/{unseen}":
            continue
        unseen = word if word in UNSEEN else ""
        if inside.startswith("!--"):
            comments.append(inside)
        if word:
            tags[word] += 1
            attributes.append((word, inside[len(word) :].lower()))
        between = "" if not word or word.removeprefix("/") in INLINE else " "
        texts.append("" if unseen else between + text)
    return Page(tags, tuple(attributes), tuple(comments), unescape("".join(texts)))


def when(text: str) -> datetime | None:
    """Return a date of a header in UTC, or None."""
    try:
        at = parsedate_to_datetime(text)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
