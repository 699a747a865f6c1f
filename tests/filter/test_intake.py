from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from sqlalchemy import update

from filter import reply
from filter.rules import eicar, gtube
from filter.spool import Spool
from mailstore import onboarding
from mailstore.addresses import Address
from mailstore.deliveries import State
from mailstore.domains import Domain, Takes
from mailstore.envelopes import Client, MailClass, Recipient
from mailstore.mailboxes import Mailbox
from mailstore.senders import Listed, SenderEntry
from tests.factories import ANNA, BEAT, BOB, PEER, RAW, a_domain
from tests.filter.background import Background
from tests.filter.conftest import MakeRelay
from tests.filter.names import FakeDNS
from tests.filter.relay import CARLA, Relay

NEAR = Client("127.0.0.1", "printer.muster.example")
OLD_PROGRAM = b"X-Mailer: Microsoft Outlook Express 6.00.2900.5512\r\n" + RAW
VIRUS = RAW + eicar.TEST_STRING + b"\r\n"
SPAM = RAW + gtube.TEST_STRING + b"\r\n"
NEWSLETTER = b"List-Id: <a.there.example>\r\nPrecedence: bulk\r\n" + RAW
Accept = Callable[..., str]


@pytest.fixture
def accept(relay: Relay, background: Background) -> Accept:
    return accepting(relay, background)


def accepting(relay: Relay, background: Background) -> Accept:
    def accept(raw: bytes, *addresses: str, client: Client = NEAR) -> str:
        recipients = [background.run(known(relay, address)) for address in addresses]
        with Spool(relay.intake.spool_folder) as spool:
            spool.write(raw)
            return background.run(relay.intake.accept(client, BOB, recipients, spool))

    return accept


async def known(relay: Relay, address: str) -> Recipient:
    found = await relay.intake.directory.knows(Address.parse(address))
    assert not isinstance(found, str), found
    return found


def listed(relay: Relay, mailbox: int, verdict: Listed, pattern: str = BOB.key) -> None:
    """Put a sender on the list of one mailbox (0 Anna's, 1 Beat's, 2 Carla's)."""
    with relay.store.write() as db:
        row = db.get_one(Mailbox, relay.mailboxes[mailbox])
        db.add(
            SenderEntry(
                tenant_id=row.tenant_id,
                mailbox_id=row.id,
                listed=verdict,
                pattern=pattern,
                by="test",
            )
        )


def states(relay: Relay) -> dict[str, State]:
    return {each.recipient: each.state for each in relay.deliveries()}


def test_an_alias_and_a_catch_all_are_known(relay: Relay, background: Background) -> None:
    with relay.store.write() as db:
        anna = db.get_one(Mailbox, relay.mailboxes[0])
        onboarding.add_alias(db, anna, Address.parse("info@muster.example"), by="test")
        bucket = a_domain(db, "any.example", takes=Takes.ANY).catch_all_id
    alias = background.run(known(relay, "Info@muster.example"))
    anybody = background.run(known(relay, "x.y@any.example"))
    assert (alias.mailbox_id, anybody.mailbox_id) == (relay.mailboxes[0], bucket)
    assert str(anybody.address) == "x.y@any.example"


def test_the_address_in_an_alias_domain_leads_to_the_same_mailbox(
    relay: Relay, background: Background
) -> None:
    with relay.store.write() as db:
        muster = db.get_one(Domain, db.get_one(Mailbox, relay.mailboxes[0]).domain_id)
        a_domain(db, "muster-ag.example").alias_of_id = muster.id
    found = background.run(known(relay, "anna@muster-ag.example"))
    assert found.mailbox_id == relay.mailboxes[0]


@pytest.mark.parametrize(
    ("address", "answer"),
    [
        ("nobody@muster.example", reply.UNKNOWN_MAILBOX),
        ("anna@there.example", reply.NOT_OURS),
        (BEAT, reply.UNKNOWN_MAILBOX),
    ],
    ids=["unknown", "foreign", "switched off"],
)
def test_who_gets_no_mail_is_turned_away(
    relay: Relay, background: Background, address: str, answer: str
) -> None:
    with relay.store.write() as db:
        beat = update(Mailbox).where(Mailbox.id == relay.mailboxes[1])
        db.execute(beat.values(active=False))
    assert background.run(relay.intake.directory.knows(Address.parse(address))) == answer


def test_recipients_of_two_tenants_get_a_message_for_each_tenant(
    relay: Relay, accept: Accept
) -> None:
    answer = accept(RAW, ANNA, CARLA, BEAT)
    stored = relay.messages()
    assert [content for _, content in stored] == [RAW, RAW]
    assert answer == f"250 2.6.0 Taken as {stored[0][0].public_id}"
    assert [each.tenant_id == each.message.tenant_id for each in relay.deliveries()] == [True] * 3
    assert len({message.tenant_id for message, _ in stored}) == 2
    assert set(states(relay).values()) == {State.QUEUED}


@pytest.mark.parametrize(
    ("raw", "said", "reason"),
    [
        (OLD_PROGRAM, "550 5.7.1 CMR-HDR-OE-EOL: Outlook Express", "rule CMR-HDR-OE-EOL"),
        (VIRUS, "550 5.7.1 Virus found", "rule VIRUS_FOUND"),
    ],
    ids=["Outlook Express", "virus"],
)
def test_what_is_mandatory_is_refused_and_every_recipient_can_look_it_up(
    relay: Relay, accept: Accept, raw: bytes, said: str, reason: str
) -> None:
    answer = accept(raw, ANNA, CARLA, client=PEER)
    assert answer.startswith(said)
    assert relay.messages() == []
    first, second = relay.refusals()
    assert (first.recipient, first.mailbox_id) == (ANNA, relay.mailboxes[0])
    assert (second.recipient, second.mailbox_id) == (CARLA, relay.mailboxes[2])
    assert first.reason.endswith(reason)
    assert (first.reply, first.sender, first.author) == (answer, str(BOB), str(BOB))
    assert (first.client_ip, first.subject) == (PEER.ip, "Plans")


def test_a_sender_whom_all_block_is_refused(relay: Relay, accept: Accept) -> None:
    for mailbox in (0, 2):
        listed(relay, mailbox, Listed.BLOCKED)
    assert accept(RAW, ANNA, CARLA) == (
        "550 5.7.1 The recipient does not accept mail from this sender"
    )
    assert [each.reason for each in relay.refusals()] == ["blocked author"] * 2


@pytest.mark.parametrize("pattern", [BOB.key, BOB.domain], ids=["address", "domain"])
def test_a_sender_whom_half_block_is_held_for_them(
    relay: Relay, accept: Accept, pattern: str
) -> None:
    listed(relay, 0, Listed.BLOCKED, pattern)
    assert accept(RAW, ANNA, BEAT, CARLA).startswith("250")
    quarantined, queued = State.QUARANTINED, State.QUEUED
    assert states(relay) == {ANNA: quarantined, BEAT: queued, CARLA: queued}
    assert relay.refusals() == []


def test_spam_is_held_for_its_days_and_kept_as_long(relay: Relay, accept: Accept) -> None:
    assert accept(SPAM, ANNA).startswith("250")
    (delivery,) = relay.deliveries()
    assert (delivery.state, delivery.mail_class) == (State.QUARANTINED, MailClass.SPAM)
    assert delivery.held_until == delivery.accepted_at + timedelta(days=30)
    assert delivery.message.day == delivery.accepted_at.date() + timedelta(days=30)
    assert delivery.next_attempt_at is None


def test_clean_mail_is_due_at_once_and_kept_for_a_week(relay: Relay, accept: Accept) -> None:
    accept(RAW, ANNA)
    (delivery,) = relay.deliveries()
    assert delivery.next_attempt_at == delivery.accepted_at
    assert delivery.message.day == delivery.accepted_at.date() + timedelta(days=7)


def test_a_newsletter_is_queued_with_its_tag(relay: Relay, accept: Accept) -> None:
    accept(NEWSLETTER, ANNA)
    (delivery,) = relay.deliveries()
    assert (delivery.state, delivery.tag) == (State.QUEUED, "[PUB]")


@pytest.mark.parametrize(
    ("record", "state", "result"),
    [
        ("v=spf1 ip4:192.0.2.7 -all", State.QUEUED, "pass"),
        ("v=spf1 -all", State.QUARANTINED, "fail"),
    ],
    ids=["proven", "forged"],
)
def test_an_allowed_sender_passes_only_from_a_server_that_may_send_for_it(
    a_relay: MakeRelay,
    background: Background,
    names: FakeDNS,
    record: str,
    state: State,
    result: str,
) -> None:
    names.records["TXT", BOB.domain] = [f'"{record}"']
    relay = a_relay(dns_servers=f"127.0.0.1:{names.port}")
    listed(relay, 0, Listed.ALLOWED)
    accepting(relay, background)(SPAM, ANNA, client=PEER)
    (delivery,) = relay.deliveries()
    assert delivery.state is state
    assert f"spf={result} smtp.mailfrom={BOB}" in delivery.message.headers


def test_a_trusted_peer_is_asked_for_no_proof(
    a_relay: MakeRelay, background: Background, names: FakeDNS
) -> None:
    names.records["TXT", BOB.domain] = ['"v=spf1 -all"']
    relay = a_relay(dns_servers=f"127.0.0.1:{names.port}")
    accepting(relay, background)(RAW, ANNA, client=NEAR)
    assert names.asked == []
    assert symbols(relay.deliveries()[0].symbols) == ["MISSING_DATE"]


def symbols(stored: Sequence[Sequence[str]]) -> list[str]:
    return [name for name, *_ in stored]
