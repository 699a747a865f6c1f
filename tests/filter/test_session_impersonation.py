"""What a policy does with mail that pretends, from DATA to the lines above the delivered copy."""

from typing import Any

import pytest
from sqlalchemy import update

from filter.headers import prepended
from mailstore import protection
from mailstore.addresses import Address
from mailstore.deliveries import Delivery, State
from mailstore.envelopes import Impersonation, MailClass
from mailstore.mailboxes import Mailbox
from mailstore.policies import PolicyRow
from mailstore.senders import Listed, SenderEntry
from tests.factories import ANNA
from tests.filter.conftest import MakeRelay
from tests.filter.names import FakeDNS
from tests.filter.relay import Relay

EVIL = "office@evil.example"
NAME, FRAUD = "PROTECTED_NAME_FROM_OUTSIDE", "CEO_FRAUD"
WISH = "Bitte ueberweisen Sie den Betrag noch heute, es ist vertraulich."
REMINDER = "Wir bitten Sie dringend, die Rechnung zu bezahlen."


def mail(text: str, author: str = f"Anna Keller <{EVIL}>", *lines: str) -> bytes:
    head = [f"From: {author}", f"To: {ANNA}", "Date: Tue, 24 Nov 2026 08:00:00 +0000", *lines,
            "Message-ID: <1@evil.example>", "Subject: Eine Bitte"]  # fmt: skip
    return "\r\n".join([*head, "", text, ""]).encode()


@pytest.fixture
def relay(for_strangers: MakeRelay, names: FakeDNS) -> Relay:
    """Return a relay for strangers, to whom Anna Keller is known."""
    names.records[("TXT", "evil.example")] = ['"v=spf1 ip4:127.0.0.1 -all"']
    relay = for_strangers(dns_servers=f"127.0.0.1:{names.port}")
    with relay.store.write() as db:
        db.get_one(Mailbox, relay.mailboxes[0]).name = "Anna Keller"
    return relay


def choose(relay: Relay, impersonation: Impersonation | str) -> None:
    with relay.store.write() as db:
        db.execute(update(PolicyRow).values(values={"impersonation": str(impersonation)}))


def allow(relay: Relay, author: str = EVIL) -> None:
    """Put an author on Anna's list as if it had been proven."""
    with relay.store.write() as db:
        anna = db.get_one(Mailbox, relay.mailboxes[0])
        entry: dict[str, Any] = {"listed": Listed.ALLOWED, "pattern": author, "by": "test"}
        db.add(SenderEntry(tenant_id=anna.tenant_id, mailbox_id=anna.id, **entry))


def taken(relay: Relay, raw: bytes, sender: str = EVIL) -> Delivery:
    with relay.talk() as talk:
        assert talk.mail(raw, ANNA, sender=sender).startswith("250")
    return relay.deliveries()[-1]


def test_it_is_delivered_with_a_warning_above_by_default(relay: Relay) -> None:
    raw = mail(WISH)
    delivery = taken(relay, raw)
    assert (delivery.state, delivery.warning) == (State.QUEUED, f"{NAME},{FRAUD}")
    assert f"X-Mailhafen-Warning: {NAME},{FRAUD}\r\n".encode() in prepended(delivery)
    assert relay.contents() == [raw]


@pytest.mark.parametrize("allowed", [False, True], ids=["not listed", "allowed and proven"])
@pytest.mark.parametrize(
    ("choice", "state", "warned"),
    [(Impersonation.WARN, State.QUEUED, True), (Impersonation.HOLD, State.QUARANTINED, True)],
    ids=["warn", "hold"],
)
def test_an_entry_for_the_author_of_a_fraud_changes_nothing(
    relay: Relay, choice: Impersonation, state: State, warned: bool, allowed: bool
) -> None:
    choose(relay, choice)
    if allowed:
        allow(relay)
    delivery = taken(relay, mail(WISH))
    assert "AUTHENTICATED" in {name for name, *_ in delivery.symbols}
    assert (delivery.state, FRAUD in delivery.warning) == (state, warned)
    held = delivery.state is State.QUARANTINED
    assert (delivery.mail_class is MailClass.PHISH) == held


def test_a_policy_that_switches_it_off_hears_and_weighs_nothing(relay: Relay) -> None:
    choose(relay, Impersonation.OFF)
    delivery = taken(relay, mail(WISH))
    assert (delivery.state, delivery.warning) == (State.QUEUED, "")
    points = {name: points for name, _, points in delivery.symbols}
    assert (points[NAME], points[FRAUD]) == (0, 0)


@pytest.mark.parametrize("choice", [Impersonation.WARN, Impersonation.HOLD])
def test_a_real_reminder_is_neither_held_nor_warned_of(relay: Relay, choice: Impersonation) -> None:
    choose(relay, choice)
    delivery = taken(relay, mail(REMINDER, f"Buchhaltung <{EVIL}>"))
    assert "PRESSURE_WORDING" in {name for name, *_ in delivery.symbols}
    assert (delivery.state, delivery.warning) == (State.QUEUED, "")


def test_a_known_address_of_a_protected_person_is_fine(relay: Relay) -> None:
    with relay.store.write() as db:
        anna = db.get_one(Mailbox, relay.mailboxes[0])
        protection.add_person(db, anna.tenant_id, "Anna Keller", Address.parse(EVIL), by="test")
    assert taken(relay, mail(WISH)).warning == ""


def test_an_author_of_ours_from_outside_is_told_as_forged(relay: Relay) -> None:
    forged = mail("Bis bald", f"Beat <{ANNA}>", "Reply-To: Beat <beat@gmail.com>")
    warned = taken(relay, forged).warning.split(",")
    assert warned == ["OWN_DOMAIN_FORGED", "REPLY_TO_ELSEWHERE"]


def test_a_second_author_hides_nothing(relay: Relay) -> None:
    hidden = mail(WISH, f"Anna Keller <{EVIL}>, Bob <bob@there.example>")
    assert taken(relay, hidden).warning == f"{NAME},{FRAUD}"


def test_only_the_first_mail_of_an_author_is_the_first(relay: Relay) -> None:
    found = [taken(relay, mail("Hallo", f"Bob <{EVIL}>")).symbols for _ in range(2)]
    assert ["FIRST_CONTACT" in {name for name, *_ in each} for each in found] == [True, False]


def test_mail_of_a_trusted_peer_is_not_from_outside(a_relay: MakeRelay) -> None:
    relay = a_relay()
    with relay.store.write() as db:
        db.get_one(Mailbox, relay.mailboxes[0]).name = "Anna Keller"
    assert taken(relay, mail(WISH)).warning == ""
