import tracemalloc

import pytest
from time_machine import Traveller

from mailstore import clock as now_at
from mailstore import domains
from mailstore.addresses import Address
from mailstore.domains import Domain, Takes
from mailstore.mailboxes import Mailbox
from mailstore.moving import knocks, unknown
from mailstore.moving.guesses import Guesser, Known
from mailstore.moving.knocks import Heard
from mailstore.pages import Page
from mailstore.realms import Realm
from mailstore.store import Store
from tests.factories import NOON, a_domain, a_mailbox, an_accepted

HERE = "muster.example"
PEOPLE = (
    Known(1, f"anna.keller@{HERE}", "Anna Keller"),
    Known(2, f"jm@{HERE}", "Jürg Müller"),
    Known(3, f"lea@{HERE}", "Léa Keller"),
)


def knock(store: Store, *locals_: str, at: str = HERE, sender: str = "there.example") -> None:
    with store.write() as db:
        knocks.record(db, {Address(each, at): Heard(1, {sender}) for each in locals_})


def seen(store: Store, domain: Domain) -> list[tuple[str, int, tuple[str, ...]]]:
    with store.read() as db:
        found = unknown.unknown(db, Realm(domain.tenant_id))
    return [(each.address, each.count, each.senders) for each in found]


@pytest.fixture
def domain(store: Store) -> Domain:
    with store.write() as db:
        return a_domain(db, HERE, takes=Takes.ANY)


@pytest.mark.parametrize(
    ("local", "ids", "role"),
    [
        ("a.keller", {1}, False), ("keller.anna", {1}, False), ("KELLER", {1, 3}, False),
        ("juerg.mueller", {2}, False), ("jurg-muller", {2}, False), ("jmuller", {2}, False),
        ("anna.kellner", {1}, False), ("annakeler", {1}, False), ("info", set(), True),
        ("support-ch", set(), True), ("x1y2z3", set(), False), ("an", set(), False),
    ],
)  # fmt: skip
def test_an_address_is_guessed_by_names_and_roles(local: str, ids: set[int], role: bool) -> None:
    guess = Guesser(PEOPLE).guesses([local])[local]
    assert ({each.id for each in guess.people}, guess.role) == (ids, role)


def test_guesses_among_thousands_of_people_fill_no_memory() -> None:
    many = [Known(each, f"a{each}@{HERE}", f"First{each} Last{each}") for each in range(3000)]
    tracemalloc.start()
    try:
        guess = Guesser([*many, *PEOPLE]).guesses(["anna.kellner"])["anna.kellner"]
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert [each.id for each in guess.people] == [1]
    assert most < 2 * 2**20


def test_what_comes_for_nobody_is_counted_with_its_senders(store: Store, domain: Domain) -> None:
    knock(store, "Old", "new+tag", sender="b.example")
    knock(store, "old", sender="a.example")
    knock(store, "else", at="elsewhere.example")
    assert seen(store, domain) == [
        (f"old@{HERE}", 2, ("a.example", "b.example")), (f"new@{HERE}", 1, ("b.example",)),
    ]  # fmt: skip


def test_who_guesses_addresses_does_not_push_out_what_comes_oftener(
    store: Store, domain: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(knocks, "MOST", 3)
    knock(store, "real")
    knock(store, "real")
    knock(store, *(f"guess{each}" for each in range(9)))
    found = seen(store, domain)
    assert (len(found), found[0][0]) == (3, f"real@{HERE}")


def test_an_address_that_somebody_has_by_now_or_nobody_wants_to_see_is_not_shown(
    store: Store, domain: Domain
) -> None:
    knock(store, "anna", "junk", "stays")
    with store.write() as db:
        a_mailbox(db, f"anna@{HERE}")
        mine = domains.named(db, HERE)
        assert knocks.ignore(db, mine, f"junk@{HERE}", by="beat")
        assert not knocks.ignore(db, mine, f"junk@{HERE}", by="beat")
    knock(store, "junk")
    assert [each[0] for each in seen(store, domain)] == [f"stays@{HERE}"]


def test_what_fell_to_a_catch_all_is_unknown_too(store: Store, domain: Domain) -> None:
    with store.read() as db:
        bucket = db.get_one(Mailbox, domain.catch_all_id)
    fallen = store
    an_accepted(fallen, bucket_at(bucket, f"Sales@{HERE}"), at=now_at.now())
    assert [each[0] for each in seen(store, domain)] == [f"sales@{HERE}"]


def bucket_at(bucket: Mailbox, address: str) -> Mailbox:
    bucket.address = address
    return bucket


def test_other_domains_of_the_tenant_are_nobody_elses_business(
    store: Store, domain: Domain
) -> None:
    knock(store, "x")
    with store.read() as db:
        assert unknown.unknown(db, Realm(domain.tenant_id, frozenset())) == []
        assert unknown.unknown(db, Realm(domain.tenant_id + 1)) == []
        assert unknown.domain_of(db, Realm(domain.tenant_id, frozenset()), f"x@{HERE}") is None


@pytest.mark.usefixtures("domain")
def test_a_mailbox_without_mail_for_ninety_days_is_idle(store: Store, clock: Traveller) -> None:
    with store.write() as db:
        quiet, busy = a_mailbox(db, f"quiet@{HERE}"), a_mailbox(db, f"busy@{HERE}")
    clock.move_to(NOON + unknown.IDLE)
    an_accepted(store, busy)
    unknown.note_heard(store)
    clock.shift(1)
    with store.read() as db:
        found = unknown.idle(db, Realm(quiet.tenant_id), Page())
    assert [each.address for each in found] == [quiet.address]
