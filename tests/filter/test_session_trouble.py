import resource
import shutil
import time
from collections.abc import Iterator

import pytest

from filter import recorder, reply
from tests.databases import on_sqlite
from tests.factories import ANNA, RAW
from tests.filter.conftest import MakeRelay
from tests.filter.relay import Relay
from tests.filter.rows import nobody_records

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

RECEIVED = b"Received: from a.example by b.example; Tue, 24 Nov 2026 08:00:00 +0000\r\n"


def soon(relay: Relay, count: int) -> list[bytes]:
    """Return what is stored once that many mails are, or after a moment."""
    end = time.monotonic() + 0.3
    while len(found := relay.contents()) < count and time.monotonic() < end:
        time.sleep(0.02)
    return found


def test_a_client_that_goes_away_within_its_mail_leaves_nothing(relay: Relay) -> None:
    with relay.talk() as talk:
        talk.begin(ANNA)
        talk.send(RAW)
    with relay.talk() as talk:
        assert talk.mail(RAW, ANNA).startswith("250")
    assert relay.contents() == [RAW]
    assert list(relay.store.settings.spool_folder.iterdir()) == []


def test_a_client_that_goes_away_after_its_mail_leaves_it_once_at_most(relay: Relay) -> None:
    with relay.talk() as talk:
        talk.begin(ANNA)
        talk.send(RAW + b".\r\n")
    with relay.talk() as talk:
        assert talk.say("NOOP") == reply.OK
    assert soon(relay, 1) in ([], [RAW])


def test_a_client_that_says_it_will_say_no_more_still_gets_its_reply(relay: Relay) -> None:
    with relay.talk() as talk:
        talk.begin(ANNA)
        talk.send(RAW + b".\r\n")
        talk.half_close()
        assert talk.hear().startswith("250")


def test_a_slow_sender_is_served_as_long_as_it_goes_on(a_relay: MakeRelay) -> None:
    with a_relay(smtp_timeout_seconds=0.6).talk() as talk:
        talk.begin(ANNA)
        for _ in range(5):
            talk.send(b"x\r\n")
            time.sleep(0.2)
        talk.send(b".\r\n")
        assert talk.hear().startswith("250")


def test_a_silent_client_is_told_why(a_relay: MakeRelay) -> None:
    with a_relay(smtp_timeout_seconds=0.2).talk() as talk:
        assert talk.hear().startswith("421 ")


def test_a_client_that_falls_silent_within_its_mail_is_told_why(a_relay: MakeRelay) -> None:
    relay = a_relay(smtp_timeout_seconds=0.2)
    with relay.talk() as talk:
        talk.begin(ANNA)
        talk.send(RAW)
        assert talk.hear().startswith("421 ")
    assert relay.messages() == []


def test_a_client_that_ends_within_its_mail_gets_no_promise(relay: Relay) -> None:
    with relay.talk() as talk:
        talk.begin(ANNA)
        talk.send(RAW)
        talk.half_close()
        assert not talk.hear().startswith("2")
    assert relay.messages() == []


def test_a_mail_that_nothing_can_hold_is_read_to_its_end(relay: Relay) -> None:
    folder = relay.store.settings.spool_folder
    shutil.rmtree(folder)
    with relay.talk() as talk:
        assert talk.mail(b"NOOP\r\n" * 50_000, ANNA) == reply.TRY_LATER
        folder.mkdir()
        assert talk.mail(RAW, ANNA).startswith("250")


@pytest.fixture
def small_files() -> Iterator[None]:
    """Let no file of this process grow beyond a MiB, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.usefixtures("small_files")
def test_a_mail_that_fills_the_disk_is_read_to_its_end(relay: Relay) -> None:
    with relay.talk() as talk:
        assert talk.mail(b"NOOP\r\n" * 500_000, ANNA) == reply.TRY_LATER
        assert talk.say("RSET") == reply.OK
        assert talk.mail(RAW, ANNA).startswith("250")
    assert relay.contents() == [RAW]


@on_sqlite
def test_the_first_mail_of_a_day_is_put_off_while_somebody_else_writes(
    relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "LONGEST_WAIT", 0.2)
    with relay.talk() as talk:
        with nobody_records(relay.store):
            talk.begin(ANNA)
            talk.send(RAW + b".\r\n")
            assert talk.hear() == reply.TRY_LATER
        talk.begin(ANNA)
        talk.send(RAW + b".\r\n")
        assert talk.hear().startswith("250")
    assert relay.contents() == [RAW]


@pytest.mark.parametrize(
    "name",
    ["a\x1b[31m", "<b>x</b>", "x" * 500, "[192.0.2.7]"],
    ids=["escape", "HTML", "long", "literal"],
)
def test_a_hostile_greeting_is_stored_and_adds_no_line(relay: Relay, name: str) -> None:
    with relay.talk(f"EHLO {name}") as talk:
        assert talk.mail(RAW, ANNA).startswith("250")
    ((message, _),) = relay.messages()
    assert message.helo == name
    assert message.headers.count("\r\n") == message.headers.count("\r") == 5


@pytest.mark.parametrize("command", ["EHLO", "HELO"])
def test_a_greeting_in_another_charset_does_not_stop_mail(relay: Relay, command: str) -> None:
    with relay.talk("") as talk:
        talk.say(command.encode() + b" m\xfcller.example")
        assert talk.mail(RAW, ANNA).startswith("250")


@pytest.mark.parametrize("size", [2050, 5000, 70_000, 200_000])
def test_an_endless_command_is_refused_and_the_next_is_heard(relay: Relay, size: int) -> None:
    with relay.talk() as talk:
        assert talk.say("NOOP " + "x" * size) == reply.TOO_LONG
        assert talk.say("NOOP") == reply.OK


@pytest.mark.parametrize(
    "command",
    [b"NO\0OP", b"NOOP a\0b", b"NOOP\rRSET", b"EHLO a\rb", b"\xff\xfe", b"GET / HTTP/1.1", b""],
)
def test_what_is_no_command_is_an_error(relay: Relay, command: bytes) -> None:
    with relay.talk() as talk:
        assert talk.say(command).startswith("500 ")


@pytest.mark.parametrize(
    "sent", [b"NOOP\n", b"NOOP\r\nNOOP\n", b"\n"], ids=["alone", "behind another", "empty"]
)
def test_a_command_that_ends_with_a_bare_line_feed_ends_the_session(
    relay: Relay, sent: bytes
) -> None:
    with relay.talk() as talk:
        talk.send(sent)
        heard = [talk.hear() for _ in range(3)]
    assert reply.BARE_LINE_FEED in heard
    assert heard[-1] == ""


def test_a_command_whose_line_end_comes_in_two_pieces_is_heard(relay: Relay) -> None:
    with relay.talk() as talk:
        talk.send(b"NOOP\r")
        time.sleep(0.1)
        talk.send(b"\n")
        assert talk.hear() == reply.OK


def test_a_mail_that_went_through_too_many_servers_is_refused(relay: Relay) -> None:
    with relay.talk() as talk:
        assert talk.mail(RECEIVED * 51 + RAW, ANNA).startswith("554 5.4.6")


def test_a_mail_that_went_through_many_servers_is_taken(relay: Relay) -> None:
    with relay.talk() as talk:
        assert talk.mail(RECEIVED * 50 + RAW, ANNA).startswith("250")


def test_fields_from_outside_that_claim_to_be_ours_are_noted_for_cutting(relay: Relay) -> None:
    forged = b"Authentication-Results: mx.mailhafen.test; spf=pass\r\nX-Mailhafen-Class: clean\r\n"
    with relay.talk() as talk:
        talk.mail(forged + RAW, ANNA)
    ((message, content),) = relay.messages()
    assert b"".join(content[start:end] for start, end in message.cuts) == forged
    assert content == forged + RAW


def test_bare_line_ends_leave_a_symbol(relay: Relay) -> None:
    with relay.talk() as talk:
        talk.mail(b"Subject: x\n\nx\r\n", ANNA)
    (delivery,) = relay.deliveries()
    assert "BARE_LINE_ENDS" in [name for name, *_ in delivery.symbols]
