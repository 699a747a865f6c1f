"""The way a mail took: what servers noted in Received, and where it came in to us."""

import re
from dataclasses import dataclass
from datetime import datetime

from filter.rule import Exam
from filter.views.once import once_per_mail
from filter.views.shape import fields, is_list, when
from mailstore.mime import Mail

MOST_HOPS = 30
# RFC 1918 and RFC 4193.
PRIVATE = (
    *("0.", "10.", "127.", "169.254.", "192.168."),
    *(f"172.{number}." for number in range(16, 32)),
    *("::1", "fc", "fd", "fe80:"),
)
_FROM = re.compile(r"(?i)\bfrom\s+([^\s()\[\];]+)")
_BY = re.compile(r"(?i)\bby\s+([\w.-]+)")
_ID = re.compile(r"(?i)\bid\s+<?([\w.=/-]{4,})")
_IP = re.compile(r"[\[(](\d{1,3}(?:\.\d{1,3}){3})[\])]")
_REVERSE = re.compile(r"\(\s*(?:HELO\s+\S+\)\s*\()?(?:\w+@)?([\w-]+(?:\.[\w-]+)+)\.?\s+\[")
# RFC 3848 and what programs write beside it: whoever handed it in had signed in.
_SIGNED_IN = re.compile(r"(?i)\bwith\s+(?:utf8)?(?:e?smtps?a|lmtps?a|https?)\b|\bauthenticated\b")


@dataclass(frozen=True, slots=True)
class Hop:
    """A Received field (RFC 5321 §4.4): who said what to whom, as far as it can be read."""

    text: str
    helo: str
    reverse: str
    ip: str
    by: str
    id: str
    at: datetime | None


@once_per_mail
def hops(mail: Mail) -> tuple[Hop, ...]:
    """Return the hops, the last one first."""
    return tuple(_hop(text) for text in fields(mail).get("received", ())[:MOST_HOPS])


def from_the_net(hop: Hop) -> bool:
    """Whether a hop came from a stranger: nobody signed in, no private address (RFC 1918)."""
    named = bool(hop.ip) and not hop.ip.startswith(PRIVATE)
    return named and not _SIGNED_IN.search(hop.text)


def entry(exam: Exam) -> Hop | None:
    """Return where a mail came in from the open net; None where that is unknown, and for lists.

    That is the client where it is a stranger, and else the last hop that a peer of ours noted.
    """
    if is_list(exam.mail):
        return None
    if exam.outside and exam.client.ip.startswith(PRIVATE):
        return None
    if exam.outside:
        name = (exam.authentication.client_name or "").lower()
        return Hop("", exam.client.helo.lower(), name, exam.client.ip, "", "", None)
    return next((hop for hop in hops(exam.mail) if from_the_net(hop)), None)


def _hop(text: str) -> Hop:
    start = text[:1000]
    told, _, at = text.rpartition(";")
    helo, reverse, ip, by, queue_id = (
        _first(pattern, start) for pattern in (_FROM, _REVERSE, _IP, _BY, _ID)
    )
    return Hop(start, helo, reverse, ip, by, queue_id, when(at.strip()) if told else None)


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found[1].lower() if found else ""
