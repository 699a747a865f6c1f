import os
import socket
import time
from contextlib import ExitStack

import pytest

from filter import connection, reply, space
from tests.databases import on_sqlite
from tests.factories import ANNA, RAW
from tests.filter.conftest import MakeRelay
from tests.filter.relay import Relay
from tests.filter.talk import Talk

pytestmark = on_sqlite
ROOMY = 2**60


class Disk:
    """A disk that is as full as a test says."""

    def __init__(self) -> None:
        self.free = ROOMY

    def statvfs(self, _folder: object) -> os.statvfs_result:
        return os.statvfs_result((4096, 1, 0, 0, self.free, 0, 0, 0, 0, 255))


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    """Return the disk under the relay, looked at each time."""
    made = Disk()
    monkeypatch.setattr(os, "statvfs", made.statvfs)
    monkeypatch.setattr(space, "LOOK_EVERY", 0.0)
    return made


def ended(talk: Talk) -> str:
    """Return the last reply before the end, and make sure that nothing follows."""
    last, then = talk.hear(), talk.hear()
    assert then == ""
    return last


@pytest.mark.parametrize(
    ("limits", "answer"),
    [
        ({"max_connections_per_address": 3}, reply.TOO_MANY_FROM_ADDRESS),
        ({"max_connections": 3}, reply.TOO_MANY_CONNECTIONS),
    ],
    ids=["from one address", "in all"],
)
def test_who_comes_too_often_waits_until_another_leaves(
    for_strangers: MakeRelay, limits: dict[str, int], answer: str
) -> None:
    relay = for_strangers(**limits)
    with ExitStack() as stack:
        first, *_ = [stack.enter_context(relay.talk()) for _ in range(3)]
        for _ in range(5):
            with relay.talk("") as refused:
                assert (refused.greeting, refused.hear()) == (answer, "")
        first.say("QUIT")
        first.close()
        time.sleep(0.1)
        with relay.talk() as talk:
            assert talk.mail(RAW, ANNA).startswith("250")
    assert relay.left() == (0, 0)


def test_who_comes_anew_too_often_is_refused(for_strangers: MakeRelay) -> None:
    relay = for_strangers(max_new_per_minute=5)
    greetings = []
    for _ in range(12):  # at most ten of them before the minute changes
        with relay.talk("") as talk:
            greetings.append(talk.greeting)
    assert greetings[:5] == [f"220 {relay.store.settings.hostname} ESMTP Mailhafen"] * 5
    assert reply.TOO_MANY_NEW in greetings


def test_no_limit_of_connections_applies_to_listed_peers(a_relay: MakeRelay) -> None:
    relay = a_relay(max_connections=1, max_connections_per_address=1, max_new_per_minute=1)
    with ExitStack() as stack:
        talks = [stack.enter_context(relay.talk()) for _ in range(10)]
        assert all(talk.greeting.startswith("220") for talk in talks)
        assert relay.gate.open == 0


def test_a_client_that_only_makes_errors_is_sent_away(for_strangers: MakeRelay) -> None:
    relay = for_strangers(max_errors=4)
    with relay.talk() as talk:
        assert [talk.say("NONSENSE") for _ in range(3)] == [reply.UNKNOWN_COMMAND] * 3
        talk.say("NOOP")
        assert talk.say("NONSENSE") == reply.UNKNOWN_COMMAND
        assert ended(talk) == reply.TOO_MANY_ERRORS
    assert relay.left() == (0, 0)


def test_errors_of_all_kinds_count_together(for_strangers: MakeRelay) -> None:
    long = "NOOP " + "x" * 3000
    lines = [long, "RCPT TO:<x@muster.example>", "AUTH PLAIN", "DATA", "MAIL FROM:<", "NO\0OP"]
    with for_strangers(max_errors=6).talk() as talk:
        assert {talk.say(line)[:1] for line in lines} == {"5"}
        assert ended(talk) == reply.TOO_MANY_ERRORS


def test_listed_peers_may_make_errors(a_relay: MakeRelay) -> None:
    with a_relay(max_errors=2).talk() as talk:
        assert {talk.say("NONSENSE") for _ in range(50)} == {reply.UNKNOWN_COMMAND}
        assert talk.mail(RAW, ANNA).startswith("250")


def test_guessing_recipients_becomes_slow(
    for_strangers: MakeRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "UNKNOWN_PAUSE", 0.2)
    with for_strangers(max_unknown_recipients=3).talk() as talk:
        talk.say("MAIL FROM:<bob@there.example>")
        seconds = []
        for number in range(5):
            begun = time.monotonic()
            assert talk.say(f"RCPT TO:<x{number}@muster.example>") == reply.UNKNOWN_MAILBOX
            seconds.append(time.monotonic() - begun)
        assert max(seconds[:3]) < 0.2 <= min(seconds[3:])
        assert talk.say(f"RCPT TO:<{ANNA}>") == reply.OK_RECIPIENT


def test_too_many_recipients_are_no_error(for_strangers: MakeRelay) -> None:
    with for_strangers(max_recipients=100, max_errors=2).talk() as talk:
        talk.say("MAIL FROM:<bob@there.example>")
        lines = "".join(f"RCPT TO:<anna+{number}@muster.example>\r\n" for number in range(300))
        talk.send(lines.encode())
        heard = [talk.hear() for _ in range(300)]
        assert heard == [reply.OK_RECIPIENT] * 100 + [reply.TOO_MANY_RECIPIENTS] * 200
        talk.say("DATA")
        talk.send(RAW + b".\r\n")
        assert talk.hear().startswith("250")


def test_a_client_that_talks_before_the_greeting_is_sent_away(for_strangers: MakeRelay) -> None:
    relay = for_strangers(greeting_pause_seconds=0.3)
    with relay.socket() as early:
        early.sendall(b"EHLO client.example\r\n")
        assert everything(early) == f"{reply.TOO_EARLY}\r\n".encode()
    assert relay.left() == (0, 0)


def everything(link: socket.socket) -> bytes:
    """Return what comes before the end."""
    with link.makefile("rb") as file:
        return file.read()


def test_a_client_that_waits_for_the_greeting_gets_it_after_a_pause(
    for_strangers: MakeRelay,
) -> None:
    begun = time.monotonic()
    with for_strangers(greeting_pause_seconds=0.3).talk() as talk:
        assert time.monotonic() - begun >= 0.3
        assert talk.mail(RAW, ANNA).startswith("250")


def test_a_client_that_leaves_within_the_pause_leaves_nothing(for_strangers: MakeRelay) -> None:
    relay = for_strangers(greeting_pause_seconds=0.5)
    links = [relay.socket() for _ in range(20)]
    while relay.gate.open < len(links):
        time.sleep(0.01)
    for link in links:
        link.close()
    assert relay.left() == (0, 0)


@pytest.mark.parametrize("trusted", [True, False], ids=["a listed peer", "a stranger"])
def test_a_mail_that_does_not_wait_for_its_turn_ends_the_session(
    a_relay: MakeRelay, for_strangers: MakeRelay, *, trusted: bool
) -> None:
    relay = a_relay() if trusted else for_strangers()
    with relay.talk() as talk:
        talk.say("MAIL FROM:<bob@there.example>")
        talk.say(f"RCPT TO:<{ANNA}>")
        talk.send(b"DATA\r\n" + RAW + b".\r\n")
        assert ended(talk) == reply.TOO_EARLY
    assert relay.left() == (0, 0)
    assert relay.messages() == []


def test_a_mail_glued_behind_data_that_is_refused_never_runs_as_commands(
    for_strangers: MakeRelay,
) -> None:
    relay = for_strangers()
    with relay.talk() as talk:
        talk.send(b"DATA\r\nMAIL FROM:<eve@evil.example>\r\n")
        assert [talk.hear()[:3], talk.hear()[:3]] == ["503", "250"]
        talk.send(f"RCPT TO:<{ANNA}>\r\nDATA\r\nRSET\r\n".encode())
        assert [talk.hear(), ended(talk)] == [reply.OK_RECIPIENT, reply.TOO_EARLY]


@pytest.mark.parametrize("at", ["MAIL", "DATA"])
def test_a_full_disk_takes_no_mail_until_there_is_room(relay: Relay, disk: Disk, at: str) -> None:
    with relay.talk() as talk:
        if at == "DATA":
            talk.say("MAIL FROM:<bob@there.example>")
            talk.say(f"RCPT TO:<{ANNA}>")
        disk.free = 0
        assert talk.say("DATA" if at == "DATA" else "MAIL FROM:<>") == reply.NO_SPACE
        assert talk.say("DATA").startswith("503")
        assert talk.say("NOOP") == reply.OK
        disk.free = ROOMY
        assert talk.mail(RAW, ANNA).startswith("250")
    assert relay.contents() == [RAW]
