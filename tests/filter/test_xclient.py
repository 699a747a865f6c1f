from dataclasses import fields
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from filter.xclient import OFFER, READERS, BadClaim, Claim, parse


def xtext(text: str) -> str:
    """Write text as RFC 3461 §4 says."""
    return "".join(
        chr(octet) if 33 <= octet <= 126 and octet not in b"+=" else f"+{octet:02X}"
        for octet in text.encode()
    )


def test_a_peer_can_say_everything_at_once() -> None:
    said = "NAME=mail.there.example ADDR=192.0.2.7 PORT=40000 PROTO=ESMTP HELO=there.example"
    assert parse(f"{said} LOGIN=bob@there.example") == Claim(
        ip="192.0.2.7",
        port=40_000,
        name="mail.there.example",
        helo="there.example",
        esmtp=True,
        user="bob@there.example",
    )


@pytest.mark.parametrize(
    ("argument", "field", "value"),
    [
        ("addr=192.0.2.7", "ip", "192.0.2.7"),
        ("ADDR=IPV6:2001:DB8::7", "ip", "2001:db8::7"),
        ("ADDR=ipv6:::1", "ip", "::1"),
        ("ADDR=IPV6:::ffff:192.0.2.7", "ip", "192.0.2.7"),
        ("PROTO=smtp", "esmtp", False),
        ("PORT=65535", "port", 65_535),
        ("HELO=[192.0.2.7]", "helo", "[192.0.2.7]"),
        ("HELO=a+20b", "helo", "a b"),
        ("HELO=+2B+2B", "helo", "++"),
        ("LOGIN=anna+2Btag@muster.example", "user", "anna+tag@muster.example"),
        ("LOGIN=a+3Db", "user", "a=b"),
        ("LOGIN=m+C3+BCller", "user", "müller"),
        ("NAME=[UNAVAILABLE]", "name", None),
        ("ADDR=[unavailable]", "ip", None),
        ("NAME=[TempUnavail]", "name", None),
        ("LOGIN=+5BUNAVAILABLE+5D", "user", None),
    ],
    ids=[
        "small letters",
        "IPv6",
        "IPv6 in small letters",
        "mapped",
        "SMTP",
        "highest port",
        "literal",
        "space",
        "two plus",
        "plus",
        "equals",
        "UTF-8",
        "no name",
        "no address",
        "no name now",
        "no login",
    ],
)
def test_a_value_is_read(argument: str, field: str, value: object) -> None:
    assert getattr(parse(argument, Claim(name="x", ip="192.0.2.9", user="x")), field) == value


def test_what_is_not_said_again_stays_and_what_is_unknown_goes() -> None:
    before = parse("ADDR=192.0.2.7 LOGIN=bob")
    assert parse("HELO=there.example LOGIN=[UNAVAILABLE]", before) == Claim(
        ip="192.0.2.7", helo="there.example"
    )


BAD = {
    "nothing": "",
    "spaces": "  ",
    "no value": "NAME",
    "empty value": "NAME=",
    "unknown attribute": "COLOUR=red",
    "not offered": "DESTADDR=192.0.2.1",
    "twice": "ADDR=192.0.2.7 ADDR=192.0.2.8",
    "twice, also unknown": "NAME=[UNAVAILABLE] NAME=x",
    "equals": "LOGIN=a=b",
    "lone plus": "LOGIN=a+",
    "half a digit": "LOGIN=a+2",
    "small digits": "LOGIN=a+2b",
    "8 bit": "LOGIN=m\xfcller",
    "half a character": "LOGIN=\udcfc",
    "broken UTF-8": "LOGIN=m+FCller",
    "line end": "HELO=a+0D+0AX-Evil:+201",
    "NUL": "LOGIN=a+00b",
    "escape": "HELO=a+1B[31m",
    "line separator": "HELO=a+E2+80+A8b",
    "IPv6 without word": "ADDR=2001:db8::7",
    "IPv4 with word": "ADDR=IPV6:192.0.2.7",
    "brackets": "ADDR=[192.0.2.7]",
    "three numbers": "ADDR=192.0.2",
    "zero in address": "ADDR=192.0.2.07",
    "zone": "ADDR=IPV6:fe80::1%eth0",
    "port 0": "PORT=0",
    "high port": "PORT=65536",
    "port with plus": "PORT=+2B1",
    "port in other digits": "PORT=+D9+A1",
    "protocol": "PROTO=LMTP",
    "name with space": "NAME=a+20b",
    "long name": "NAME=" + "a" * 256,
    "long greeting": "HELO=" + "a" * 256,
    "long in UTF-8": "LOGIN=" + "+C3+BC" * 128,
    "bad after good": "ADDR=192.0.2.7 PORT=x",
}


@pytest.mark.parametrize("arguments", BAD.values(), ids=BAD.keys())
def test_what_the_readme_does_not_allow_is_refused(arguments: str) -> None:
    with pytest.raises(BadClaim):
        parse(arguments)


def test_everything_that_is_offered_is_understood() -> None:
    assert set(OFFER.split()[1:]) == set(READERS)
    assert {field for field, _ in READERS.values()} == {field.name for field in fields(Claim)}


@given(address=st.ip_addresses(v=4) | st.ip_addresses(v=6))
def test_every_address_comes_through(address: IPv4Address | IPv6Address) -> None:
    word = "IPV6:" if address.version == 6 else ""
    expected = getattr(address, "ipv4_mapped", None) or address
    assert parse(f"ADDR={word}{address}").ip == str(expected)


@given(st.text(min_size=1, max_size=60).filter(str.isprintable))
def test_every_printable_login_comes_through(user: str) -> None:
    expected = None if user.upper() in {"[UNAVAILABLE]", "[TEMPUNAVAIL]"} else user
    assert parse(f"LOGIN={xtext(user)}").user == expected


WORDS = st.sampled_from(
    ["ADDR=", "NAME=", "LOGIN=", "HELO=", "PORT=", "PROTO=", " ", "IPV6:", "+0A", "+", "[", "1.2"]
)


@given(st.lists(WORDS | st.text(max_size=6), max_size=8).map("".join))
@example("ADDR=1.2.3.4 \udc80=")
def test_whatever_comes_gives_a_claim_or_a_refusal(arguments: str) -> None:
    try:
        claim = parse(arguments)
    except BadClaim:
        return
    for text in (claim.ip, claim.name, claim.helo, claim.user):
        assert text is None or (text.isprintable() and 0 < len(text) <= 255)
