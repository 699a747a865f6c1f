"""Routes: where mail is handed on, as people write it.

    mail.example:25                     a server
    mx1.example:25,mx2.example:25       several: the next one when the one before does not answer
    lmtp:mail.example:24                by LMTP (RFC 2033)
    mx:muster.example                   the servers that a domain names (RFC 5321 §5.1)

What follows says how safe the way must be: `tls=must` asks for a certificate that names the
server, `tls=pin:…` for one key, by its SHA-256 in hexadecimal. Without either, TLS is used where
the server offers it.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from mailstore.addresses import parse_domain, parse_host_port
from mailstore.errors import BadName

SMTP_PORT = 25
MOST_HOPS = 10
BYTE = 255
_QUAD = re.compile(r"[0-9]+(?:\.[0-9]+){3}")
_PIN = re.compile(r"[0-9a-f]{64}")


class Protocol(StrEnum):
    """How mail is handed on, and how its servers are found."""

    SMTP = "smtp"
    LMTP = "lmtp"
    MX = "mx"


class Tls(StrEnum):
    """How safe the way must be."""

    MAY = "may"
    MUST = "must"
    PIN = "pin"


@dataclass(frozen=True, slots=True)
class Route:
    """Where mail is handed on; str() gives it back in the one way it is kept."""

    hops: tuple[tuple[str, int], ...]
    protocol: Protocol = Protocol.SMTP
    tls: Tls = Tls.MAY
    pin: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a route, or raise BadName with a sentence for whoever wrote it."""
        where, _, safety = text.strip().partition(" ")
        prefix, _, rest = where.partition(":")
        # A server may be called mx; no domain is called 25.
        by_name = prefix in (Protocol.LMTP, Protocol.MX) and not rest.isdigit()
        protocol = Protocol(prefix) if by_name else Protocol.SMTP
        named = rest if by_name else where
        hops = tuple(_hop(each, protocol) for each in named.split(","))
        if len(hops) > (1 if protocol is Protocol.MX else MOST_HOPS):
            raise BadName(f"'{text}' names too many servers.")
        return cls(hops, protocol, *parse_safety(safety.strip()))

    @classmethod
    def named(cls, text: str) -> Self:
        """Read a route that somebody names now, as `parse` does; a slip in an address is none."""
        found = cls.parse(text)
        for host, _ in found.hops:
            if _QUAD.fullmatch(host) and max(map(int, host.split("."))) > BYTE:
                raise BadName(f"'{host}' is not an address.")
        return found

    @classmethod
    def by_mx(cls, domain: str) -> Self:
        """Return the route that a domain's own records name."""
        return cls(((domain, SMTP_PORT),), Protocol.MX)

    def __str__(self) -> str:
        prefix = "" if self.protocol is Protocol.SMTP else f"{self.protocol}:"
        where = ",".join(map(_written, self.hops))
        safety = {Tls.MAY: "", Tls.MUST: " tls=must", Tls.PIN: f" tls=pin:{self.pin}"}
        return f"{prefix}{where}{safety[self.tls]}"


def _hop(text: str, protocol: Protocol) -> tuple[str, int]:
    if protocol is Protocol.MX and ":" not in text:
        return parse_domain(text), SMTP_PORT
    host, port = parse_host_port(text)
    if protocol is Protocol.MX and ":" in host:
        raise BadName(f"'{text}' is an address; only a domain names its servers.")
    return host, port


def _written(hop: tuple[str, int]) -> str:
    host, port = hop
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def parse_safety(text: str) -> tuple[Tls, str]:
    """Read what a route says behind its servers, and a pin; raises BadName."""
    if text in ("", "tls=may"):
        return Tls.MAY, ""
    if text == "tls=must":
        return Tls.MUST, ""
    pin = text.removeprefix("tls=pin:").replace(":", "").lower()
    if text.startswith("tls=pin:") and _PIN.fullmatch(pin):
        return Tls.PIN, pin
    raise BadName(f"'{text}' is not tls=may, tls=must or tls=pin: and the SHA-256 of a key.")
