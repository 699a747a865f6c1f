from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import select
from time_machine import Traveller

from mailstore import clock as now_clock
from mailstore import lists
from mailstore.addresses import Address
from mailstore.envelopes import Recipient
from mailstore.lists import Origin
from mailstore.mailboxes import Mailbox
from mailstore.senders import Listed, SenderEntry
from mailstore.store import Store
from tests.factories import ANNA, BOB, a_mailbox, the_recipient

ALLOWED, BLOCKED, UNTAGGED = Listed.ALLOWED, Listed.BLOCKED, Listed.UNTAGGED
NAMES = ("anna@muster.example", "beat@muster.example", "anna@other.example")
DMARC = frozenset({"dmarc"})
PROVEN = Origin(BOB, BOB, "pass", DMARC)
BOUNCE = Address("bounce-123-anna=muster.example", "lists.example")
FORM = "bounce-#@lists.example"


@pytest.fixture
def people(store: Store) -> dict[str, Mailbox]:
    with store.write() as db:
        return {name: a_mailbox(db, name) for name in NAMES}


def put(
    store: Store,
    anna: Mailbox,
    listed: Listed,
    pattern: str = BOB.key,
    *,
    level: str = "person",
    proof: str | None = None,
) -> int:
    with store.write() as db:
        entry = SenderEntry(
            tenant_id=anna.tenant_id,
            domain_id=anna.domain_id if level == "domain" else None,
            mailbox_id=anna.id if level == "person" else None,
            listed=listed,
            pattern=pattern,
            proof=proof,
            by="test",
        )
        db.add(entry)
        db.flush()
        return entry.id


def applied(
    store: Store, names: Sequence[str] = (ANNA,), origin: Origin = PROVEN
) -> Sequence[Recipient]:
    with store.read() as db:
        return lists.apply_lists(db, [the_recipient(db, name) for name in names], origin)


@pytest.mark.parametrize(
    ("level", "reached"),
    [("person", [True, False, False]), ("domain", [True, True, False]),
     ("tenant", [True, True, False])],
)  # fmt: skip
@pytest.mark.parametrize("listed", [ALLOWED, BLOCKED])
@pytest.mark.parametrize("pattern", ["bob@there.example", "there.example"])
def test_an_entry_reaches_whom_it_is_for(
    store: Store, people: dict[str, Mailbox], level: str, reached: list[bool], listed: Listed,
    pattern: str,
) -> None:  # fmt: skip
    put(store, people[ANNA], listed, pattern, level=level)
    policies = [each.policy for each in applied(store, NAMES)]
    expected = [frozenset({"bob@there.example"}) if each else frozenset() for each in reached]
    assert [getattr(policy, listed) for policy in policies] == expected


@pytest.mark.parametrize(
    "author",
    [Address("eve", "there.example"), Address("bob", "sub.there.example")],
    ids=["somebody else", "subdomain"],
)
def test_an_entry_says_nothing_of_others(
    store: Store, people: dict[str, Mailbox], author: Address
) -> None:
    put(store, people[ANNA], ALLOWED)
    (anna,) = applied(store, origin=Origin(author, proofs=DMARC))
    assert anna.policy.allowed == frozenset()


def test_an_author_is_found_in_any_case(store: Store, people: dict[str, Mailbox]) -> None:
    put(store, people[ANNA], BLOCKED)
    (anna,) = applied(store, origin=Origin(Address("Bob", "there.example")))
    assert anna.policy.blocked == {"bob@there.example"}


def test_an_entry_that_ended_says_nothing(
    store: Store, people: dict[str, Mailbox], clock: Traveller
) -> None:
    put(store, people[ANNA], ALLOWED)
    with store.write() as db:
        db.scalars(select(SenderEntry)).one().expires_at = now_clock.now() + timedelta(days=1)
    assert applied(store)[0].policy.allowed
    clock.shift(timedelta(days=1))
    assert not applied(store)[0].policy.allowed


@pytest.mark.parametrize(
    ("asked", "proofs", "holds"),
    [
        (None, "dmarc", True), (None, "spf", True), (None, "", False),
        ("dkim", "dkim", True), ("dkim", "spf", False), ("dkim", "spf dmarc", True),
        ("dkim", "arc", True), ("dkim spf", "spf", True), ("dmarc", "spf", False),
        ("", "dmarc", False), ("", "", False),
    ],
    ids=[
        "made without a mail", "made without a mail, by SPF", "made without a mail, not proven",
        "as when it was made", "by another way", "by DMARC", "by a forwarder's word",
        "one of two ways", "no more DMARC", "made from an unproven mail", "never proven",
    ],
)  # fmt: skip
def test_an_allow_entry_holds_only_while_its_author_is_proven_as_it_asks(
    store: Store, people: dict[str, Mailbox], asked: str | None, proofs: str, holds: bool
) -> None:
    put(store, people[ANNA], ALLOWED, proof=asked)
    (anna,) = applied(store, origin=Origin(BOB, BOB, "pass", frozenset(proofs.split())))
    assert anna.policy.allowed == ({BOB.key} if holds else set())
    assert anna.policy.doubted == (set() if holds else {BOB.key})


@pytest.mark.parametrize("listed", [BLOCKED, UNTAGGED])
def test_other_entries_ask_for_no_proof(
    store: Store, people: dict[str, Mailbox], listed: Listed
) -> None:
    put(store, people[ANNA], listed)
    (anna,) = applied(store, origin=Origin(BOB))
    assert (bool(anna.policy.blocked), anna.policy.untagged) == (
        listed is BLOCKED, listed is UNTAGGED
    )  # fmt: skip


@pytest.mark.parametrize(
    ("sender", "blocked"),
    [(BOUNCE, True), (Address("bounce-9", "lists.example"), True),
     (Address("bounce-9", "other.example"), False), (None, False)],
    ids=["for Anna", "by number", "of somebody else", "null sender"],
)  # fmt: skip
def test_a_changing_bounce_address_is_found_by_what_stays(
    store: Store, people: dict[str, Mailbox], sender: Address | None, blocked: bool
) -> None:
    put(store, people[ANNA], BLOCKED, FORM)
    (anna,) = applied(store, origin=Origin(BOB, sender))
    assert bool(anna.policy.blocked) is blocked


@pytest.mark.parametrize(
    ("spf", "proofs", "holds"),
    [("pass", "dmarc", True), ("none", "dmarc", False), ("fail", "dmarc", False),
     ("pass", "", False)],
    ids=["both proven", "sender not proven", "sender forged", "author not proven"],
)  # fmt: skip
def test_an_honest_author_cannot_borrow_an_allowed_bounce_address(
    store: Store, people: dict[str, Mailbox], spf: str, proofs: str, holds: bool
) -> None:
    put(store, people[ANNA], ALLOWED, FORM)
    (anna,) = applied(store, origin=Origin(BOB, BOUNCE, spf, frozenset(proofs.split())))
    assert bool(anna.policy.allowed) is holds


def test_an_address_that_does_not_change_is_looked_for_in_the_author_only(
    store: Store, people: dict[str, Mailbox]
) -> None:
    put(store, people[ANNA], BLOCKED)
    (anna,) = applied(store, origin=Origin(Address("eve", "evil.example"), BOB))
    assert not anna.policy.blocked


def test_a_hit_is_noted_once_an_hour(
    store: Store, people: dict[str, Mailbox], clock: Traveller
) -> None:
    entry_id = put(store, people[ANNA], BLOCKED)
    for minutes, due in ((0, True), (59, False), (1, True)):
        clock.shift(timedelta(minutes=minutes))
        hits = applied(store)[0].policy.hits
        assert hits == ({entry_id} if due else set())
        with store.write() as db:
            lists.note_hits(db, {entry_id})
    with store.read() as db:
        assert db.get_one(SenderEntry, entry_id).last_hit_at == now_clock.now()
