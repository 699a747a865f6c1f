from datetime import timedelta

import pytest
from sqlalchemy import select
from time_machine import Traveller

from mailstore import clock as now_clock
from mailstore import senders
from mailstore.addresses import Address
from mailstore.envelopes import Recipient
from mailstore.events import Event
from mailstore.mailboxes import Mailbox
from mailstore.senders import Listed, SenderEntry
from mailstore.store import Store
from tests.factories import BOB, a_mailbox, the_recipient

ALLOWED, BLOCKED = Listed.ALLOWED, Listed.BLOCKED


@pytest.fixture
def people(store: Store) -> dict[str, Mailbox]:
    names = ("anna@muster.example", "beat@muster.example", "anna@other.example")
    with store.write() as db:
        return {name: a_mailbox(db, name) for name in names}


def put(store: Store, anna: Mailbox, level: str, listed: Listed, pattern: str) -> None:
    domain_id = anna.domain_id if level == "domain" else None
    mailbox_id = anna.id if level == "person" else None
    with store.write() as db:
        db.add(
            SenderEntry(tenant_id=anna.tenant_id, domain_id=domain_id, mailbox_id=mailbox_id,
                        listed=listed, pattern=pattern, by="test")
        )  # fmt: skip


def applied(store: Store, names: list[str], author: Address | None = BOB) -> list[Recipient]:
    with store.read() as db:
        return senders.apply_lists(db, [the_recipient(db, name) for name in names], author)


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
    names = list(people)
    put(store, people[names[0]], level, listed, pattern)
    policies = [each.policy for each in applied(store, names)]
    expected = [frozenset({"bob@there.example"}) if each else frozenset() for each in reached]
    assert [getattr(policy, listed) for policy in policies] == expected


@pytest.mark.parametrize(
    "author",
    [None, Address("eve", "there.example"), Address("bob", "sub.there.example")],
    ids=["nobody", "somebody else", "subdomain"],
)
def test_an_entry_says_nothing_of_others(
    store: Store, people: dict[str, Mailbox], author: Address | None
) -> None:
    put(store, people["anna@muster.example"], "person", ALLOWED, "bob@there.example")
    (anna,) = applied(store, ["anna@muster.example"], author)
    assert anna.policy.allowed == frozenset()


def test_an_author_is_found_in_any_case(store: Store, people: dict[str, Mailbox]) -> None:
    put(store, people["anna@muster.example"], "person", BLOCKED, "bob@there.example")
    (anna,) = applied(store, ["anna@muster.example"], Address("Bob", "there.example"))
    assert anna.policy.blocked == {"bob@there.example"}


def test_an_entry_that_ended_says_nothing(
    store: Store, people: dict[str, Mailbox], clock: Traveller
) -> None:
    put(store, people["anna@muster.example"], "person", ALLOWED, "bob@there.example")
    with store.write() as db:
        db.scalars(select(SenderEntry)).one().expires_at = now_clock.now() + timedelta(days=1)
    assert applied(store, ["anna@muster.example"])[0].policy.allowed
    clock.shift(timedelta(days=1))
    assert not applied(store, ["anna@muster.example"])[0].policy.allowed


def test_allowing_is_written_once_with_the_mail_it_came_from(
    store: Store, people: dict[str, Mailbox]
) -> None:
    anna = people["anna@muster.example"]
    for expected in (True, False):
        with store.write() as db:
            new = senders.allow(db, anna.tenant_id, anna.id, BOB.key, 17, by="anna")
            assert new is expected
    with store.read() as db:
        entry = db.scalars(select(SenderEntry)).one()
        event = db.scalars(select(Event).where(Event.kind == "sender_allowed")).one()
    assert (entry.pattern, entry.delivery_id, entry.by) == (BOB.key, 17, "anna")
    assert (event.delivery_id, event.mailbox_id) == (17, anna.id)
    assert applied(store, ["anna@muster.example"])[0].policy.allowed == {BOB.key}
