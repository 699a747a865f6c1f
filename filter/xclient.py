"""XCLIENT: a proxy or filter in front of us says for whom it speaks (Postfix's XCLIENT_README).

Only listed peers may say it; whoever calls `parse` has seen to that.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from mailstore.errors import MailhafenError

OFFER = "XCLIENT NAME ADDR PORT PROTO HELO LOGIN"
# RFC 3461 §4: printable ASCII, where "+" begins two digits and "=" stands nowhere.
XTEXT = re.compile(r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})+")
HEX = re.compile(rb"\+([0-9A-F]{2})")
UNKNOWN = {"[UNAVAILABLE]", "[TEMPUNAVAIL]"}
IPV6 = "IPV6:"
HOST = re.compile(r"[A-Za-z0-9._-]{1,255}")
PORT = re.compile(r"[1-9][0-9]{0,4}")
HIGHEST_PORT = 65_535
LONGEST = 255
ESMTP = {"SMTP": False, "ESMTP": True}


class BadClaim(MailhafenError):
    """The arguments of an XCLIENT command are not what the README allows; the text says why."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a peer said about its client; None stands for what it did not say or know."""

    ip: str | None = None
    port: int | None = None
    name: str | None = None
    helo: str | None = None
    esmtp: bool | None = None
    user: str | None = None


NOTHING = Claim()


def parse(arguments: str, before: Claim = NOTHING) -> Claim:
    """Return what was said before with what these arguments change, or raise BadClaim.

    A peer may say in several commands what does not fit into one.
    """
    given: dict[str, Any] = {}
    for argument in arguments.split():
        name, _, value = argument.partition("=")
        if name.upper() not in READERS:
            raise BadClaim("unknown attribute")
        field, read = READERS[name.upper()]
        if field in given:
            raise BadClaim("one attribute twice")
        text = _text(value)
        given[field] = None if text.upper() in UNKNOWN else read(text)
    if not given:
        raise BadClaim("no attribute")
    return replace(before, **given)


def _text(xtext: str) -> str:
    if not XTEXT.fullmatch(xtext):
        raise BadClaim("no xtext")
    octets = HEX.sub(lambda found: bytes.fromhex(found[1].decode()), xtext.encode())
    try:
        text = octets.decode()
    except UnicodeDecodeError as error:
        raise BadClaim("no UTF-8") from error
    # No line end or escape sequence may come into a header line or log through here.
    if len(octets) > LONGEST or not text.isprintable():
        raise BadClaim("too long, or not printable")
    return text


def _address(text: str) -> str:
    try:
        if not text.upper().startswith(IPV6):
            return str(IPv4Address(text))
        address = IPv6Address(text[len(IPV6) :])
    except ValueError as error:
        raise BadClaim("malformed address") from error
    if address.scope_id is not None:
        raise BadClaim("address with a zone")
    return str(address.ipv4_mapped or address)


def _port(text: str) -> int:
    if not PORT.fullmatch(text) or int(text) > HIGHEST_PORT:
        raise BadClaim("malformed port")
    return int(text)


def _host(text: str) -> str:
    if not HOST.fullmatch(text):
        raise BadClaim("malformed name")
    return text


def _protocol(text: str) -> bool:
    if text.upper() not in ESMTP:
        raise BadClaim("unknown protocol")
    return ESMTP[text.upper()]


READERS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "ADDR": ("ip", _address),
    "PORT": ("port", _port),
    "NAME": ("name", _host),
    "HELO": ("helo", str),
    "PROTO": ("esmtp", _protocol),
    "LOGIN": ("user", str),
}
