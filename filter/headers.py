"""Our own header lines, and the newsletter tag; nothing else of a mail is ever changed."""

import re
from collections.abc import Sequence
from datetime import datetime
from email.header import Header
from email.utils import format_datetime
from typing import TYPE_CHECKING

from mailstore.envelopes import Client
from mailstore.mime import head_of, header_fields, one_line

if TYPE_CHECKING:
    from mailstore.deliveries import Delivery

CRLF = "\r\n"
# RFC 5322 §2.1.1, with room for what stands between.
LONGEST_LINE = 990
OURS = b"x-mailhafen-"
AUTHENTICATION_RESULTS = b"authentication-results"
# What people sort by: a mail of their own that comes home.
SENT_COPY = b"X-Mailhafen-Sent-Copy: yes\r\n"
_ANSWER = re.compile(r"(?i)^(?:(?:re|aw|antw|fwd?|wg|tr|rif|r|i)\s?:\s*){1,9}")


def trace(client: Client, hostname: str, public_id: str, at: datetime, lines: Sequence[str]) -> str:
    """Return our Received (RFC 5321 §4.4) and Authentication-Results (RFC 8601)."""
    helo = "".join(
        char if char.isalnum() or char in ".-_[]:" else "?" for char in client.helo[:255]
    )
    literal = f"IPv6:{client.ip}" if ":" in client.ip else client.ip
    return (
        f"Received: from {helo or 'unknown'} ([{literal}]){CRLF}"
        f"\tby {hostname} (Mailhafen) with {_protocol(client)} id {public_id};{CRLF}"
        f"\t{format_datetime(at)}{CRLF}" + results(hostname, lines)
    )


def taken(client: Client, hostname: str, public_id: str, at: datetime) -> str:
    """Return our Received above mail of our own people: who took it and how (RFC 3848).

    From where is said in a word only: strangers need no address of somebody's home, nor the name
    of a server inside. Rows have both for administrators.
    """
    if not client.ip:
        way, using = "webmail", ""
    else:
        way = "submission" if client.user else "server"
        using = f" with {_protocol(client)}" + "A" * bool(client.user)
    return (
        f"Received: from {way}{CRLF}"
        f"\tby {hostname} (Mailhafen){using} id {public_id};{CRLF}"
        f"\t{format_datetime(at)}{CRLF}"
    )


def results(hostname: str, lines: Sequence[str]) -> str:
    """Return our Authentication-Results (RFC 8601)."""
    proofs = f";{CRLF}\t".join(lines) or "none"
    return f"Authentication-Results: {hostname};{CRLF}\t{proofs}{CRLF}"


def _protocol(client: Client) -> str:
    return ("ESMTPS" if client.tls else "ESMTP") if client.esmtp else "SMTP"


def cuts(raw: bytes, hostname: str) -> tuple[tuple[int, int], ...]:
    """Return the ranges of foreign fields that claim to be ours (RFC 8601 §5)."""
    head = head_of(raw)
    if OURS not in (lower := head.lower()) and AUTHENTICATION_RESULTS not in lower:
        return ()
    return tuple(
        (start, end)
        for start, end, name in header_fields(head)
        if name.startswith(OURS)
        or (name == AUTHENTICATION_RESULTS and _authserv_id(head[start:end]) == hostname.lower())
    )


def _authserv_id(field: bytes) -> str:
    """Return the id that a results field claims, without comments, folding or version."""
    value = field.partition(b":")[2].decode("latin-1")
    out, depth, quoted = "", 0, False
    characters = iter(value)
    for char in characters:
        literal = char == "\\" and (depth > 0 or quoted)
        read = next(characters, "") if literal else char
        if literal:
            out += read if depth == 0 else ""
        elif depth == 0 and read == '"':
            quoted = not quoted
        elif not quoted and read in "()":
            depth = max(depth + (1 if read == "(" else -1), 0)
        elif depth == 0 and (quoted or read != ";"):
            out += read
        elif depth == 0:
            break
    words = out.split()
    return words[0].lower() if words else ""


def prepended(delivery: "Delivery", also: bytes = b"") -> bytes:
    """Return the lines that stand above the stored bytes of a delivery to our people.

    `also` are more of them, above the last.
    """
    lines = (
        f"X-Mailhafen-Class: {delivery.mail_class}{CRLF}"
        f"X-Mailhafen-Score: {delivery.score:.1f}{CRLF}"
    )
    if delivery.warning:
        lines += f"X-Mailhafen-Warning: {delivery.warning}{CRLF}"
    ours = (delivery.message.headers + lines).encode("ascii", "replace")
    return ours + also + identity(delivery)


def away(delivery: "Delivery") -> bytes:
    """Return the lines above a delivery to strangers; what we think of it is no business of theirs.

    That it came this way is: without it a loop would never be found (RFC 5321 §6.3).
    """
    return delivery.message.headers.encode("ascii", "replace") + identity(delivery)


def identity(delivery: "Delivery") -> bytes:
    """Return the line that names a mail, which strangers see too."""
    return f"X-Mailhafen-Id: {delivery.message.public_id}{CRLF}".encode()


def tagged(first: bytes, tag: str) -> bytes:
    """Return the beginning of a mail with the tag in front of its Subject, never twice.

    Only the bytes of that one field change; a mail without a Subject gets one.
    """
    written = tag if tag.isascii() else Header(tag, "utf-8").encode(linesep=CRLF)
    head = head_of(first)
    for start, end, name in header_fields(head):
        if name != b"subject":
            continue
        field = first[start:end]
        label, _, value = field.partition(b":")
        # People answer and forward what is tagged, and lists send it on.
        if _ANSWER.sub("", one_line(value.decode("latin-1").strip())).startswith(tag):
            return first
        gap = b"" if value.startswith((b" ", b"\t", b"\r\n")) else b" "
        if len(written) + value.find(b"\r\n") + len(label) > LONGEST_LINE:
            gap = b"\r\n" + (gap or (b"" if value[:1].isspace() else b" "))
        return first[:start] + label + b": " + written.encode() + gap + value + first[end:]
    return b"Subject: " + written.encode() + b"\r\n" + first
