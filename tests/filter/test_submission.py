import asyncio
import os
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
import uvloop

from filter import reply, tls_door
from filter.examination import CHILD
from filter.listening import listen, listeners
from filter.tls import LOOK_EVERY
from mailstore import accounts, roles
from mailstore.deliveries import Direction
from mailstore.errors import Misconfigured
from mailstore.mailboxes import Mailbox
from mailstore.sandbox_pool import SandboxPool
from mailstore.sending import relayers
from tests.databases import on_sqlite
from tests.factories import ANNA, BEAT, an_account
from tests.filter.background import Background
from tests.filter.certificates import made, write
from tests.filter.conftest import MakeRelay
from tests.filter.relay import CARLA, Relay
from tests.filter.submissions import Submissions, TLSFirst, plain
from tests.filter.tls_talk import TLSTalk

pytestmark = on_sqlite
LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
PASSWORD = "four words in a row"  # noqa: S105 (one for tests)
DORA = "dora@there.example"
MAIL = b"From: anna@muster.example\r\nTo: dora@there.example\r\nSubject: Offer\r\n\r\nHello\r\n"


@pytest.fixture(scope="module", params=LOOPS)
def background(request: pytest.FixtureRequest) -> Iterator[Background]:
    with Background(LOOPS[request.param]) as running:
        yield running


@pytest.fixture(scope="module")
def pool(background: Background) -> Iterator[SandboxPool]:
    with background.within(SandboxPool(CHILD, 1)) as children:
        yield children


@pytest.fixture
def tls_relay(a_relay: MakeRelay, tmp_path: Path) -> Relay:
    chain, key = write(tmp_path, *made("first.example"))
    relay = a_relay(
        tls_cert=chain, tls_key=key, trusted_peers="192.0.2.1", greeting_pause_seconds=0
    )
    with relay.store.write() as db:
        an_account(db, db.get_one(Mailbox, relay.mailboxes[0]), password=PASSWORD)
    return relay


@pytest.fixture
def door(background: Background, tls_relay: Relay) -> Iterator[Submissions]:
    opened = background.run(Submissions(tls_relay).start())
    yield opened
    background.run(opened.stop())


def test_whoever_signed_in_sends_to_strangers_and_to_people_here(door: Submissions) -> None:
    with door.signed_in(ANNA, PASSWORD) as talk:
        assert talk.mail(MAIL, DORA, BEAT, CARLA, sender=ANNA).startswith("250 2.6.0")
        assert talk.mail(MAIL, DORA, sender=ANNA).startswith("250 2.6.0")
    message, content = door.relay.messages()[0]
    assert content.endswith(MAIL)
    assert content.startswith(b"Date: ")
    assert message.writer_id == door.relay.mailboxes[0]
    assert "with ESMTPSA id" in message.headers
    assert {each.direction for each in door.relay.deliveries()} == {Direction.IN, Direction.OUT}
    assert door.relay.left() == (0, 0)


def test_submission_under_tls_from_the_first_byte(door: Submissions) -> None:
    with TLSFirst(door.tls_port) as talk:
        assert talk.greeting.startswith("220")
        assert "STARTTLS" not in talk.say("EHLO client.example")
        assert talk.say("STARTTLS") == reply.NO_MORE_TLS
        assert talk.say(plain(ANNA, PASSWORD)) == reply.SIGNED_IN
        assert talk.mail(MAIL, DORA, sender=ANNA).startswith("250 2.6.0")
    assert door.relay.left() == (0, 0)


@pytest.mark.parametrize("said", [b"", b"EHLO x\r\nMAIL FROM:<a@b.example>\r\n", os.urandom(2000)])
def test_who_speaks_no_tls_at_the_port_for_it_leaves_nothing_behind(
    door: Submissions, said: bytes
) -> None:
    door.relay.port = door.tls_port
    with door.relay.socket() as raw:
        raw.sendall(said)
        raw.shutdown(socket.SHUT_WR)
        with suppress(OSError):
            while raw.recv(1000):
                pass
    assert door.relay.left() == (0, 0)


def test_a_new_certificate_is_shown_at_the_port_for_tls(door: Submissions, tmp_path: Path) -> None:
    chain, _ = write(tmp_path, *made("second.example"))
    os.utime(chain, (1, 1))
    time.sleep(LOOK_EVERY + 0.05)
    with TLSFirst(door.tls_port) as talk:
        shown = talk._socket.getpeercert(binary_form=True)  # type: ignore[attr-defined]  # of TLS
    assert b"second.example" in shown


def test_nobody_sends_without_tls_or_without_a_name(door: Submissions) -> None:
    with TLSTalk(door.port) as talk:
        assert "AUTH" not in talk.hello
        assert talk.say(f"MAIL FROM:<{ANNA}>") == reply.TLS_FIRST
        assert talk.say(plain(ANNA, PASSWORD)) == reply.NOT_IN_THE_CLEAR
    with door.talk() as talk:
        assert talk.hello.splitlines()[-2:] == ["250-AUTH PLAIN LOGIN", "250 HELP"]
        assert talk.say(f"MAIL FROM:<{ANNA}>") == reply.SIGN_IN_FIRST
        assert talk.say(f"RCPT TO:<{BEAT}>").startswith("503")
        assert talk.say("DATA").startswith("503")
    assert door.relay.messages() == []


def test_the_same_is_offered_as_where_mail_comes_in(door: Submissions) -> None:
    with door.talk() as talk:
        offers = {line[4:].split(" ")[0] for line in talk.hello.splitlines()[1:]}
        assert offers == {
            "PIPELINING", "ENHANCEDSTATUSCODES", "SIZE", "8BITMIME", "SMTPUTF8", "AUTH", "HELP",
        }  # fmt: skip
        assert talk.say("XCLIENT ADDR=192.0.2.9") == reply.NOT_OFFERED
        assert talk.say("BDAT 1") == reply.NOT_OFFERED


def test_commands_may_come_together(door: Submissions) -> None:
    with door.signed_in(ANNA, PASSWORD) as talk:
        talk.send(
            f"MAIL FROM:<{ANNA}> SIZE=100 BODY=8BITMIME AUTH=<>\r\n"
            f"RCPT TO:<{DORA}>\r\nRCPT TO:<nobody@muster.example>\r\nDATA\r\n".encode()
        )
        heard = [talk.hear() for _ in range(4)]
        assert [each[:3] for each in heard] == ["250", "250", "550", "354"]
        assert heard[2] == reply.UNKNOWN_MAILBOX
        talk.send(MAIL + b".\r\n")
        assert talk.hear().startswith("250 2.6.0")
        assert talk.say(f"MAIL FROM:<{ANNA}> SIZE=999999999").startswith("552 5.3.4")


def test_whose_account_is_turned_off_sends_no_further_mail(door: Submissions) -> None:
    with door.signed_in(ANNA, PASSWORD) as talk:
        assert talk.mail(MAIL, DORA, sender=ANNA).startswith("250")
        with door.relay.store.write() as db:
            roles.set_active(db, accounts.named(db, ANNA), on=False, by="test")
        assert talk.say(f"MAIL FROM:<{ANNA}>") == reply.SIGN_IN_FIRST


def test_mail_as_somebody_else_is_refused_at_its_end(door: Submissions) -> None:
    with door.signed_in(ANNA, PASSWORD) as talk:
        assert talk.mail(MAIL, DORA, sender=BEAT) == f"550 5.7.1 You may not write as {BEAT}"
        assert talk.mail(MAIL, DORA, sender=ANNA).startswith("250")


def test_where_mail_comes_in_nobody_relays_but_a_listed_server(tls_relay: Relay) -> None:
    foreign = f"RCPT TO:<{DORA}>"
    with tls_relay.talk() as talk:
        talk.say(f"MAIL FROM:<{ANNA}>")
        assert talk.say(foreign) == reply.NOT_OURS
    with tls_relay.store.write() as db:
        tenant_id = db.get_one(Mailbox, tls_relay.mailboxes[0]).tenant_id
        relayers.add(db, tenant_id, "127.0.0.1/32", by="test")
    for sender, answer in (
        (CARLA, reply.NOT_OURS),
        ("bob@there.example", reply.NOT_OURS),
        (ANNA, reply.OK_RECIPIENT),
        ("any.program@muster.example", reply.OK_RECIPIENT),
        ("", reply.OK_RECIPIENT),
    ):
        with tls_relay.talk() as talk:
            talk.say(f"MAIL FROM:<{sender}>")
            assert talk.say(foreign) == answer, sender
            assert talk.say(f"RCPT TO:<{BEAT}>") == reply.OK_RECIPIENT


def test_a_listed_server_sends_its_own_and_its_bounces(tls_relay: Relay) -> None:
    with tls_relay.store.write() as db:
        tenant_id = db.get_one(Mailbox, tls_relay.mailboxes[0]).tenant_id
        relayers.add(db, tenant_id, "127.0.0.1", by="test")
    bounce = MAIL.replace(b"anna@muster", b"mailer-daemon@mail.muster")
    with tls_relay.talk() as talk:
        assert talk.mail(MAIL, DORA, BEAT, sender=ANNA).startswith("250")
        assert talk.mail(bounce, DORA, sender="").startswith("250")
        assert talk.mail(bounce, DORA, sender=ANNA).startswith("550 5.7.1")
        # What goes to people here only comes in as ever, whoever wrote it.
        assert talk.mail(bounce, BEAT).startswith("250")
    first, second, third = (message for message, _ in tls_relay.messages())
    assert first.headers.startswith("Received: from server\r\n")
    assert (first.writer_id, second.writer_id) == (tls_relay.mailboxes[0], None)
    assert third.headers.startswith("Received: from client.example ([127.0.0.1])")


def test_people_sign_in_nowhere_without_a_certificate(relay: Relay) -> None:
    settings = relay.store.settings.model_copy(update={"submission_listen": "127.0.0.1:1"})

    async def begin() -> None:
        relay.store.settings = settings
        await listen(settings, listeners(relay.store, relay.intake, relay.gate, set()))

    with pytest.raises(Misconfigured, match="need TLS_CERT"):
        asyncio.run(begin())


def test_many_shake_hands_at_once(door: Submissions) -> None:
    with ThreadPoolExecutor(10) as threads:
        heard = list(threads.map(lambda _: _greeting(door.tls_port), range(60)))
    assert {each[:3] for each in heard} == {"220"}
    assert door.relay.left() == (0, 0)


def _greeting(port: int) -> str:
    with TLSFirst(port) as talk:
        return talk.greeting


def test_who_never_shakes_hands_keeps_few_places(
    door: Submissions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls_door, "MOST_SHAKING_FROM_ADDRESS", 2)
    door.relay.port = door.tls_port
    with door.relay.socket(), door.relay.socket(), door.relay.socket() as third:
        assert third.recv(1) == b""
    end = time.monotonic() + 5
    while not _lets_in(door.tls_port):
        assert time.monotonic() < end


def _lets_in(port: int) -> bool:
    try:
        return _greeting(port).startswith("220")
    except OSError:
        return False
