"""Recipients whom only the next hop knows: asked at RCPT; nothing is lost in its silence."""

from datetime import timedelta

import pytest

from filter import reply
from mailstore import callouts, clock, domains, mailboxes, onboarding
from mailstore.addresses import Address
from mailstore.domains import Takes
from mailstore.envelopes import Recipient
from mailstore.store import Store
from tests.databases import on_sqlite
from tests.factories import ANNA
from tests.filter.background import Background
from tests.filter.conftest import MakeRelay, MakeSink
from tests.filter.relay import Relay
from tests.filter.sink import Sink

NEW, NOBODY = "nora@muster.example", "nobody@muster.example"
Hop = tuple[Sink, Relay]


@pytest.fixture
def hop(store: Store, a_sink: MakeSink, a_relay: MakeRelay) -> Hop:
    """Return a next hop that knows Anna and Nora, and a relay that knows Anna only."""
    sink = a_sink({f"RCPT TO:<{NEW}>": "250 2.1.5 ok", "RCPT": "550 5.1.1 nobody"})
    relay = a_relay()
    with store.write() as db:
        domain = domains.named(db, "muster.example")
        onboarding.set_next_hop(db, domain, f"127.0.0.1:{sink.port}", by="test")
        domains.set_takes(db, domain, Takes.CALLOUT, by="test")
    return sink, relay


def asked(relay: Relay, *addresses: str) -> list[str]:
    with relay.talk() as talk:
        talk.say("MAIL FROM:<bob@there.example>")
        return [talk.say(f"RCPT TO:<{each}>") for each in addresses]


def questions(sink: Sink) -> int:
    return sum(line.startswith("RCPT") for line in sink.commands)


def test_whom_the_next_hop_knows_is_taken_and_asked_for_once_a_day(store: Store, hop: Hop) -> None:
    sink, relay = hop
    expected = [reply.OK_RECIPIENT, reply.UNKNOWN_MAILBOX, reply.OK_RECIPIENT]
    for _ in range(2):
        assert asked(relay, NEW, NOBODY, ANNA) == expected
    assert (questions(sink), "DATA" in sink.commands) == (2, False)
    with store.write() as db:
        domain = domains.named(db, "muster.example")
        found = mailboxes.resolve(db, Address.parse(NEW))
        assert found is not None
        assert found.mailbox_id == domain.catch_all_id
        db.get_one(callouts.Callout, NEW).until = clock.now() - timedelta(seconds=1)
        callouts.purge(db)
        assert mailboxes.resolve(db, Address.parse(NEW)) is None


@on_sqlite
def test_while_the_next_hop_is_silent_those_we_know_are_taken_and_others_come_again(
    hop: Hop, a_sink: MakeSink
) -> None:
    sink, relay = hop
    sink.replies["connect"] = None
    assert asked(relay, ANNA, NEW, NOBODY) == [
        reply.OK_RECIPIENT, reply.NOT_ASKED, reply.NOT_ASKED,
    ]  # fmt: skip
    assert sink.connections == 1


@on_sqlite
def test_our_own_people_write_to_them_while_the_next_hop_is_silent(
    store: Store, hop: Hop, background: Background
) -> None:
    sink, relay = hop
    sink.replies["connect"] = None
    directory = relay.intake.directory
    with store.read() as db:
        bucket = domains.named(db, "muster.example").catch_all_id
    found = background.run(directory.know([Address.parse(NEW), Address.parse("x@foreign.example")]))
    assert isinstance(found[0], Recipient)
    assert (found[0].mailbox_id, found[1]) == (bucket, reply.NOT_OURS)


@on_sqlite
@pytest.mark.parametrize("answer", ["450 4.7.1 greylisted", "nonsense"])
def test_an_answer_that_says_nothing_is_not_remembered(hop: Hop, answer: str) -> None:
    sink, relay = hop
    sink.turns = {f"RCPT TO:<{NEW}>": [answer]}
    assert asked(relay, NEW) == [reply.NOT_ASKED]


@on_sqlite
def test_another_next_hop_is_asked_anew(store: Store, hop: Hop) -> None:
    _, relay = hop
    assert asked(relay, NEW) == [reply.OK_RECIPIENT]
    with store.write() as db:
        domain = domains.named(db, "muster.example")
        onboarding.set_next_hop(db, domain, "127.0.0.1:9", by="test")
        assert mailboxes.resolve(db, Address.parse(NEW)) is None
