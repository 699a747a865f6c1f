"""Other readings of a mail whose structure programs read differently (RFC 2045, RFC 2046).

Where a mail says twice how it is made, breaks off or hides content between its parts, one program
shows what another never sees. Only for such mail, every stretch that looks encoded is decoded, so
that what any program could show is looked at. All of it takes linear time.
"""

import binascii
import re
from collections.abc import Iterator
from email import errors
from email.message import Message
from itertools import islice

from filter.attached.budget import Budget, TooMuch
from filter.views.once import once_per_mail
from mailstore.mime import Mail, raw_fields

MOST_BYTES = 8 * 2**20
MOST_READINGS = 200
LINES_AT_ONCE = 1000
DEEPEST = 3
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_ENCODINGS = frozenset({"", "7bit", "8bit", "binary", "base64", "quoted-printable"})
_ENCODES = frozenset({"base64", "quoted-printable", "x-uuencode", "uuencode", "x-uue", "uue"})
_BOUNDARY = re.compile(r"(?i)\bboundary\s{0,20}\*?\d{0,9}\*?\s{0,20}=")
_BEGIN = re.compile(rb"(?m)^begin(?:-base64)? [0-7]{3,4} ([^\r\n]{1,200})")
_OUTSIDE = re.compile(rb"(?i)content-(?:type|transfer-encoding|disposition)\s{0,20}:")
_BROKEN = (
    errors.StartBoundaryNotFoundDefect,
    errors.NoBoundaryInMultipartDefect,
    errors.MultipartInvariantViolationDefect,
    errors.MissingHeaderBodySeparatorDefect,
)
_SHORTEST = 64


@once_per_mail
def ambiguities(mail: Mail) -> list[str]:
    """Return, in words, what programs read differently in a mail; nothing for nearly all mail."""
    found: list[str] = []
    for message in mail.message.walk():
        found.extend(_of_headers(message))
        found.extend(_of_body(message))
    return list(dict.fromkeys(found))


def others(mail: Mail, budget: Budget) -> Iterator[tuple[str, bytes]]:
    """Yield what other programs may find in a mail with odd structure, with names.

    Raises TooMuch where there is more than any mail has.
    """
    if not ambiguities(mail) and not _is_loose(mail):
        return
    yield from inside(mail.raw, budget)


def inside(content: bytes, budget: Budget) -> Iterator[tuple[str, bytes]]:
    """Yield names and contents of whatever lies encoded in bytes that are a mail.

    Raises TooMuch where there is more than any mail has.
    """
    for count, found in enumerate(_decoded(content[:MOST_BYTES], 0, budget)):
        if count >= MOST_READINGS:
            raise TooMuch("too many readings")
        yield found


def is_mail(content: bytes) -> bool:
    """Return whether a file is a mail, or a piece of one, by its first lines."""
    return _OUTSIDE.search(content, 0, 4096) is not None


def _of_headers(message: Message) -> Iterator[str]:
    types = {each.strip().lower() for each in raw_fields(message, "Content-Type")}
    encodings = {each.strip().lower() for each in raw_fields(message, "Content-Transfer-Encoding")}
    if len(types) > 1:
        yield "two content types"
    if len(encodings) > 1:
        yield "two encodings"
    if any(_is_broken(each) for each in types):
        yield "a broken content type"
    if any(len(_BOUNDARY.findall(each)) > 1 for each in types):
        yield "two boundaries"
    kind = message.get_content_type()
    if kind in {"message/partial", "message/external-body"}:
        yield "a part of it is elsewhere"
    whole = message.get_content_maintype() in {"multipart", "message"}
    if whole and encodings & _ENCODES:
        yield "its structure is encoded"
    if any(not _known(each) for each in encodings):
        yield "an unknown encoding"


def _is_broken(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip()
    # Programs of before MIME wrote only this.
    return kind.count("/") != 1 and kind not in {"", "text"}


def _known(encoding: str) -> bool:
    return encoding in _ENCODINGS | _ENCODES


def _of_body(message: Message) -> Iterator[str]:
    if any(isinstance(defect, _BROKEN) for defect in message.defects):
        yield "its structure is broken"
    for outside in (message.preamble, message.epilogue):
        if outside and _OUTSIDE.search(_as_bytes(outside)):
            yield "content outside its parts"
    if not message.is_multipart() and _encoding(message) == "base64":
        left = _as_bytes(message.get_payload()).translate(None, _BASE64 + b" \t\r\n")
        if left.strip(b"="):
            yield "foreign letters in base64"
        elif _stops_early(message):
            yield "base64 that ends early"


def _stops_early(message: Message) -> bool:
    text = _as_bytes(message.get_payload()).translate(None, b" \t\r\n")
    return b"=" in text.rstrip(b"=")


def _is_loose(mail: Mail) -> bool:
    """Return whether a mail breaks off, or carries files in its text as people did before MIME."""
    if _BEGIN.search(mail.raw):
        return True
    return any(
        isinstance(defect, errors.CloseBoundaryNotFoundDefect)
        for message in mail.message.walk()
        for defect in message.defects
    )


def _encoding(message: Message) -> str:
    said = raw_fields(message, "Content-Transfer-Encoding")
    return said[0].strip().lower() if said else ""


def _as_bytes(text: object) -> bytes:
    return text.encode("utf-8", "surrogateescape") if isinstance(text, str) else b""


def _decoded(raw: bytes, depth: int, budget: Budget) -> Iterator[tuple[str, bytes]]:
    """Yield what lies encoded in bytes, and in what that decodes to."""
    for name, content in _blocks(raw, budget):
        yield name, content
        if depth < DEEPEST and is_mail(content):
            yield from _decoded(content, depth + 1, budget)


def _blocks(raw: bytes, budget: Budget) -> Iterator[tuple[str, bytes]]:
    yield from _uuencoded(raw)
    # What ends a line of quoted-printable also ends one of base64, so both readings are tried.
    plain = binascii.a2b_qp(raw)
    if plain != raw:
        yield "", plain
    for text in (raw, plain) if plain != raw else (raw,):
        for block in _encoded(text, budget):
            budget.check_time()
            yield from (("", content) for content in _from_base64(block))


def _encoded(raw: bytes, budget: Budget) -> Iterator[bytes]:
    """Yield stretches of lines that consist mostly of letters of base64, without the others."""
    lines: list[bytes] = []
    for number, line in enumerate((*raw.splitlines(), b"")):
        if number % LINES_AT_ONCE == 0:
            budget.check_time()
        letters = line.strip()
        foreign = len(letters.translate(None, _BASE64 + b"="))
        if letters and b" " not in letters and foreign * 4 <= len(letters):
            lines.append(letters)
        elif lines:
            yield b"\n".join(lines)
            lines = []


def _from_base64(block: bytes) -> Iterator[bytes]:
    """Yield every way to read base64 with foreign letters or an end in its middle."""
    others = bytes(set(range(256)) - set(_BASE64) - {ord("=")})
    clean = block.translate(None, others)
    if len(clean) < _SHORTEST:
        return
    whole = clean.replace(b"=", b"")
    yield _bytes_of(whole)
    # Without a first line, which may have been a word of text.
    yield _bytes_of(block.partition(b"\n")[2].translate(None, others + b"="))
    if b"=" in clean.rstrip(b"="):
        pieces = [_bytes_of(piece) for piece in clean.split(b"=") if piece]
        yield b"".join(pieces)


def _bytes_of(letters: bytes) -> bytes:
    usable = letters[: len(letters) - (len(letters) % 4 == 1)]
    return binascii.a2b_base64(usable + b"=" * (-len(usable) % 4))


def _uuencoded(raw: bytes) -> Iterator[tuple[str, bytes]]:
    begins = list(islice(_BEGIN.finditer(raw), MOST_READINGS + 1))
    ends = [each.start() for each in begins[1:]] + [len(raw)]
    for found, last in zip(begins, ends, strict=False):
        name = found[1].decode("utf-8", "replace")
        end = raw.find(b"\nend", found.end(), last)
        body = raw[found.end() : end if end >= 0 else last]
        if found[0].startswith(b"begin-base64"):
            yield name, _bytes_of(body.translate(None, bytes(set(range(256)) - set(_BASE64))))
        else:
            yield name, b"".join(map(_line, body.splitlines()))


def _line(line: bytes) -> bytes:
    try:
        return binascii.a2b_uu(line)
    except binascii.Error:
        # Some programs write one letter too many; the first says how many bytes there are.
        try:
            return binascii.a2b_uu(line[: 1 + ((line[0] - 32) & 63) * 4 // 3 + 2])
        except (binascii.Error, IndexError):
            return b""
