import asyncio
import os
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import uvloop

from filter import reply
from filter.examination import CHILD
from filter.tls import LOOK_EVERY
from mailstore.sandbox_pool import SandboxPool
from tests.databases import on_sqlite
from tests.factories import ANNA, RAW
from tests.filter.background import Background
from tests.filter.certificates import a_client, made, write
from tests.filter.conftest import MakeRelay
from tests.filter.relay import Relay
from tests.filter.tls_talk import TLSTalk

pytestmark = on_sqlite
LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
MakeTLSRelay = Callable[..., Relay]


@pytest.fixture(scope="module", params=LOOPS)
def background(request: pytest.FixtureRequest) -> Iterator[Background]:
    with Background(LOOPS[request.param]) as running:
        yield running


@pytest.fixture(scope="module")
def pool(background: Background) -> Iterator[SandboxPool]:
    with background.within(SandboxPool(CHILD, 1)) as children:
        yield children


@pytest.fixture
def a_tls_relay(a_relay: MakeRelay, tmp_path: Path) -> MakeTLSRelay:
    """Return what starts a relay with a certificate, for which loopback is a stranger."""
    chain, key = write(tmp_path, *made("first.example"))

    def start(**settings: object) -> Relay:
        return a_relay(tls_cert=chain, tls_key=key, trusted_peers="192.0.2.1", **settings)

    return start


@pytest.fixture
def tls_relay(a_tls_relay: MakeTLSRelay) -> Relay:
    return a_tls_relay(greeting_pause_seconds=0)


def test_a_relay_without_a_certificate_offers_no_tls(relay: Relay) -> None:
    with relay.talk() as talk:
        assert "STARTTLS" not in talk.hello
        assert talk.say("STARTTLS") == reply.NO_TLS
        assert talk.mail(RAW, ANNA).startswith("250")


def test_tls_is_offered_once(tls_relay: Relay) -> None:
    with TLSTalk(tls_relay.port) as talk:
        assert "250-STARTTLS" in talk.hello
        talk.start_tls()
        assert "STARTTLS" not in talk.say("EHLO client.example")
        assert talk.say("STARTTLS") == reply.NO_MORE_TLS
        assert talk.say("NOOP") == reply.OK


def test_tls_with_words_is_refused(tls_relay: Relay) -> None:
    with TLSTalk(tls_relay.port) as talk:
        assert talk.say("STARTTLS now").startswith("501 5.5.4")
        talk.start_tls()


def test_a_mail_under_tls_is_taken_and_says_so(tls_relay: Relay) -> None:
    with TLSTalk(tls_relay.port) as talk:
        talk.start_tls()
        talk.say("EHLO again.example")
        assert talk.mail(RAW, ANNA).startswith("250")
        assert talk.mail(RAW, ANNA).startswith("250")
    first, _ = tls_relay.messages()
    assert first[1] == RAW
    assert (first[0].client_ip, first[0].helo) == ("127.0.0.1", "again.example")
    assert "with ESMTPS id" in first[0].headers
    assert tls_relay.left() == (0, 0)


@pytest.mark.parametrize(
    ("said", "then"),
    [
        ([], "MAIL FROM:<bob@there.example>"),
        (["MAIL FROM:<bob@there.example>"], f"RCPT TO:<{ANNA}>"),
        (["MAIL FROM:<bob@there.example>", f"RCPT TO:<{ANNA}>"], "DATA"),
    ],
    ids=["greeting", "sender", "recipient"],
)
def test_what_was_said_before_tls_is_forgotten(
    tls_relay: Relay, said: list[str], then: str
) -> None:
    with TLSTalk(tls_relay.port) as talk:
        for line in said:
            assert talk.say(line).startswith("250")
        talk.start_tls()
        assert talk.say(then).startswith("503")
        assert talk.say("EHLO client.example").startswith("250")
        assert talk.mail(RAW, ANNA).startswith("250")


@pytest.mark.parametrize(
    "glued",
    [b"RSET\r\n", b"NOOP\r\n" * 2000, b"MAIL FR", b"EHLO evil.example\r\nMAIL FROM:<e@e.ex>\r\n"],
    ids=["a command", "very many", "half a command", "a transaction"],
)
def test_what_is_glued_behind_starttls_never_runs(tls_relay: Relay, glued: bytes) -> None:
    with TLSTalk(tls_relay.port) as talk:
        talk.send(b"STARTTLS\r\n" + glued)
        assert talk.hear() == reply.READY_FOR_TLS
        talk.shake()
        assert talk.say("MAIL FROM:<bob@there.example>").startswith("503")
        assert talk.say("EHLO client.example").startswith("250")
        assert talk.mail(RAW, ANNA).startswith("250")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
def test_an_old_version_of_tls_is_refused(tls_relay: Relay) -> None:
    with (
        TLSTalk(tls_relay.port) as talk,
        pytest.raises(OSError, match=r"(?i)version|alert|reset|protocol"),
    ):
        talk.start_tls(a_client(maximum_version=ssl.TLSVersion.TLSv1_1))
    assert tls_relay.left() == (0, 0)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_both_versions_of_today_are_spoken(tls_relay: Relay, version: ssl.TLSVersion) -> None:
    with TLSTalk(tls_relay.port) as talk:
        talk.start_tls(a_client(minimum_version=version, maximum_version=version))
        talk.say("EHLO client.example")
        assert talk.mail(RAW, ANNA).startswith("250")


def shown(relay: Relay) -> bool:
    """Whether the second certificate is shown to a new client."""
    with TLSTalk(relay.port) as talk:
        return b"second.example" in (talk.start_tls().getpeercert(binary_form=True) or b"")


def test_a_new_certificate_is_shown_without_a_restart(tls_relay: Relay, tmp_path: Path) -> None:
    before = shown(tls_relay)
    chain, _ = write(tmp_path, *made("second.example"))
    os.utime(chain, (1, 1))
    time.sleep(LOOK_EVERY + 0.05)
    assert (before, shown(tls_relay)) == (False, True)


@pytest.mark.parametrize(
    "said", [b"", b"\x16\x03\x01", b"EHLO x\r\n" * 20, os.urandom(5000)],
    ids=["nothing", "half a hello", "commands", "noise"],
)  # fmt: skip
@pytest.mark.parametrize("how", ["closes", "resets", "half closes"])
def test_a_client_that_leaves_within_the_handshake_leaves_nothing_behind(
    tls_relay: Relay, said: bytes, how: str
) -> None:
    with TLSTalk(tls_relay.port) as talk:
        assert talk.say("STARTTLS").startswith("220")
        talk.send(said)
        if how == "resets":
            talk.reset()
        elif how == "half closes":
            talk.half_close()
            assert tls_relay.left() == (0, 0)
    assert tls_relay.left() == (0, 0)
    with tls_relay.talk() as talk:
        assert talk.mail(RAW, ANNA).startswith("250")


def test_a_client_that_is_silent_within_the_handshake_is_closed(a_tls_relay: MakeTLSRelay) -> None:
    relay = a_tls_relay(smtp_timeout_seconds=0.4)
    with TLSTalk(relay.port) as talk:
        assert talk.say("STARTTLS").startswith("220")
        assert talk.hear() == ""
    assert relay.left() == (0, 0)


def test_a_client_that_is_silent_under_tls_is_told_why(a_tls_relay: MakeTLSRelay) -> None:
    relay = a_tls_relay(smtp_timeout_seconds=0.4)
    with TLSTalk(relay.port) as talk:
        talk.start_tls()
        assert talk.hear() == reply.SILENT
        assert relay.left() == (0, 0), "though it does not say goodbye"


@pytest.mark.parametrize("lines", [["AUTH PLAIN AGEAYg=="], ["AUTH LOGIN", "YQ=="]])
def test_nobody_can_sign_in_under_tls(tls_relay: Relay, lines: list[str]) -> None:
    with TLSTalk(tls_relay.port) as talk:
        talk.start_tls()
        assert "AUTH" not in talk.say("EHLO client.example")
        assert talk.say(lines[0]) == reply.NOT_OFFERED
        assert talk.say("NOOP") == reply.OK


def test_a_big_mail_under_tls_comes_whole(tls_relay: Relay) -> None:
    mail = b"Subject: x\r\n\r\n" + (b"y" * 998 + b"\r\n") * 5243
    with TLSTalk(tls_relay.port) as talk:
        talk.start_tls()
        talk.say("EHLO client.example")
        assert talk.mail(mail, ANNA).startswith("250")
        assert talk.say("NOOP") == reply.OK
    assert tls_relay.contents() == [mail]


def test_commands_may_come_together_under_tls(tls_relay: Relay) -> None:
    with TLSTalk(tls_relay.port) as talk:
        talk.start_tls()
        talk.send(b"EHLO client.example\r\n" + b"NOOP\r\n" * 3000 + b"QUIT\r\n")
        talk.hear()
        assert {talk.hear() for _ in range(3000)} == {reply.OK}
        assert [talk.hear(), talk.hear()] == [reply.BYE, ""]
    assert tls_relay.left() == (0, 0)


@pytest.mark.parametrize("end", [b"", b".\r\n"], ids=["within the mail", "after it"])
def test_a_client_that_says_no_more_under_tls_leaves_its_mail_once_at_most(
    tls_relay: Relay, end: bytes
) -> None:
    with TLSTalk(tls_relay.port) as talk:
        talk.start_tls()
        talk.say("EHLO client.example")
        talk.begin(ANNA)
        talk.send(RAW + end)
        talk.say_no_more()
        heard = talk.hear()
    assert tls_relay.left() == (0, 0)
    assert tls_relay.contents() in ([[]] if not end else [[], [RAW]])
    assert tls_relay.contents() == [RAW] or not heard.startswith("2")


def test_a_reset_under_tls_leaves_nothing_behind(tls_relay: Relay) -> None:
    with TLSTalk(tls_relay.port) as talk:
        talk.start_tls()
        talk.say("EHLO client.example")
        talk.begin(ANNA)
        talk.send(RAW)
        talk.reset()
    assert tls_relay.left() == (0, 0)
    assert tls_relay.messages() == []


def test_what_is_no_tls_amid_tls_ends_the_session(tls_relay: Relay) -> None:
    with TLSTalk(tls_relay.port) as talk:
        raw = talk.start_tls()
        talk.say("EHLO client.example")
        with socket.socket(fileno=os.dup(raw.fileno())) as below:
            below.sendall(b"NOOP\r\n" * 10)
            with suppress(OSError):
                assert talk.hear() == ""
    assert tls_relay.left() == (0, 0)
