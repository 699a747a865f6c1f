"""Reading foreign mail (RFC 5322, RFC 2045 to 2047): used only inside the sandbox.

Nothing here raises for bad content: a header that cannot be decoded is shown raw, a charset
nobody knows is read as Latin-1. Policy and display both use this one parser.
"""

import email
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.policy import Compat32
from email.utils import getaddresses
from functools import cached_property

from mailstore import filenames
from mailstore.addresses import Address
from mailstore.charsets import decode_text, one_line
from mailstore.errors import BadAddress

__all__ = [
    "DEEPEST",
    "MOST_PARTS",
    "Mail",
    "Part",
    "Sealed",
    "TooComplex",
    "decode_text",
    "head_of",
    "header_fields",
    "one_line",
    "raw_fields",
    "raw_text",
    "text_of",
]

MOST_PARTS = 1000
DEEPEST = 50
SNIPPET = 160
_COMMENT = re.compile(r"\([^()]{0,200}\)")
_OPEN_NAME = re.compile(rb"(?m)^([!-9;-~]{1,100})[ \t]{1,100}:")
_UNSEEN = re.compile(r"(script|style|head)\b")


class _Forgiving(Compat32):
    """What the standard library reads, as forgiving of blanks as programs that show mail.

    A blank, a fold or a comment beside the name of an encoding would otherwise hide from us what
    they decode.
    """

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        """Return name and value of a field."""
        name, value = super().header_source_parse(sourcelines)
        if name.lower() == "content-transfer-encoding":
            value = " ".join(_COMMENT.sub(" ", value).split()[:1])
        return name, value


_READING = _Forgiving()


class TooComplex(Exception):
    """The mail has more parts, or deeper ones, than anybody sends."""


class Sealed(Message):
    """A message that leaves mails attached to it closed: leaves, with the bytes that came."""

    def get_content_maintype(self) -> str:
        """Return the type that the parser goes by."""
        kind = super().get_content_maintype()
        return "application" if kind == "message" else kind


@dataclass(frozen=True, slots=True)
class Part:
    """A leaf of the MIME tree.

    `names` are all that some program may read for its name; `name` is the one to show, on one
    line: a dangerous one if any is.
    """

    number: int
    message: Message
    content_type: str
    name: str
    attached: bool
    names: tuple[str, ...] = ()

    def content(self) -> bytes:
        """Return the decoded bytes; what cannot be decoded as it is."""
        payload = self.message.get_payload(decode=True)
        return payload if isinstance(payload, bytes) else b""

    def text(self) -> str:
        """Return the text, whatever its charset claims to be."""
        return decode_text(self.content(), _parameter(self.message, "charset"))

    @property
    def content_id(self) -> str:
        """Return the id that HTML names an inline picture by, or an empty text."""
        return one_line(raw_text(self.message, "Content-ID")).strip("<>")


class Mail:
    """A parsed mail; the class of its messages says whether mails attached to it are opened."""

    def __init__(self, raw: bytes, messages: type[Message] = Message) -> None:
        self.raw = raw
        self.message: Message = email.message_from_bytes(_closed(raw), messages, policy=_READING)
        self.parts = list(_leaves(self.message))

    def header(self, name: str) -> str:
        """Return the first field of this name, decoded, on one line; empty if there is none."""
        return next(iter(self.headers(name)), "")

    def headers(self, name: str) -> list[str]:
        """Return all fields of this name, decoded."""
        return [one_line(value) for value in raw_fields(self.message, name)]

    @cached_property
    def authors(self) -> list[tuple[str, Address]]:
        """Return names and addresses of From, those that are addresses, each of them once."""
        return list({address: (name, address) for name, address in self.people("From")}.values())

    @cached_property
    def reply_to(self) -> list[str]:
        """Return the addresses of Reply-To, those that are addresses."""
        return [str(address) for _, address in self.people("Reply-To")]

    def people(self, name: str) -> list[tuple[str, Address]]:
        """Return names and addresses of all fields of this name, those that are addresses."""
        return list(_addresses(raw_fields(self.message, name)))

    @cached_property
    def text(self) -> str:
        """Return the first plain text that is not an attachment."""
        return next(self._bodies("text/plain"), "")

    @cached_property
    def html(self) -> str:
        """Return the first HTML that is not an attachment."""
        return next(self._bodies("text/html"), "")

    def seen_text(self, most: int) -> str:
        """Return what a reader may see of texts, at most so many characters: plain, then HTML."""
        page = html.unescape(text_of(self.html[: 2 * most]))
        return f"{self.text[:most]}\n{page}"[:most]

    @property
    def snippet(self) -> str:
        """Return the beginning of what a reader would see."""
        seen = self.text or text_of(self.html[:20_000])
        return " ".join(seen[:4000].split())[:SNIPPET]

    @cached_property
    def attachments(self) -> list[Part]:
        """Return the parts a reader would call attachments."""
        return [part for part in self.parts if part.attached]

    def part(self, number: int) -> Part | None:
        """Return a leaf by its number, or None."""
        return self.parts[number] if 0 <= number < len(self.parts) else None

    def _bodies(self, content_type: str) -> Iterator[str]:
        for part in self.parts:
            if part.content_type == content_type and not part.attached:
                yield part.text()


def raw_fields(message: Message, name: str) -> list[str]:
    """Return the values of all fields of a name as they came, 8-bit ones read as UTF-8.

    Message.get would replace every 8-bit character by a question mark.
    """
    wanted = name.lower()
    return [
        value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        for field, value in message.raw_items()
        if field.lower() == wanted and isinstance(value, str)
    ]


def raw_text(message: Message, name: str) -> str:
    """Return the first value of a name as it came, or an empty text."""
    return next(iter(raw_fields(message, name)), "")


def header_fields(head: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield start, end and lower-case name of each header field of canonical bytes."""
    start = offset = 0
    name = b""
    for line in head.split(b"\r\n"):
        end = offset + len(line) + 2
        if line[:1] not in (b" ", b"\t") or not name:
            if name:
                yield start, offset, name
            start, name = offset, line.partition(b":")[0].strip().lower()
            if not line:
                return
        offset = end
    if name:
        yield start, min(offset, len(head)), name


def head_of(raw: bytes) -> bytes:
    """Return the header section with its last line end."""
    if raw.startswith(b"\r\n"):
        return b""
    end = raw.find(b"\r\n\r\n")
    return raw if end < 0 else raw[: end + 2]


def _addresses(values: list[str]) -> Iterator[tuple[str, Address]]:
    for name, text in getaddresses(values):
        try:
            yield one_line(name), Address.parse(text)
        except BadAddress:
            continue


def _closed(raw: bytes) -> bytes:
    """Return a mail whose field names end at their colon; mostly it is the same."""
    head = head_of(raw)
    # The standard library takes "Name :" for the end of the header; other programs do not.
    closed, found = _OPEN_NAME.subn(rb"\1:", head)
    return closed + raw[len(head) :] if found else raw


def _leaves(root: Message) -> Iterator[Part]:
    stack, number, seen = [(root, 0)], 0, 0
    while stack:
        message, depth = stack.pop()
        seen += 1
        if depth > DEEPEST or seen > MOST_PARTS:
            raise TooComplex
        if message.is_multipart():
            # Only now: of a leaf, get_payload decodes by whatever charset it claims.
            children = [each for each in message.get_payload() if isinstance(each, Message)]
            stack.extend((child, depth + 1) for child in reversed(children))
            continue
        yield _part(number, message)
        number += 1


def _parameter(message: Message, name: str) -> object:
    # RFC 2231 parts that are numbered in odd ways break Python's parser.
    try:
        return message.get_param(name)
    except (LookupError, TypeError, ValueError):
        return None


def text_of(html: str) -> str:
    """Return the text between tags in linear time, which no expression for tags has."""
    first, *rest = html.split("<")
    texts, unseen = [first], ""
    for piece in rest:
        tag, _, text = piece.partition(">")
        word = tag.lower()
        if unseen and not word.startswith(f"/{unseen}"):
            continue
        match = _UNSEEN.match(word)
        unseen = match[1] if match else ""
        texts.append("" if unseen else text)
    return " ".join(texts)


def _part(number: int, message: Message) -> Part:
    content_type = message.get_content_type()
    try:
        parsed = message.get_filename() or ""
    except (LookupError, TypeError, ValueError):
        parsed = "?"
    said = raw_fields(message, "Content-Disposition")
    names = filenames.readings(parsed, (*said, *raw_fields(message, "Content-Type")))
    name = one_line(filenames.dangerous(names) or names[0])
    kept = any(one_line(each).lower().startswith("attachment") for each in said)
    attached = kept or bool(name) or not content_type.startswith("text/")
    return Part(number, message, content_type, name, attached, tuple(names))
