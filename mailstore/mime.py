"""Reading foreign mail (RFC 5322, RFC 2045 to 2047): used only inside the sandbox.

Nothing here raises for bad content: a header that cannot be decoded is shown raw, a charset
nobody knows is read as Latin-1. Policy and display both use this one parser.
"""

import email
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.policy import compat32
from email.utils import getaddresses

from mailstore.addresses import Address
from mailstore.errors import BadAddress

MOST_PARTS = 1000
DEEPEST = 50
LONGEST_HEADER = 2000
SNIPPET = 160
UNSAFE_CHARSETS = frozenset({"utf-7", "utf7", "unicode-1-1-utf-7"})
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_TAGS = re.compile(r"(?is)<(script|style|head)\b.*?</\1>|<[^>]*>")


class TooComplex(Exception):
    """The mail has more parts, or deeper ones, than anybody sends."""


@dataclass(frozen=True, slots=True)
class Part:
    """A leaf of the MIME tree."""

    number: int
    message: Message
    content_type: str
    name: str
    attached: bool

    def content(self) -> bytes:
        """Return the decoded bytes; what cannot be decoded as it is."""
        payload = self.message.get_payload(decode=True)
        return payload if isinstance(payload, bytes) else b""

    def text(self) -> str:
        """Return the text, whatever its charset claims to be."""
        return decode_text(self.content(), self.message.get_param("charset"))

    @property
    def content_id(self) -> str:
        """Return the id that HTML names an inline picture by, or an empty text."""
        return one_line(self.message.get("Content-ID", "")).strip("<>")


class Mail:
    """A parsed mail."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.message: Message = email.message_from_bytes(raw, policy=compat32)
        self.parts = list(_leaves(self.message))

    def header(self, name: str) -> str:
        """Return the first field of this name, decoded, on one line; empty if there is none."""
        return one_line(self.message.get(name, ""))

    def headers(self, name: str) -> list[str]:
        """Return all fields of this name, decoded."""
        return [one_line(value) for value in self.message.get_all(name, [])]

    @property
    def authors(self) -> list[tuple[str, Address]]:
        """Return names and addresses of From, those that are addresses."""
        return list(_addresses(self.message.get_all("From", [])))

    @property
    def text(self) -> str:
        """Return the first plain text that is not an attachment."""
        return next(self._bodies("text/plain"), "")

    @property
    def html(self) -> str:
        """Return the first HTML that is not an attachment."""
        return next(self._bodies("text/html"), "")

    @property
    def snippet(self) -> str:
        """Return the beginning of what a reader would see."""
        seen = self.text or _TAGS.sub(" ", self.html[:20_000])
        return " ".join(seen[:4000].split())[:SNIPPET]

    @property
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


def one_line(value: object) -> str:
    """Return a header value as one line of readable text, RFC 2047 decoded."""
    raw = str(value)[: LONGEST_HEADER * 4]
    raw = (
        raw.encode("ascii", "surrogateescape").decode("utf-8", "replace") if _escaped(raw) else raw
    )
    try:
        pieces = [
            piece if isinstance(piece, str) else decode_text(piece, charset or "ascii")
            for piece, charset in decode_header(raw)
        ]
    except (HeaderParseError, ValueError, LookupError):
        pieces = [raw]
    return _CONTROL.sub(" ", "".join(pieces)).strip()[:LONGEST_HEADER]


def decode_text(content: bytes, charset: object) -> str:
    """Return bytes as text; UTF-7 is never believed, and an unknown charset is Latin-1."""
    name = str(charset or "utf-8").strip().lower()
    if name in UNSAFE_CHARSETS:
        name = "ascii"
    try:
        return content.decode(name, "replace" if name not in ("utf-8", "us-ascii") else "strict")
    except UnicodeDecodeError:
        return content.decode("latin-1")
    except (LookupError, ValueError, AssertionError):
        return content.decode("utf-8", "replace")


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


def _escaped(text: str) -> bool:
    return any("\udc80" <= char <= "\udcff" for char in text)


def _addresses(values: list[str]) -> Iterator[tuple[str, Address]]:
    for name, text in getaddresses([str(value) for value in values]):
        try:
            yield one_line(name), Address.parse(text)
        except BadAddress:
            continue


def _leaves(root: Message) -> Iterator[Part]:
    stack, number, seen = [(root, 0)], 0, 0
    while stack:
        message, depth = stack.pop()
        seen += 1
        if depth > DEEPEST or seen > MOST_PARTS:
            raise TooComplex
        payload = message.get_payload()
        if message.is_multipart() and isinstance(payload, list):
            children = [child for child in payload if isinstance(child, Message)]
            stack.extend((child, depth + 1) for child in reversed(children))
            continue
        yield _part(number, message)
        number += 1


def _part(number: int, message: Message) -> Part:
    content_type = message.get_content_type()
    try:
        name = one_line(message.get_filename() or "")
    except (LookupError, UnicodeError, ValueError):
        name = "?"
    said = one_line(message.get("Content-Disposition", "")).lower()
    attached = said.startswith("attachment") or bool(name) or not content_type.startswith("text/")
    return Part(number, message, content_type, name, attached)
