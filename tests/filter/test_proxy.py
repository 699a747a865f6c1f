import asyncio
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from filter.proxy import LONGEST, SIGNATURE, BadHeader, Header, parse, read

TCP4, TCP6 = 0x11, 0x21
V4 = bytes([192, 0, 2, 7, 192, 0, 2, 1]) + b"\x9c\x40\x00\x19"
V6 = IPv6Address("2001:db8::7").packed + IPv6Address("2001:db8::1").packed + b"\x9c\x40\x00\x19"
NOOP = b"\x04\x00\x03abc"
REST = b"EHLO client.example\r\n"


def block(family: int, content: bytes = b"", command: int = 0x21, length: int = -1) -> bytes:
    """Return a header of version 2; its length may lie."""
    said = len(content) if length < 0 else length
    return SIGNATURE + bytes([command, family]) + said.to_bytes(2) + content


LINES = {
    "the example of the specification": (
        b"PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n",
        "192.168.0.1",
    ),
    "longest TCP4": (
        b"PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n",
        "255.255.255.255",
    ),
    "longest TCP6": (
        b"PROXY TCP6 %b %b 65535 65535\r\n" % ((b":".join([b"ffff"] * 8),) * 2),
        ":".join(["ffff"] * 8),
    ),
    "short TCP6": (b"PROXY TCP6 2001:DB8::7 ::1 0 25\r\n", "2001:db8::7"),
    "mapped": (b"PROXY TCP6 ::ffff:192.0.2.7 ::1 40000 25\r\n", "192.0.2.7"),
    "unknown": (b"PROXY UNKNOWN\r\n", None),
    "unknown with anything": (b"PROXY UNKNOWN \0\xff what ever\r\n", None),
    "unknown, worst case": (
        b"PROXY UNKNOWN %b %b 65535 65535\r\n" % ((b":".join([b"ffff"] * 8),) * 2),
        None,
    ),
}
BLOCKS = {
    "TCP4": (block(TCP4, V4), "192.0.2.7"),
    "TCP6": (block(TCP6, V6), "2001:db8::7"),
    "mapped": (
        block(TCP6, IPv6Address("::ffff:192.0.2.7").packed + V6[16:]),
        "192.0.2.7",
    ),
    "TCP4 with TLVs": (block(TCP4, V4 + NOOP * 9), "192.0.2.7"),
    "longest": (block(TCP4, V4.ljust(LONGEST - 16, b"\0")), "192.0.2.7"),
    "local": (block(0, command=0x20), None),
    "local with an address": (block(TCP4, V4, command=0x20), None),
    "local with an unknown family": (block(0xF9, b"xyz", command=0x20), None),
    "unspecified": (block(0), None),
    "unspecified with something": (block(0, b"xyz"), None),
    "UDP": (block(0x12, V4), None),
    "Unix": (block(0x31, b"\0" * 216), None),
}
GOOD = LINES | {f"{name}, version 2": case for name, case in BLOCKS.items()}


@pytest.mark.parametrize(("data", "source"), GOOD.values(), ids=GOOD.keys())
def test_a_header_says_whom_it_speaks_for_and_ends_where_it_ends(
    data: bytes, source: str | None
) -> None:
    assert parse(data) == Header(source, len(data))
    assert parse(data + REST) == Header(source, len(data))


@pytest.mark.parametrize(("data", "source"), GOOD.values(), ids=GOOD.keys())
def test_a_header_that_comes_in_pieces_asks_for_no_more_than_is_missing(
    data: bytes, source: str | None
) -> None:
    for length in range(len(data)):
        missing = parse(data[:length])
        assert isinstance(missing, int)
        assert 0 < missing <= len(data) - length


BAD = {
    "SMTP": REST,
    "HTTP": b"GET / HTTP/1.1\r\n",
    "empty line": b"\r\n\r\n\r\n",
    "lower case": b"proxy TCP4 192.0.2.7 192.0.2.1 1 2\r\n",
    "no family": b"PROXY \r\n",
    "another word": b"PROXYTCP4 192.0.2.7 192.0.2.1 1 2\r\n",
    "unknown glued": b"PROXY UNKNOWNX\r\n",
    "UDP": b"PROXY UDP4 192.0.2.7 192.0.2.1 1 2\r\n",
    "odd family": b"PROXY TCPfoo4 192.0.2.7 192.0.2.1 1 2\r\n",
    "bare LF": b"PROXY TCP4 192.0.2.7 192.0.2.1 1 2\n",
    "CR within": b"PROXY TCP4 192.0.2.7 192.0.2.1 1\r 2\r\n",
    "two spaces": b"PROXY TCP4 192.0.2.7  192.0.2.1 1 2\r\n",
    "space at the end": b"PROXY TCP4 192.0.2.7 192.0.2.1 1 2 \r\n",
    "one port": b"PROXY TCP4 192.0.2.7 192.0.2.1 1\r\n",
    "high port": b"PROXY TCP4 192.0.2.7 192.0.2.1 1 65536\r\n",
    "port with zero": b"PROXY TCP4 192.0.2.7 192.0.2.1 01 2\r\n",
    "port with underscore": b"PROXY TCP4 192.0.2.7 192.0.2.1 1_0 2\r\n",
    "zero in address": b"PROXY TCP4 192.0.2.07 192.0.2.1 1 2\r\n",
    "three numbers": b"PROXY TCP4 192.0.2 192.0.2.1 1 2\r\n",
    "bad own address": b"PROXY TCP4 192.0.2.7 192.0.2.256 1 2\r\n",
    "IPv6 as TCP4": b"PROXY TCP4 ::1 ::1 1 2\r\n",
    "IPv4 as TCP6": b"PROXY TCP6 192.0.2.7 192.0.2.1 1 2\r\n",
    "zone": b"PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n",
    "two double colons": b"PROXY TCP6 1::2::3 ::1 1 2\r\n",
    "line too long": b"PROXY UNKNOWN " + b"x" * 92 + b"\r\n",
    "endless line": b"PROXY UNKNOWN " + b"x" * 9000,
    "version 1 in version 2": block(TCP4, V4, command=0x11),
    "version 3": block(TCP4, V4, command=0x31),
    "unknown command": block(TCP4, V4, command=0x22),
    "unknown family": block(0x41, V4),
    "unknown protocol": block(0x13, V4),
    "family without protocol": block(0x10, V4),
    "no address": block(TCP4),
    "half an address": block(TCP6, V6[:35]),
    "half a Unix address": block(0x31, b"\0" * 215),
    "too long": block(TCP4, V4, length=LONGEST - 15),
    "longest there can be": block(0, command=0x20, length=65_535),
}


@pytest.mark.parametrize("data", BAD.values(), ids=BAD.keys())
def test_what_is_no_header_is_refused(data: bytes) -> None:
    with pytest.raises(BadHeader):
        parse(data)


def test_a_refusal_does_not_wait_for_more() -> None:
    for data in (b"E", b"PROXX", b"\r\n\r\n\0\r\nQUIX", block(TCP4, length=LONGEST)[:16]):
        with pytest.raises(BadHeader):
            parse(data)


def from_stream(data: bytes) -> tuple[Header | None, bytes]:
    """Return the header, None if it is refused, and what is left in the stream."""

    async def conversation() -> tuple[Header | None, bytes]:
        reader = asyncio.StreamReader()
        reader.feed_data(data)
        reader.feed_eof()
        try:
            header = await read(reader)
        except BadHeader:
            header = None
        return header, await reader.read()

    return asyncio.run(conversation())


@pytest.mark.parametrize(("data", "source"), GOOD.values(), ids=GOOD.keys())
def test_reading_a_header_leaves_what_follows(data: bytes, source: str | None) -> None:
    assert from_stream(data + REST) == (Header(source, len(data)), REST)


@pytest.mark.parametrize("data", BAD.values(), ids=BAD.keys())
def test_reading_refuses_what_is_no_header_and_reads_little_of_it(data: bytes) -> None:
    header, rest = from_stream(data)
    assert header is None
    assert len(data) - len(rest) <= 107


@pytest.mark.parametrize("length", [0, 5, 20, 27])
@pytest.mark.parametrize("version", ["short TCP6", "TCP4, version 2"])
def test_a_stream_that_ends_within_a_header_is_refused(version: str, length: int) -> None:
    assert from_stream(GOOD[version][0][:length]) == (None, b"")


def test_a_silent_peer_can_be_given_up() -> None:
    async def wait() -> None:
        reader = asyncio.StreamReader()
        reader.feed_data(b"PROXY TCP4")
        async with asyncio.timeout(0.05):
            await read(reader)

    with pytest.raises(TimeoutError):
        asyncio.run(wait())


@given(address=st.ip_addresses(), port=st.integers(0, 65_535))
def test_every_address_comes_through_in_both_versions(
    address: IPv4Address | IPv6Address, port: int
) -> None:
    family = TCP4 if address.version == 4 else TCP6
    line = f"PROXY TCP{address.version} {address} {address} {port} {port}\r\n".encode()
    whole = block(family, address.packed * 2 + port.to_bytes(2) * 2)
    for data in (line, whole):
        found = parse(data)
        assert isinstance(found, Header)
        expected = getattr(address, "ipv4_mapped", None) or address
        assert ip_address(found.source or "") == expected


PIECES = st.lists(
    st.sampled_from(
        [SIGNATURE, b"PROXY ", b"TCP4 ", b"UNKNOWN", b"\x21\x11\0\x0c", b"\r\n", V4, b"1.2.3.4 "]
    )
    | st.binary(max_size=8),
    max_size=8,
).map(b"".join)


@given(PIECES)
@example(SIGNATURE + b"\x21")
@example(b"PROXY UNKNOWN\r")
def test_whatever_comes_gives_a_header_a_wish_or_a_refusal(data: bytes) -> None:
    try:
        found = parse(data)
    except BadHeader:
        return
    if isinstance(found, Header):
        assert 15 <= found.length <= min(len(data), LONGEST)
        assert parse(data[: found.length]) == found
    else:
        assert 0 < found <= LONGEST
        assert len(data) < LONGEST


@given(PIECES)
def test_reading_whatever_comes_never_takes_more_than_the_header(data: bytes) -> None:
    header, rest = from_stream(data)
    if header is not None:
        assert data[header.length :] == rest
