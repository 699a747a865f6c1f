import resource
import socket
import time

import pytest

from filter import connection, reply, timing
from tests.databases import on_sqlite
from tests.factories import ANNA, RAW
from tests.filter.conftest import MakeRelay
from tests.filter.talk import Talk

pytestmark = on_sqlite
WAIT = 0.6


def drip(talk: Talk, pieces: list[bytes], pause: float) -> float:
    """Send piece by piece until the relay closes, and return how long that took."""
    begun = time.monotonic()
    try:
        for piece in pieces:
            talk.send(piece)
            time.sleep(pause)
    except (BrokenPipeError, ConnectionResetError):
        pass
    return time.monotonic() - begun


@pytest.fixture(params=["a listed peer", "a stranger"])
def either(
    request: pytest.FixtureRequest, a_relay: MakeRelay, for_strangers: MakeRelay
) -> MakeRelay:
    """Return what starts a relay for a client of either kind."""
    return a_relay if request.param == "a listed peer" else for_strangers


def test_a_sender_that_goes_on_slowly_is_served_for_as_long_as_it_takes(
    either: MakeRelay,
) -> None:
    relay = either(smtp_timeout_seconds=WAIT, min_bytes_per_second=1)
    with relay.talk() as talk:
        talk.begin(ANNA)
        assert drip(talk, [b"one line\r\n"] * 20, WAIT / 4) > 4 * WAIT
        talk.send(b".\r\n")
        assert talk.hear().startswith("250")


def test_a_sender_that_stops_within_its_mail_is_told_why(either: MakeRelay) -> None:
    relay = either(smtp_timeout_seconds=WAIT, min_bytes_per_second=1)
    with relay.talk() as talk:
        talk.begin(ANNA)
        talk.send(b"one line\r\n")
        begun = time.monotonic()
        assert (talk.hear(), talk.hear()) == (reply.SILENT, "")
        assert time.monotonic() - begun < 2 * WAIT
    assert relay.left() == (0, 0)
    assert relay.messages() == []


@pytest.mark.parametrize(
    "limits",
    [{"min_bytes_per_second": 1000}, {"data_seconds": 2 * WAIT, "min_bytes_per_second": 0.1}],
    ids=["rate", "time for all"],
)
def test_a_stranger_that_trickles_is_ended(for_strangers: MakeRelay, limits: object) -> None:
    relay = for_strangers(smtp_timeout_seconds=WAIT, **dict(limits))  # type: ignore[call-overload]  # a table
    with relay.talk() as talk:
        talk.begin(ANNA)
        assert drip(talk, [b"x"] * 60, WAIT / 6) < 4 * WAIT
    assert relay.left() == (0, 0)
    assert relay.messages() == []


def test_a_listed_peer_may_trickle(a_relay: MakeRelay) -> None:
    relay = a_relay(smtp_timeout_seconds=WAIT, min_bytes_per_second=1000, data_seconds=WAIT)
    with relay.talk() as talk:
        talk.begin(ANNA)
        drip(talk, [b"x"] * 20 + [b"\r\n"], WAIT / 6)
        talk.send(b".\r\n")
        assert talk.hear().startswith("250")


def test_a_quick_stranger_may_send_much(for_strangers: MakeRelay) -> None:
    relay = for_strangers(smtp_timeout_seconds=WAIT, min_bytes_per_second=100_000)
    with relay.talk() as talk:
        talk.begin(ANNA)
        drip(talk, [b"x" * 98 + b"\r\n"] * 3000, 0)
        talk.send(b".\r\n")
        assert talk.hear().startswith("250")


def test_a_second_mail_has_its_own_time(for_strangers: MakeRelay) -> None:
    relay = for_strangers(data_seconds=2 * WAIT, smtp_timeout_seconds=2 * WAIT)
    with relay.talk() as talk:
        for _ in range(3):
            talk.begin(ANNA)
            drip(talk, [RAW], WAIT)
            talk.send(b".\r\n")
            assert talk.hear().startswith("250")


@pytest.mark.parametrize("command", [b"NOOP " + b"x" * 60, b"x" * 60])
def test_a_command_that_drips_in_gets_no_more_time(either: MakeRelay, command: bytes) -> None:
    relay = either(smtp_timeout_seconds=WAIT)
    with relay.talk() as talk:
        pieces = [command[at : at + 1] for at in range(len(command))]
        assert drip(talk, pieces, WAIT / 6) < 3 * WAIT
    assert relay.left() == (0, 0)


def test_an_endless_command_gets_no_more_time(either: MakeRelay) -> None:
    relay = either(smtp_timeout_seconds=WAIT)
    with relay.talk() as talk:
        assert drip(talk, [b"x" * 4096] * 60, WAIT / 6) < 3 * WAIT
    assert relay.left() == (0, 0)


def test_our_own_time_counts_for_nobody(
    a_relay: MakeRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "UNKNOWN_PAUSE", 0.6)
    relay = a_relay(smtp_timeout_seconds=0.2, max_unknown_recipients=1)
    with relay.talk("") as talk:
        talk.say("XCLIENT ADDR=192.0.2.7")
        talk.send(b"EHLO client.example\r\nMAIL FROM:<>\r\n")
        talk.send(b"RCPT TO:<x@muster.example>\r\n" * 2 + b"NOOP\r\n")
        assert [talk.hear()[:3] for _ in range(5)] == ["250", "250", "550", "550", "250"]


def test_strangers_get_little_time_while_it_is_crowded(
    for_strangers: MakeRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timing, "CROWDED_SECONDS", 0.3)
    relay = for_strangers(max_connections=4)
    with relay.talk() as first, relay.talk(), relay.talk():
        first.say("NOOP")
        time.sleep(0.5)
        assert first.say("NOOP") == reply.OK
        with relay.talk() as fourth:
            assert fourth.hear() == reply.SILENT
        assert first.say("NOOP") == reply.OK


def test_a_listed_peer_has_its_time_while_it_is_crowded(
    a_relay: MakeRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timing, "CROWDED_SECONDS", 0.2)
    relay = a_relay(max_connections=1)
    with relay.talk() as named, relay.talk() as peer:
        assert named.say("XCLIENT ADDR=192.0.2.7").startswith("220")
        time.sleep(0.5)
        assert peer.say("NOOP") == reply.OK


def peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def test_a_client_that_never_reads_is_ended_and_takes_no_memory(either: MakeRelay) -> None:
    relay = either(smtp_timeout_seconds=1.0)
    before = peak()
    with relay.socket() as link:
        link.settimeout(5)
        assert not all(sent(link, b"EHLO client.example\r\n" * 500) for _ in range(4000))
        assert relay.left(6) == (0, 0)
    assert peak() - before < 30_000


def sent(link: socket.socket, data: bytes) -> bool:
    """Whether the other side has room for this, or may have soon."""
    try:
        link.sendall(data)
    except OSError:
        return False
    return True


def test_many_slow_clients_keep_nobody_waiting(for_strangers: MakeRelay) -> None:
    relay = for_strangers(smtp_timeout_seconds=1.0, max_connections_per_address=100)
    links = [relay.socket() for _ in range(60)]
    assert all(sent(link, b"E") for link in links)
    with relay.talk() as talk:
        begun = time.monotonic()
        assert talk.mail(RAW, ANNA).startswith("250")
        assert time.monotonic() - begun < 1
    assert relay.left() == (0, 0)
    for link in links:
        link.close()
