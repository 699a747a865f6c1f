from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from time_machine import Traveller

from mailstore import clock as now_clock
from mailstore import senders
from mailstore.deliveries import Delivery
from mailstore.events import Event
from mailstore.mailboxes import Mailbox
from mailstore.senders import Listed, Owner, SenderEntry, Wish
from mailstore.store import Store
from tests.factories import BOB, a_held_delivery

WISH = Wish(Listed.ALLOWED, BOB.key)
DAY = timedelta(days=1)


def proven(store: Store, delivery: Delivery, proof: str) -> None:
    with store.write() as db:
        db.get_one(Delivery, delivery.id).symbols = [["AUTHENTICATED", proof, 0.0]]


def allow(store: Store, delivery: Delivery) -> bool:
    assert delivery.mailbox_id is not None
    with store.write() as db:
        ids = (delivery.tenant_id, delivery.mailbox_id)
        return senders.allow(db, *ids, BOB.key, delivery.id, by="anna")


def enter(store: Store, owner: Owner, wish: Wish) -> bool:
    with store.write() as db:
        return senders.enter(db, owner, wish, by="anna")


def entries(store: Store) -> list[SenderEntry]:
    with store.read() as db:
        return list(db.scalars(select(SenderEntry)))


def events(store: Store) -> list[tuple[str, dict[str, Any]]]:
    with store.read() as db:
        found = db.scalars(select(Event).where(Event.kind.like("sender_%")).order_by(Event.id))
        return [(event.kind, event.detail) for event in found]


def test_allowing_is_written_once_with_the_mail_it_came_from_and_its_proof(
    store: Store, anna: Mailbox
) -> None:
    held = a_held_delivery(store, anna)
    proven(store, held, "spf dkim")
    assert [allow(store, held), allow(store, held)] == [True, False]
    (entry,) = entries(store)
    assert (entry.pattern, entry.delivery_id, entry.by) == (BOB.key, held.id, "anna")
    assert (entry.proof, entry.mailbox_id) == ("dkim spf", anna.id)
    assert events(store) == [("sender_allowed", {"pattern": BOB.key, "before": None})]


def test_an_entry_from_an_unproven_mail_waits_for_one_that_is_proven(
    store: Store, anna: Mailbox
) -> None:
    first, second = a_held_delivery(store, anna), a_held_delivery(store, anna)
    assert allow(store, first)
    assert [entry.proof for entry in entries(store)] == [""]
    proven(store, second, "dmarc spf")
    assert allow(store, second)
    assert [(entry.proof, entry.delivery_id) for entry in entries(store)] == [
        ("dmarc spf", second.id)
    ]


@pytest.mark.parametrize("listed", list(Listed))
def test_every_list_can_be_a_persons_a_domains_or_the_tenants(
    store: Store, anna: Mailbox, listed: Listed
) -> None:
    owners = [
        Owner(anna.tenant_id),
        Owner(anna.tenant_id, anna.domain_id),
        Owner(anna.tenant_id, mailbox_id=anna.id),
    ]
    wish = Wish(listed, BOB.domain)
    assert [enter(store, owner, wish) for owner in (*owners, *owners)] == [True] * 3 + [False] * 3
    with store.read() as db:
        found = [db.scalars(select(SenderEntry.pattern).where(*each.rows)).all() for each in owners]
    assert found == [[BOB.domain]] * 3


def test_removing_takes_off_one_list_only_and_says_so(store: Store, anna: Mailbox) -> None:
    tenant, person = Owner(anna.tenant_id), Owner(anna.tenant_id, mailbox_id=anna.id)
    for owner in (tenant, person):
        enter(store, owner, WISH)
    for expected in (True, False):
        with store.write() as db:
            assert senders.remove(db, person, WISH.listed, BOB.key, by="anna") is expected
    assert [entry.mailbox_id for entry in entries(store)] == [None]
    assert events(store)[2:] == [("sender_removed", {"pattern": BOB.key, "listed": "allowed"})]


def test_of_two_ends_the_later_one_counts(store: Store, anna: Mailbox, clock: Traveller) -> None:
    owner, now = Owner(anna.tenant_id), now_clock.now()
    ends = [now + DAY, now + 2 * DAY, now + DAY, None, now + DAY]
    done = [enter(store, owner, replace(WISH, expires_at=end)) for end in ends]
    assert done == [True, True, False, True, False]
    assert [entry.expires_at for entry in entries(store)] == [None]


def test_an_entry_that_ended_is_replaced(store: Store, anna: Mailbox, clock: Traveller) -> None:
    owner, end = Owner(anna.tenant_id), now_clock.now() + DAY
    assert enter(store, owner, replace(WISH, expires_at=end))
    clock.shift(2 * DAY)
    assert enter(store, owner, replace(WISH, proof="dkim"))
    assert [(entry.proof, entry.expires_at) for entry in entries(store)] == [("dkim", None)]


@pytest.mark.parametrize(
    ("first", "second"),
    [(Listed.BLOCKED, Listed.ALLOWED), (Listed.ALLOWED, Listed.BLOCKED)],
    ids=["allowed after all", "blocked after all"],
)
def test_whoever_is_on_one_list_leaves_the_other(
    store: Store, anna: Mailbox, first: Listed, second: Listed
) -> None:
    tenant, person = Owner(anna.tenant_id), Owner(anna.tenant_id, mailbox_id=anna.id)
    enter(store, tenant, Wish(first, BOB.key))
    for listed in (first, Listed.UNTAGGED, second):
        enter(store, person, Wish(listed, BOB.key))
    found = [(entry.mailbox_id, entry.listed) for entry in entries(store)]
    assert set(found) == {(None, first), (anna.id, Listed.UNTAGGED), (anna.id, second)}
