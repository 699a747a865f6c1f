"""The PROXY protocol, versions 1 and 2: who is behind the load balancer that connects to us.

Only listed peers may speak it, and they must: haproxy's doc/proxy-protocol.txt §5 forbids to
guess. aiosmtpd 1.4.6 has a reader too, but it takes `TCPfoo4`, `1_0` for a port and 64 KiB of
header, so this one is our own.
"""

import asyncio
import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from mailstore.errors import MailhafenError

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
WORD = b"PROXY "
# §2.1: the longest line, and the shortest, which is shorter than the fixed part of version 2.
LONGEST_LINE, SHORTEST_LINE = 107, len(b"PROXY UNKNOWN\r\n")
FIXED = 16
LONGEST = 4096
PORT = rb"(0|[1-9][0-9]{0,4})"
LINE = re.compile(
    rb"PROXY (?:UNKNOWN(?: [^\r\n]*)?"
    rb"|TCP(?P<family>[46]) (?P<source>[0-9a-fA-F:.]+) (?P<ours>[0-9a-fA-F:.]+) %b %b)\r\n"
    % (PORT, PORT)
)
HIGHEST_PORT = 65_535
LOCAL, PROXY = 0x20, 0x21
# §2.2, the 14th byte: family and protocol, and how long its addresses are.
TCP4, TCP6 = 0x11, 0x21
ADDRESSES = {0x00: 0, TCP4: 12, 0x12: 12, TCP6: 36, 0x22: 36, 0x31: 216, 0x32: 216}


class BadHeader(MailhafenError):
    """The bytes do not begin a PROXY header, or one that may not be; the text says why."""


@dataclass(frozen=True, slots=True)
class Header:
    """Whom the proxy speaks for, None if for itself, and how many bytes it took to say so."""

    source: str | None
    length: int


def parse(data: bytes) -> Header | int:
    """Read the first bytes of a connection, or return how many more there must be at least.

    Raises BadHeader as soon as no more bytes could mend it.
    """
    if data.startswith(WORD):
        return _line(data)
    if data.startswith(SIGNATURE):
        return _block(data)
    if WORD.startswith(data) or SIGNATURE.startswith(data):
        return SHORTEST_LINE - len(data)
    raise BadHeader("no PROXY header")


async def read(reader: asyncio.StreamReader) -> Header:
    """Read a header and no byte behind it; raises BadHeader, also where the stream ends."""
    data = b""
    try:
        while isinstance(found := parse(data), int):
            data += await reader.readexactly(found)
    except asyncio.IncompleteReadError as error:
        raise BadHeader("ends within the header") from error
    return found


def _line(data: bytes) -> Header | int:
    end = data.find(b"\n", 0, LONGEST_LINE) + 1
    if not end and len(data) < LONGEST_LINE:
        return max(SHORTEST_LINE - len(data), 1)
    found = LINE.fullmatch(data[:end])
    if found is None:
        raise BadHeader("malformed line")
    if found["family"] is None:
        return Header(None, end)
    if any(int(port) > HIGHEST_PORT for port in found.groups()[-2:]):
        raise BadHeader("port out of range")
    kind = IPv4Address if found["family"] == b"4" else IPv6Address
    try:
        source, _ours = (kind(found[name].decode()) for name in ("source", "ours"))
    except ValueError as error:
        raise BadHeader("malformed address") from error
    return Header(_plain(source), end)


def _block(data: bytes) -> Header | int:
    if len(data) < FIXED:
        return FIXED - len(data)
    command, family = data[12], data[13]
    length = FIXED + int.from_bytes(data[14:FIXED])
    if command not in {LOCAL, PROXY}:
        raise BadHeader("unknown version or command")
    if length > LONGEST:
        raise BadHeader("too long")
    # LOCAL: the family is ignored, whatever it says.
    if command == PROXY and (family not in ADDRESSES or length < FIXED + ADDRESSES[family]):
        raise BadHeader("unknown family, or no room for its addresses")
    if len(data) < length:
        return length - len(data)
    if command == PROXY and family == TCP4:
        return Header(str(IPv4Address(data[FIXED : FIXED + 4])), length)
    if command == PROXY and family == TCP6:
        return Header(_plain(IPv6Address(data[FIXED : FIXED + 16])), length)
    return Header(None, length)


def _plain(address: IPv4Address | IPv6Address) -> str:
    """Write an IPv4 address as one, also where a proxy for both families does not."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)
