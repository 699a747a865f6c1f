"""A mailbox address (RFC 5321 §4.1.2), parsed once at the edge and then trusted."""

import re
from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import Self

from mailstore.errors import BadAddress, BadName

MAX_LOCAL = 64
MAX_DOMAIN = 255
MAX_PORT_DIGITS = 5
_ATOM = r"[^\x00-\x20\x7f-\x9f\u2028\u2029\ud800-\udfff\"(),:;<>@\[\\\]]+"
_LOCAL = re.compile(rf"{_ATOM}|\"(?:[^\x00-\x1f\x7f\ud800-\udfff\"\\]|\\[\x20-\x7e])*\"")
_LABEL = re.compile(r"(?!-)[^\W_](?:[\w-]{0,61}[^\W_])?|[^\W_](?:[\w-]{0,61}[^\W_])?")


@dataclass(frozen=True, slots=True)
class Address:
    """A mailbox address; str() gives it back as it is written on the wire."""

    local: str
    domain: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `local@domain`, with or without angle brackets, or raise BadAddress.

        Source routes, lists and address literals are refused rather than shortened.
        """
        path = text
        if path.startswith("<") and path.endswith(">"):
            path = path[1:-1]
        local, _, domain = path.rpartition("@")
        if domain != domain.strip():
            raise BadAddress(text)
        try:
            domain = parse_domain(domain)
        except BadName as error:
            raise BadAddress(text) from error
        if not _LOCAL.fullmatch(local) or len(local.encode()) > MAX_LOCAL:
            raise BadAddress(text)
        return cls(local, domain)

    @property
    def key(self) -> str:
        """What rows are looked up by: nobody runs two mailboxes that differ in case."""
        return f"{self._name}@{self.domain}"

    @property
    def base_key(self) -> str:
        """The key without its +tag, which people add to sort their own mail."""
        return f"{self._name.partition('+')[0]}@{self.domain}"

    @property
    def _name(self) -> str:
        # Needless quotes mean nothing (RFC 5321 §4.1.2).
        bare = self.local[1:-1]
        quoted = self.local.startswith('"') and re.fullmatch(_ATOM, bare)
        return (bare if quoted else self.local).lower()

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}"


def parse_domain(text: str) -> str:
    """Return a domain in lower case without its last dot, or raise BadName."""
    domain = text.strip().removesuffix(".").lower()
    labels = domain.split(".")
    if not all(map(_LABEL.fullmatch, labels)) or len(domain.encode()) > MAX_DOMAIN:
        raise BadName(f"'{text}' is not a domain name.")
    return domain


def ascii_domain(text: str) -> str:
    """Return a domain as DNS knows it (RFC 5890 §2.3.2.1); empty where it cannot be one."""
    try:
        domain = parse_domain(text)
        return domain if domain.isascii() else domain.encode("idna").decode("ascii")
    except (BadName, UnicodeError):
        return ""


def spellings(domain: str) -> frozenset[str]:
    """Return the names that are the same one in DNS, the given one among them."""
    known = ascii_domain(domain)
    try:
        return frozenset({domain, known, known.encode().decode("idna")} - {""})
    except UnicodeError:
        return frozenset({domain, known} - {""})


def parse_host_port(text: str) -> tuple[str, int]:
    """Return the host and port of `host:port` or `[v6]:port`, or raise BadName."""
    host, _, port = text.strip().rpartition(":")
    numeric = port.isascii() and port.isdigit() and len(port) <= MAX_PORT_DIGITS
    if not numeric or not 0 < int(port) < 2**16:
        raise BadName(f"'{text}' is not HOST:PORT.")
    if not (host.startswith("[") and host.endswith("]")):
        return parse_domain(host), int(port)
    try:
        return str(IPv6Address(host[1:-1])), int(port)
    except ValueError as error:
        raise BadName(f"'{text}' is not HOST:PORT.") from error
