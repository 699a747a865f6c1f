from collections.abc import Callable

import pytest
from sqlalchemy import select

import filter.dns
from filter.delivery import drain
from mailstore import outbox
from mailstore.addresses import Address
from mailstore.deliveries import Delivery, Direction, State
from mailstore.store import Store
from tests.databases import on_sqlite
from tests.factories import RAW, SUMMARY, a_domain, a_mailbox, an_accepted
from tests.filter.again import drain_until_delivered, let_time_pass
from tests.filter.conftest import MakeSink
from tests.filter.names import ABSENT, FAILS, SILENT, FakeDNS
from tests.filter.rows import events_of, lane_of, now

pytestmark = on_sqlite

MX, A = ("MX", "there.example"), ("A", "there.example")
Make = Callable[[Store], Delivery]


@pytest.fixture(autouse=True)
def _asked(store: Store, names: FakeDNS, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filter.dns, "LOOKUP_SECONDS", 0.2)
    asked = {"dns_servers": f"127.0.0.1:{names.port}"}
    store.settings = store.settings.model_copy(update=asked)


def away(store: Store) -> Delivery:
    """Queue a mail of ours to a domain that is not ours."""
    with store.write() as db:
        domain = a_domain(db)
        address = Address.parse("bob@there.example")
        recipient = outbox.towards(db, store.settings, address, domain)
    stored = outbox.put_in_pack(store, recipient, RAW, SUMMARY)
    with store.write() as db:
        outbox.queue(db, stored)
        return db.scalars(select(Delivery)).one()


def to_us(store: Store) -> Delivery:
    """Queue a mail to one of our people whose next hop stands in DNS."""
    with store.write() as db:
        a_domain(db, next_hop="mx:there.example")
        mailbox = a_mailbox(db)
    return an_accepted(store, mailbox)


BOTH = pytest.mark.parametrize("make", [away, to_us])


@pytest.mark.parametrize("records", [{}, {MX: ["0 ."]}], ids=["no such domain", "null MX"])
def test_mail_to_a_domain_that_proves_to_be_absent_fails_at_once(
    store: Store, names: FakeDNS, records: dict[tuple[str, str], list[str]]
) -> None:
    names.records = records
    queued = away(store)
    drain(store, queued.lane_id)
    failed = now(store, queued)
    assert (failed.direction, failed.state, failed.attempts) == (Direction.OUT, State.FAILED, 1)
    assert failed.reply[:5] in ("550 5", "556 5")
    assert events_of(store) == ["failed"]
    assert lane_of(store, queued).lease_until is None


@pytest.mark.parametrize("records", [{}, {MX: ["0 ."]}], ids=["no such domain", "null MX"])
def test_mail_to_our_own_people_waits_though_their_domain_is_absent(
    store: Store, names: FakeDNS, records: dict[tuple[str, str], list[str]]
) -> None:
    names.records = records
    queued = to_us(store)
    for _ in range(2):
        let_time_pass(store)
        drain(store, queued.lane_id)
    waiting = now(store, queued)
    assert (waiting.direction, waiting.state, waiting.attempts) == (Direction.IN, State.QUEUED, 2)
    assert waiting.reply[:5] in ("550 5", "556 5")


DOUBTS: dict[str, dict[tuple[str, str], list[list[str] | str]]] = {
    "SERVFAIL": {MX: [FAILS] * 9},
    "silent": {MX: [SILENT] * 9},
    "gone, and then SERVFAIL": {MX: [ABSENT], A: [FAILS] * 9},
    "gone, and then there": {MX: [ABSENT], A: [[]] * 9},
    "a server that is gone": {MX: [["10 mx.there.example."]] * 9},
    "loopback": {MX: [["10 127.0.0.1."]] * 9},
}


@BOTH
@pytest.mark.parametrize("turns", DOUBTS.values(), ids=DOUBTS)
def test_mail_waits_untouched_where_absence_is_not_proven(
    store: Store,
    names: FakeDNS,
    make: Make,
    turns: dict[tuple[str, str], list[list[str] | str]],
) -> None:
    names.turns = {key: list(answers) for key, answers in turns.items()}
    queued = make(store)
    drain(store, queued.lane_id)
    assert (now(store, queued).state, now(store, queued).attempts) == (State.QUEUED, 0)
    assert lane_of(store, queued).failing_since is not None


@BOTH
def test_mail_that_waited_for_dns_is_delivered_once_it_answers(
    store: Store, names: FakeDNS, a_sink: MakeSink, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailstore.routes.SMTP_PORT", (sink := a_sink()).port)
    inside = {"inside_networks": "127.0.0.0/8"}
    store.settings = store.settings.model_copy(update=inside)
    names.turns[MX] = [FAILS]
    names.records |= {MX: ["10 mx.there.example."], ("A", "mx.there.example"): ["127.0.0.1"]}
    queued = make(store)
    drain(store, queued.lane_id)
    assert now(store, queued).state is State.QUEUED
    drain_until_delivered(store, queued)
    assert len(sink.mails) == 1


@BOTH
def test_mail_never_goes_to_ourselves(
    store: Store, names: FakeDNS, a_sink: MakeSink, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailstore.routes.SMTP_PORT", (ourselves := a_sink()).port)
    here = {"inside_networks": "127.0.0.0/8", "smtp_listen": f"127.0.0.1:{ourselves.port}"}
    store.settings = store.settings.model_copy(update=here)
    names.records |= {MX: ["10 mx.there.example."], ("A", "mx.there.example"): ["127.0.0.1"]}
    queued = make(store)
    drain(store, queued.lane_id)
    assert now(store, queued).state is State.QUEUED
    assert ourselves.connections == 0
