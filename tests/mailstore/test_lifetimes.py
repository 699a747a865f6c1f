"""How long mail is kept where a policy says otherwise than its tenant."""

from datetime import timedelta

import pytest
from time_machine import Traveller

from mailstore import clock as ours
from mailstore import lifetimes, tailoring
from mailstore.copies import ON_THE_WAY, SHOWN, Shown, states_shown
from mailstore.deliveries import Delivery, State
from mailstore.domains import Domain
from mailstore.mailboxes import Mailbox
from mailstore.messages import Message
from mailstore.retention import expire
from mailstore.scope import Scope
from mailstore.store import Store
from mailstore.tenants import Tenant
from tests.factories import BEAT, a_held_delivery, a_mailbox, an_accepted, the_recipient


@pytest.fixture
def anna(store: Store, clock: Traveller) -> Mailbox:
    with store.write() as db:
        return a_mailbox(db)


@pytest.fixture
def beat(store: Store, anna: Mailbox) -> Mailbox:
    with store.write() as db:
        return a_mailbox(db, BEAT)


def keep(store: Store, mailbox: Mailbox, **values: object) -> None:
    with store.write() as db:
        tailoring.tailor(db, db.get_one(Mailbox, mailbox.id), values, by="test")


def delivered(store: Store, mailbox: Mailbox) -> Delivery:
    copy = an_accepted(store, mailbox)
    with store.write() as db:
        db.get_one(Delivery, copy.id).state = State.DELIVERED
    return copy


def last_day(store: Store, delivery: Delivery) -> int:
    """Return for how many days a mail is kept from now on; 0 once it is erased."""
    with store.read() as db:
        message = db.get_one(Message, delivery.message_id)
        return (message.day - ours.today()).days if message.pack else 0


def test_the_nearest_policy_says_how_long_and_silence_leaves_it_to_the_tenant(
    store: Store, anna: Mailbox, beat: Mailbox
) -> None:
    keep(store, anna, keep_days="20")
    with store.write() as db:
        domain = db.get_one(Domain, anna.domain_id)
        tailoring.tailor(db, domain, {"held_days": "40", "keep_days": "9"}, by="test")
        db.get_one(Tenant, anna.tenant_id).keep_days = 14
    keep(store, beat, keep_days="off")
    with store.read() as db:
        found = [the_recipient(db, each.address) for each in (anna, beat)]
        both = Scope(anna.tenant_id, frozenset({anna.id, beat.id}))
        assert lifetimes.days_of(db, both) == {20, 14}
    assert [(each.keep_days, each.held_days) for each in found] == [(20, 40), (14, 40)]
    held = a_held_delivery(store, anna)
    assert held.held_until == held.accepted_at + timedelta(days=40)


def test_a_shorter_policy_lets_mail_go_though_the_tenant_keeps_its_own(
    store: Store, anna: Mailbox, beat: Mailbox, clock: Traveller
) -> None:
    with store.write() as db:
        db.get_one(Tenant, anna.tenant_id).keep_days = 30
    keep(store, anna, keep_days="7")
    hers, his = delivered(store, anna), delivered(store, beat)
    clock.shift(timedelta(days=9))
    expire(store)
    assert (last_day(store, hers), last_day(store, his)) == (0, 21)


def test_a_longer_policy_keeps_mail_that_is_stored_already(
    store: Store, anna: Mailbox, beat: Mailbox, clock: Traveller
) -> None:
    hers, his = delivered(store, anna), delivered(store, beat)
    with store.write() as db:
        # What is tailored above counts for what is tailored below.
        domain = db.get_one(Domain, anna.domain_id)
        tailoring.tailor(db, domain, {"keep_days": "20"}, by="test")
    keep(store, anna, report="no")
    keep(store, beat, keep_days="7")
    clock.shift(timedelta(days=8))
    expire(store)
    assert last_day(store, hers) > 0
    assert last_day(store, his) == 0


def test_the_webmail_is_shut_for_a_mailbox_and_the_tenant_can_shut_all(
    store: Store, anna: Mailbox, beat: Mailbox
) -> None:
    def shown(*mailboxes: Mailbox) -> Shown:
        with store.read() as db:
            return states_shown(db, Scope(anna.tenant_id, frozenset(each.id for each in mailboxes)))

    assert shown(anna, beat) == Shown(SHOWN)
    keep(store, beat, webmail="no")
    assert (shown(anna), shown(beat)) == (Shown(SHOWN), Shown(ON_THE_WAY))
    assert shown(anna, beat) == Shown(SHOWN, frozenset({beat.id}))
    with store.write() as db:
        db.get_one(Tenant, anna.tenant_id).webmail_on = False
    assert shown(anna) == Shown(ON_THE_WAY)
