"""Sender lists and strict domains, as a client of the relay meets them."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from filter import reply
from filter.rules import eicar, gtube
from mailstore import strict
from mailstore.deliveries import State
from mailstore.mailboxes import Mailbox
from mailstore.senders import Listed, SenderEntry
from tests.factories import ANNA, BEAT, RAW
from tests.filter.conftest import MakeRelay
from tests.filter.names import FakeDNS
from tests.filter.relay import CARLA, Relay

RENTNER = "hans@bluewin.ch"
FORGED = "550 5.7.1 Forged sender domain from this server"
FROM_BLUEWIN = RAW.replace(b"bob@there.example", RENTNER.encode())
OLD_PROGRAM = b"X-Mailer: Microsoft Outlook Express 6.00.2900.5512\r\n" + FROM_BLUEWIN
VIRUS = FROM_BLUEWIN + eicar.TEST_STRING + b"\r\n"
SPAM = FROM_BLUEWIN + gtube.TEST_STRING + b"\r\n"
NEWSLETTER = b"List-Id: <a.bluewin.ch>\r\nPrecedence: bulk\r\n" + FROM_BLUEWIN
FROM_HERE, FROM_ELSEWHERE = "v=spf1 ip4:127.0.0.1 -all", "v=spf1 -all"
Says = Callable[[str], Relay]


@pytest.fixture
def stranger(for_strangers: MakeRelay, names: FakeDNS) -> Says:
    """Return what starts a relay for strangers, with the SPF record of bluewin.ch."""

    def start(record: str) -> Relay:
        names.records["TXT", "bluewin.ch"] = [f'"{record}"']
        return for_strangers(dns_servers=f"127.0.0.1:{names.port}")

    return start


def put(relay: Relay, listed: Listed, pattern: str = RENTNER, mailbox: int = 0) -> None:
    """Put a sender on the list of one mailbox (0 Anna's, 1 Beat's, 2 Carla's)."""
    with relay.store.write() as db:
        row = db.get_one(Mailbox, relay.mailboxes[mailbox])
        ids = {"tenant_id": row.tenant_id, "mailbox_id": row.id}
        db.add(SenderEntry(**ids, listed=listed, pattern=pattern, by="test"))


def sent(relay: Relay, raw: bytes, *recipients: str, sender: str = RENTNER) -> str:
    with relay.talk() as talk:
        return talk.mail(raw, *recipients, sender=sender)


@pytest.mark.parametrize(
    ("record", "raw", "answer"),
    [
        (FROM_ELSEWHERE, FROM_BLUEWIN, FORGED),
        ("v=spf1 ~all", FROM_BLUEWIN, FORGED),
        (FROM_HERE, VIRUS, "550 5.7.1 Virus found"),
        (FROM_HERE, OLD_PROGRAM, "550 5.7.1 CMR-HDR-OE-EOL: Outlook Express"),
    ],
    ids=["forged bluewin.ch", "forged, softfail", "virus", "Outlook Express"],
)
@pytest.mark.parametrize("pattern", [RENTNER, "bluewin.ch"], ids=["address", "domain"])
def test_an_allow_entry_changes_nothing_for_what_is_mandatory(
    stranger: Says, record: str, raw: bytes, answer: str, pattern: str
) -> None:
    relay = stranger(record)
    put(relay, Listed.ALLOWED, pattern)
    assert sent(relay, raw, ANNA).startswith(answer)
    assert relay.messages() == []
    assert [each.recipient for each in relay.refusals()] == [ANNA]


@pytest.mark.parametrize(
    ("record", "state", "said"),
    [
        (FROM_HERE, State.QUEUED, f"{RENTNER} is proven → deliver"),
        ("v=spf1 ?all", State.QUARANTINED, f"entry {RENTNER} does not hold, author not proven"),
    ],
    ids=["proven", "not proven"],
)
def test_an_allow_entry_lifts_the_score_of_a_proven_author(
    stranger: Says, record: str, state: State, said: str
) -> None:
    relay = stranger(record)
    put(relay, Listed.ALLOWED)
    assert sent(relay, SPAM, ANNA).startswith("250")
    (delivery,) = relay.deliveries()
    assert delivery.state is state
    assert f"allow list: {said}" in delivery.trail


def test_a_strict_domain_that_dns_says_nothing_of_is_put_off_and_nothing_is_kept(
    stranger: Says, names: FakeDNS
) -> None:
    relay = stranger(FROM_HERE)
    names.failing = True
    assert sent(relay, FROM_BLUEWIN, ANNA) == reply.NOT_CHECKED
    assert relay.messages() == []
    assert relay.refusals() == []
    names.failing = False


def test_a_tenants_own_domain_is_strict_for_that_tenant(stranger: Says, names: FakeDNS) -> None:
    relay = stranger(FROM_HERE)
    names.records["TXT", "muster.example"] = [f'"{FROM_ELSEWHERE}"']
    with relay.store.write() as db:
        tenant_id = db.scalars(select(Mailbox.tenant_id).where(Mailbox.address == ANNA)).one()
        strict.make_strict(db, tenant_id, "muster.example", by="test")
    assert sent(relay, RAW, ANNA, sender=BEAT) == FORGED
    assert sent(relay, RAW, CARLA, sender=BEAT).startswith("250")


def test_a_blocked_sender_is_refused_and_the_reader_can_look_it_up(stranger: Says) -> None:
    relay = stranger(FROM_HERE)
    put(relay, Listed.BLOCKED)
    assert sent(relay, FROM_BLUEWIN, ANNA).startswith("550 5.7.1 The recipient does not accept")
    (refusal,) = relay.refusals()
    assert (refusal.recipient, refusal.author, refusal.reason) == (ANNA, RENTNER, "blocked author")


@pytest.mark.parametrize("raw", [FROM_BLUEWIN, SPAM], ids=["taken", "held"])
def test_an_entry_knows_when_it_last_spoke(stranger: Says, raw: bytes) -> None:
    relay = stranger(FROM_HERE)
    put(relay, Listed.ALLOWED)
    put(relay, Listed.BLOCKED, mailbox=2)
    for recipient in (ANNA, CARLA):
        sent(relay, raw, recipient)
    with relay.store.read() as db:
        assert None not in db.scalars(select(SenderEntry.last_hit_at)).all()


def test_who_wants_no_tag_from_an_author_gets_none(stranger: Says) -> None:
    relay = stranger(FROM_HERE)
    put(relay, Listed.UNTAGGED)
    assert sent(relay, NEWSLETTER, ANNA, BEAT).startswith("250")
    assert {each.recipient: each.tag for each in relay.deliveries()} == {ANNA: "", BEAT: "[PUB]"}
