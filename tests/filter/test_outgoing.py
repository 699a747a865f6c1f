from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, true

from filter import reply
from filter.outgoing import Submission
from filter.releasing import scan_releases
from filter.rules import eicar, gtube
from filter.spool import Spool
from mailstore import domains, quarantine, tailoring
from mailstore.addresses import Address
from mailstore.deliveries import Delivery, Direction, State
from mailstore.domains import Domain
from mailstore.envelopes import Client, MailClass
from mailstore.lanes import NOBODY, Lane
from mailstore.mailboxes import Mailbox
from mailstore.scope import EVERYBODY
from mailstore.senders import Listed
from mailstore.sending import submitters
from mailstore.sending.submitters import Submitter
from tests.factories import ANNA, BEAT, an_account
from tests.filter.background import Background
from tests.filter.relay import CARLA, Relay
from tests.filter.test_intake import listed

HOME = Client("203.0.113.9", "[192.168.1.7]", tls=True, user=ANNA)
MAIL = (
    b"From: Anna <anna@muster.example>\r\nTo: dora@there.example\r\nSubject: Offer\r\n"
    b"Date: Tue, 24 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@muster.example>\r\n\r\nHello\r\n"
)
DORA = "dora@there.example"
Send = Callable[..., str]


@pytest.fixture
def anna(relay: Relay) -> Submitter:
    with relay.store.write() as db:
        account = an_account(db, db.get_one(Mailbox, relay.mailboxes[0]))
        person = submitters.person(db, account)
    assert person is not None
    return person


@pytest.fixture
def send(relay: Relay, background: Background, anna: Submitter) -> Send:
    def send(raw: bytes = MAIL, *to: str, sender: str = ANNA, by: Submitter = anna) -> str:
        path = Address.parse(sender) if sender else None
        recipients = [Address.parse(each) for each in to or (DORA,)]
        submission = Submission(HOME, by, path, recipients)
        with Spool(relay.intake.spool_folder) as spool:
            spool.write(raw)
            return background.run(relay.intake.send(submission, spool))

    return send


def server_of(relay: Relay) -> Submitter:
    with relay.store.read() as db:
        domain = db.scalars(select(Domain).where(Domain.name == "muster.example")).one()
    return Submitter(domain.tenant_id, "server", None, frozenset({domain.id}), bounces=True)


def of(relay: Relay, address: str) -> list[Delivery]:
    return [each for each in relay.deliveries() if each.recipient == address]


def test_mail_to_a_stranger_is_queued_by_the_records_of_their_domain(
    relay: Relay, send: Send
) -> None:
    assert send().startswith("250 2.6.0")
    ((message, content),) = relay.messages()
    (delivery,) = relay.deliveries()
    assert content == MAIL
    assert (message.writer_id, message.sender) == (relay.mailboxes[0], ANNA)
    assert (delivery.direction, delivery.mailbox_id) == (Direction.OUT, None)
    assert (delivery.state, delivery.tag) == (State.QUEUED, "")
    with relay.store.read() as db:
        lane = db.get_one(Lane, delivery.lane_id)
    assert (lane.route, lane.named_by) == ("mx:there.example:25", NOBODY)


def test_strangers_learn_no_address_of_a_home(relay: Relay, send: Send) -> None:
    send()
    ((message, _),) = relay.messages()
    assert message.client_ip == HOME.ip
    assert message.headers.startswith("Received: from submission\r\n\tby mx.mailhafen.test")
    assert f"with ESMTPSA id {message.public_id};" in message.headers
    assert HOME.ip not in message.headers
    assert "Authentication-Results" not in message.headers


def test_a_colleague_has_it_at_once_in_the_same_message(relay: Relay, send: Send) -> None:
    send(MAIL, BEAT, DORA, ANNA)
    assert len(relay.messages()) == 1
    ways = {each.recipient: (each.direction, each.mailbox_id) for each in relay.deliveries()}
    assert ways == {
        BEAT: (Direction.IN, relay.mailboxes[1]),
        DORA: (Direction.OUT, None),
        ANNA: (Direction.IN, relay.mailboxes[0]),
    }


def test_another_tenant_gets_a_message_of_its_own_and_never_by_mx(relay: Relay, send: Send) -> None:
    send(MAIL, CARLA, DORA)
    (mine, theirs) = relay.messages()
    sent, arrived = of(relay, CARLA)
    assert (sent.direction, sent.state, sent.reply) == (
        Direction.OUT, State.DELIVERED, reply.HANDED_OVER,
    )  # fmt: skip
    assert (arrived.direction, arrived.mailbox_id) == (Direction.IN, relay.mailboxes[2])
    assert (mine[0].writer_id, theirs[0].writer_id) == (relay.mailboxes[0], None)
    assert mine[0].tenant_id != theirs[0].tenant_id == arrived.tenant_id
    assert theirs[1] == MAIL
    assert (mine[0].client_ip, theirs[0].client_ip) == (HOME.ip, "")
    assert theirs[0].headers.startswith("Received: from submission\r\n")
    assert "auth=pass smtp.mailfrom=muster.example" in theirs[0].headers
    with relay.store.read() as db:
        assert {each.route for each in db.scalars(select(Lane))} >= {"mx:there.example:25"}
        assert not db.scalar(select(Lane).where(Lane.route.contains("mx:hafenbau")))


def test_what_another_tenants_person_blocks_fails_for_the_author(relay: Relay, send: Send) -> None:
    listed(relay, 2, Listed.BLOCKED, ANNA)
    send(MAIL, CARLA)
    (failed,) = relay.deliveries()
    assert (failed.direction, failed.state) == (Direction.OUT, State.FAILED)
    assert failed.reply.startswith("550 5.7.1 The recipient does not accept mail")
    assert failed.dsn_at is not None
    (refusal,) = relay.refusals()
    assert (refusal.recipient, refusal.sender) == (CARLA, ANNA)


def test_an_author_whom_another_tenant_allows_is_proven(relay: Relay, send: Send) -> None:
    listed(relay, 2, Listed.ALLOWED, ANNA)
    send(MAIL, CARLA)
    _, arrived = of(relay, CARLA)
    assert arrived.reason == "allowed author"


def test_nobody_writes_as_somebody_else(relay: Relay, send: Send) -> None:
    refused = "550 5.7.1 You may not write as "
    assert send(sender=BEAT) == refused + BEAT
    assert send(MAIL.replace(b"anna@", b"beat@")) == refused + BEAT
    assert send(sender="x@there.example") == refused + "x@there.example"
    assert relay.messages() == []


@pytest.mark.parametrize(
    "field",
    [b"", b"From: anna@muster.example, beat@muster.example\r\n", b"From: nobody at all\r\n"],
    ids=["none", "two", "no address"],
)
def test_the_author_is_one_address(relay: Relay, send: Send, field: bytes) -> None:
    rest = MAIL.partition(b"\r\n")[2]
    assert send(field + rest) == reply.AUTHOR_NEEDED
    assert relay.messages() == []


def test_a_tag_and_an_alias_are_ones_own(send: Send) -> None:
    raw = MAIL.replace(b"anna@", b"anna+shop@")
    assert send(raw, sender="anna+news@muster.example").startswith("250")


def test_a_receipt_has_no_sender_but_an_author(relay: Relay, send: Send) -> None:
    assert send(sender="").startswith("250")
    assert send(MAIL.replace(b"anna@", b"beat@"), sender="").startswith("550")
    ((message, _),) = relay.messages()
    assert (message.sender, message.writer_id) == ("", relay.mailboxes[0])


def test_a_bounce_of_a_listed_server_has_an_author_of_its_own(relay: Relay, send: Send) -> None:
    server, raw = server_of(relay), MAIL.replace(b"anna@muster", b"mailer-daemon@mail.muster")
    assert send(raw, sender="", by=replace(server, bounces=False)).startswith("550")
    assert send(raw, sender=ANNA, by=server).startswith("550")
    assert send(raw, sender="", by=server).startswith("250")
    ((message, _),) = relay.messages()
    assert message.writer_id is None


@pytest.mark.parametrize(
    ("raw", "mail_class"),
    [
        (MAIL + eicar.TEST_STRING + b"\r\n", MailClass.VIRUS),
        (MAIL + gtube.TEST_STRING + b"\r\n", MailClass.SPAM),
    ],
    ids=["a virus", "spam"],
)
def test_what_is_bad_is_held_for_all_recipients(
    relay: Relay, send: Send, raw: bytes, mail_class: MailClass
) -> None:
    assert send(raw, DORA, BEAT, CARLA).startswith("250")
    assert len(relay.messages()) == 1
    for each in relay.deliveries():
        assert (each.state, each.mail_class) == (State.QUARANTINED, mail_class)
        assert each.held_until == each.accepted_at + timedelta(days=30)
        assert each.tell_at is None
        assert each.tenant_id == relay.deliveries()[0].tenant_id


def test_what_holds_for_strangers_mail_only_holds_nothing(relay: Relay, send: Send) -> None:
    old = b"X-Mailer: Microsoft Outlook Express 6.00.2900.5512\r\n" + MAIL
    news = b"List-Id: <a.muster.example>\r\nPrecedence: bulk\r\n" + MAIL
    assert send(old).startswith("250")
    assert send(news, BEAT).startswith("250")
    assert {(each.state, each.tag) for each in relay.deliveries()} == {(State.QUEUED, "")}


def test_an_address_that_nobody_here_has_fails_and_is_told(relay: Relay, send: Send) -> None:
    send(MAIL, "nobody@hafenbau.example", DORA)
    (failed,) = of(relay, "nobody@hafenbau.example")
    assert (failed.state, failed.reply) == (State.FAILED, reply.UNKNOWN_MAILBOX)
    assert failed.dsn_at is not None


def test_an_address_in_two_spellings_is_one_recipient(relay: Relay, send: Send) -> None:
    send(MAIL, DORA, DORA.upper())
    assert len(relay.deliveries()) == 1


def test_bcc_is_kept_nowhere(relay: Relay, send: Send) -> None:
    send(b"Bcc: dora@there.example\r\n" + MAIL)
    assert relay.contents() == [MAIL]


def test_whoever_sends_too_much_is_blocked_and_told_until_when(relay: Relay, send: Send) -> None:
    with relay.store.write() as db:
        tailoring.tailor(db, domains.named(db, "muster.example"), {"send_hour_new": 2}, by="test")
    assert send(MAIL, DORA, BEAT).startswith("250")
    for _ in range(2):
        assert send(MAIL, DORA).startswith("550 5.7.1 Bulk Policy Violation: ")
    assert len(relay.messages()) == 1


def released(relay: Relay) -> None:
    """Let an administrator release all that is held, and have it scanned again."""
    with relay.store.write() as db:
        for each in db.scalars(select(Delivery.id).where(Delivery.state == State.QUARANTINED)):
            assert quarantine.release(db, EVERYBODY, each, by="admin", may=true())
    scan_releases(relay.store)


def test_released_mail_goes_wherever_it_leads_by_then(relay: Relay, send: Send) -> None:
    send(MAIL + gtube.TEST_STRING + b"\r\n", DORA, CARLA, "nobody@hafenbau.example", BEAT)
    released(relay)
    states = {(each.recipient, each.direction): each.state for each in relay.deliveries()}
    assert states == {
        (DORA, Direction.OUT): State.QUEUED,
        (CARLA, Direction.OUT): State.DELIVERED,
        (CARLA, Direction.IN): State.QUARANTINED,
        ("nobody@hafenbau.example", Direction.OUT): State.FAILED,
        (BEAT, Direction.IN): State.QUEUED,
    }
    assert relay.messages()[1][0].headers.startswith("Received: from submission\r\n")
    (dora,) = of(relay, DORA)
    with relay.store.read() as db:
        assert db.get_one(Lane, dora.lane_id).route == "mx:there.example:25"


def test_an_old_program_keeps_no_released_mail_of_ours(relay: Relay, send: Send) -> None:
    old = b"X-Mailer: Microsoft Outlook Express 6.00.2900.5512\r\n" + MAIL
    send(old + gtube.TEST_STRING + b"\r\n")
    released(relay)
    (sent,) = relay.deliveries()
    assert sent.state is State.QUEUED


def test_a_virus_stays_though_it_is_released(relay: Relay, send: Send) -> None:
    send(MAIL + eicar.TEST_STRING + b"\r\n", DORA, CARLA)
    released(relay)
    assert {each.state for each in relay.deliveries()} == {State.QUARANTINED}
    assert len(relay.messages()) == 1
