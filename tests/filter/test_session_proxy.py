import socket
import time
from collections.abc import Callable

import pytest

from filter import reply
from filter.timing import PROXY_HEADER_SECONDS
from filter.xclient import OFFER
from tests.databases import on_sqlite
from tests.factories import ANNA, BOB, RAW
from tests.filter.conftest import MakeRelay
from tests.filter.names import FakeDNS
from tests.filter.relay import Relay
from tests.filter.talk import Talk

pytestmark = on_sqlite
Header = Callable[[str], bytes]
CLIENT, OTHER = "192.0.2.7", "2001:db8::7"
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


def line(ip: str) -> bytes:
    """Return a header of version 1."""
    family, ours = ("TCP6", "2001:db8::1") if ":" in ip else ("TCP4", "203.0.113.1")
    return f"PROXY {family} {ip} {ours} 40000 25\r\n".encode()


def block(ip: str) -> bytes:
    """Return a header of version 2, with some bytes that nobody needs."""
    family, code = (socket.AF_INET6, b"\x21") if ":" in ip else (socket.AF_INET, b"\x11")
    address = socket.inet_pton(family, ip)
    rest = address + bytes(len(address)) + b"\x9c\x40\0\x19" + b"\x04\0\x01x"
    return SIGNATURE + b"\x21" + code + len(rest).to_bytes(2) + rest


def claim(ip: str) -> bytes:
    """Return an XCLIENT command."""
    return f"XCLIENT ADDR={ip}\r\n".encode()


HEADERS: dict[str, Header] = {"line": line, "block": block}
LOCAL = {"line": b"PROXY UNKNOWN\r\n", "block": SIGNATURE + b"\x20\0\0\0"}


@pytest.fixture
def stranger(a_relay: MakeRelay) -> Relay:
    """Return a relay that trusts no peer of these tests."""
    return a_relay(trusted_peers="192.0.2.1", greeting_pause_seconds=0)


def taken(relay: Relay, first: bytes) -> str:
    """Return the address of the client whose mail is taken after these bytes."""
    with relay.talk("") as talk:
        talk.send(first + b"EHLO client.example\r\n")
        assert talk.hear().startswith("250")
        assert talk.mail(RAW, ANNA).startswith("250")
    ((message, _),) = relay.messages()
    assert f"[{'IPv6:' * (':' in message.client_ip)}{message.client_ip}]" in message.headers
    return message.client_ip


@pytest.mark.parametrize("ip", [CLIENT, OTHER], ids=["IPv4", "IPv6"])
@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_the_client_behind_a_proxy_is_recorded(relay: Relay, header: Header, ip: str) -> None:
    assert taken(relay, header(ip)) == ip


@pytest.mark.parametrize("header", LOCAL.values(), ids=LOCAL)
def test_a_proxy_that_speaks_for_itself_is_the_client(relay: Relay, header: bytes) -> None:
    assert taken(relay, header) == "127.0.0.1"


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_a_header_may_come_byte_by_byte(relay: Relay, header: Header) -> None:
    with relay.talk("") as talk:
        for byte in header(CLIENT):
            talk.send(bytes([byte]))
            time.sleep(0.001)
        assert talk.say("EHLO client.example").startswith("250")
        assert talk.mail(RAW, ANNA).startswith("250")
    assert relay.messages()[0][0].client_ip == CLIENT


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_a_header_from_a_stranger_ends_the_session(stranger: Relay, header: Header) -> None:
    with stranger.talk("") as talk:
        talk.send(
            header("127.0.0.1") + b"EHLO x\r\nMAIL FROM:<>\r\n" + f"RCPT TO:<{ANNA}>".encode()
        )
        heard = [talk.hear() for _ in range(8)]
    assert heard[-1] == ""
    assert not [text for text in heard if text.startswith("250")]
    assert stranger.left() == (0, 0)
    assert stranger.messages() == []


BAD = {
    "no family": b"PROXY 192.0.2.7 40000\r\n",
    "family": b"PROXY TCP5 192.0.2.7 203.0.113.1 40000 25\r\n",
    "address": b"PROXY TCP4 192.0.2.777 203.0.113.1 40000 25\r\n",
    "port": b"PROXY TCP4 192.0.2.7 203.0.113.1 70000 25\r\n",
    "bare line feed": b"PROXY TCP4 192.0.2.7 203.0.113.1 40000 25\n",
    "endless": b"PROXY UNKNOWN " + b"x" * 5000,
    "version": SIGNATURE + b"\x31\x11\0\x0c" + bytes(12),
    "too short": SIGNATURE + b"\x21\x11\0\x04" + bytes(4),
    "too long": SIGNATURE + b"\x21\x11\xff\xff" + bytes(4),
    "another word": b"PING, says a client\r\n",
    "twice": b"PROXY UNKNOWN\r\nPROXY UNKNOWN\r\n",
}


@pytest.mark.parametrize("header", BAD.values(), ids=BAD)
def test_a_bad_header_ends_the_session(relay: Relay, header: bytes) -> None:
    with relay.talk("") as talk:
        talk.send(header)
        assert talk.hear() == reply.BAD_PROXY
        assert talk.hear() == ""
    assert relay.left() == (0, 0)


def test_a_header_that_never_ends_takes_no_longer_than_a_command(a_relay: MakeRelay) -> None:
    relay = a_relay(smtp_timeout_seconds=0.4)
    with relay.talk("") as talk:
        for byte in b"PROXY":
            talk.send(bytes([byte]))
            time.sleep(0.1)
        assert talk.hear().startswith("421")
    assert relay.left() == (0, 0)


def test_a_header_that_stops_halfway_is_not_waited_for(relay: Relay) -> None:
    with relay.talk("") as talk:
        talk.send(SIGNATURE + b"\x21\x11\x0a\x51" + bytes(12))
        begun = time.monotonic()
        assert talk.hear().startswith("421")
        assert time.monotonic() - begun < PROXY_HEADER_SECONDS + 1
    assert relay.left() == (0, 0)


@pytest.fixture
def refusing(a_relay: MakeRelay, names: FakeDNS) -> Relay:
    """Return a relay for which Bob's domain sends from one address only."""
    names.records["TXT", BOB.domain] = [f'"v=spf1 ip4:{CLIENT} -all"']
    return a_relay(dns_servers=f"127.0.0.1:{names.port}")


@pytest.mark.parametrize(("ip", "result"), [(CLIENT, "pass"), ("192.0.2.8", "fail")])
@pytest.mark.parametrize("how", ["PROXY", "XCLIENT"])
def test_the_client_that_a_peer_names_is_asked_for_by_spf(
    refusing: Relay, how: str, ip: str, result: str
) -> None:
    with refusing.talk("") as talk:
        if how == "PROXY":
            talk.send(line(ip))
        else:
            assert talk.say(f"XCLIENT ADDR={ip}").startswith("220")
        talk.say("EHLO there.example")
        assert talk.mail(RAW, ANNA).startswith("250")
    assert f"spf={result}" in refusing.messages()[0][0].headers


@pytest.mark.parametrize("how", [line, block, claim], ids=["line", "block", "XCLIENT"])
def test_limits_apply_to_the_client_that_a_peer_names(a_relay: MakeRelay, how: Header) -> None:
    relay = a_relay(max_connections_per_address=1)
    with relay.talk("") as first:
        first.send(how(CLIENT))
        first.say("EHLO client.example")
        assert relay.gate.open == 1
        with relay.talk("") as second:
            second.send(how(CLIENT))
            assert [second.hear(), second.hear()] == [reply.TOO_MANY_FROM_ADDRESS, ""]
        with relay.talk("") as other:
            other.send(how("192.0.2.8"))
            other.say("EHLO client.example")
            assert relay.gate.open == 2
    assert relay.left() == (0, 0)


def test_a_client_that_a_peer_names_may_not_make_errors_without_end(a_relay: MakeRelay) -> None:
    with a_relay(max_errors=3).talk("") as talk:
        talk.send(line(CLIENT))
        assert [talk.say("NONSENSE")[:3] for _ in range(3)] == ["500"] * 3
        assert talk.hear() == reply.TOO_MANY_ERRORS


def test_xclient_is_offered_to_listed_peers(relay: Relay) -> None:
    with relay.talk() as talk:
        assert f"250-{OFFER}" in talk.hello


def test_xclient_is_neither_offered_to_strangers_nor_taken(stranger: Relay) -> None:
    with stranger.talk() as talk:
        assert "XCLIENT" not in talk.hello
        assert talk.say(f"XCLIENT ADDR={OTHER}") == reply.NO_XCLIENT
        assert talk.mail(RAW, ANNA).startswith("250")
    assert stranger.messages()[0][0].client_ip == "127.0.0.1"


def test_a_peer_remains_a_peer_when_it_names_a_stranger(relay: Relay) -> None:
    with relay.talk() as talk:
        for number in range(40):
            assert talk.say(f"XCLIENT ADDR=192.0.2.{number + 10}").startswith("220")
            assert relay.gate.open == 1
        assert talk.say("XCLIENT ADDR=127.0.0.1").startswith("220")
        assert relay.gate.open == 0


def test_xclient_waits_for_the_end_of_a_transaction(relay: Relay) -> None:
    with relay.talk() as talk:
        talk.say("MAIL FROM:<bob@there.example>")
        assert talk.say(f"XCLIENT ADDR={CLIENT}") == reply.NOT_NOW
        assert talk.say(f"RCPT TO:<{ANNA}>") == reply.OK_RECIPIENT


@pytest.mark.parametrize(
    "said", ["", "ADDR", "ADDR=", "ADDR=1.2.3", "COLOUR=red", "HELO=a+0D+0Ab", "HELO=\xfc"]
)
def test_a_bad_claim_changes_nothing(relay: Relay, said: str) -> None:
    with relay.talk() as talk:
        assert talk.say(f"XCLIENT {said}") == reply.BAD_XCLIENT
        assert talk.mail(RAW, ANNA).startswith("250")
    assert relay.messages()[0][0].client_ip == "127.0.0.1"


def test_after_a_claim_the_session_begins_anew(relay: Relay) -> None:
    with relay.talk() as talk:
        assert talk.say(f"XCLIENT ADDR={CLIENT}") == talk.greeting
        assert talk.say("MAIL FROM:<bob@there.example>").startswith("503")
        assert talk.say("EHLO again.example").startswith("250")
        assert talk.mail(RAW, ANNA).startswith("250")


@pytest.mark.parametrize(("protocol", "written"), [("SMTP", "SMTP"), ("ESMTP", "ESMTP")])
def test_what_a_peer_claims_is_recorded(relay: Relay, protocol: str, written: str) -> None:
    claims = [
        f"ADDR=IPV6:{OTHER} PROTO={protocol}",
        "HELO=claimed.example NAME=x.example",
        "LOGIN=bob",
    ]
    with relay.talk() as talk:
        for claim in claims:
            assert talk.say(f"XCLIENT {claim}").startswith("220")
        talk.say("EHLO proxy.example")
        assert talk.mail(RAW, ANNA).startswith("250")
    ((message, _),) = relay.messages()
    assert (message.client_ip, message.helo) == (OTHER, "claimed.example")
    assert f"with {written} id" in message.headers


def test_a_refusal_names_the_client_that_a_peer_claimed(relay: Relay) -> None:
    with relay.talk("") as talk:
        talk.send(line(CLIENT))
        talk.say("EHLO client.example")
        assert talk.mail(b"Subject: x\r\n\r\n" + EICAR + b"\r\n", ANNA).startswith("550")
    assert [each.client_ip for each in relay.refusals()] == [CLIENT]


def test_a_mail_without_a_greeting_of_the_peer_is_refused(relay: Relay) -> None:
    with Talk(relay.port, "") as talk:
        talk.send(line(CLIENT))
        assert talk.say("MAIL FROM:<>").startswith("503")
