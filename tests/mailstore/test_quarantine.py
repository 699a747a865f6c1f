import random
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from mailstore import clock, lessons, quarantine, rights
from mailstore.deliveries import Delivery, State
from mailstore.envelopes import MailClass
from mailstore.events import Event
from mailstore.mailboxes import Mailbox
from mailstore.quarantine import SELF_SERVICE
from mailstore.scope import NOTHING, Scope
from mailstore.store import Store
from tests.factories import RecordedJobs, a_held_delivery, a_mailbox, an_accepted


def release(
    store: Store,
    scope: Scope,
    delivery_id: int,
    *,
    classes: frozenset[MailClass] = SELF_SERVICE,
) -> bool:
    with store.write() as db:
        return quarantine.release(db, scope, delivery_id, by="anna", may=rights.of_classes(classes))


def delete(store: Store, scope: Scope, delivery_id: int) -> bool:
    with store.write() as db:
        return quarantine.delete(db, scope, delivery_id, by="anna")


def state(store: Store, delivery: Delivery) -> State:
    with store.read() as db:
        return db.get_one(Delivery, delivery.id).state


def events(store: Store, delivery: Delivery) -> list[tuple[str, str, int | None]]:
    with store.read() as db:
        found = db.scalars(select(Event).where(Event.delivery_id == delivery.id))
        return [(each.kind, each.by, each.mailbox_id) for each in found]


def test_a_second_release_sends_nothing_more(store: Store, jobs: RecordedJobs) -> None:
    held = a_held_delivery(store)
    for expected in (True, False):
        assert release(store, Scope(held.tenant_id), held.id) is expected
    assert jobs.asked == [("scan_releases",)]
    assert state(store, held) is State.RELEASING
    assert events(store, held) == [("released", "anna", held.mailbox_id)]


def test_of_racing_releases_each_mail_is_sent_once(store: Store, anna: Mailbox) -> None:
    held = [a_held_delivery(store, anna).id for _ in range(10)]
    asked = held * 4
    random.Random(1).shuffle(asked)  # noqa: S311 (an order, no secret)
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda each: release(store, Scope(anna.tenant_id), each), asked))
    assert sum(done) == 10
    with store.read() as db:
        released = db.scalars(select(Event.delivery_id).where(Event.kind == "released")).all()
    assert sorted(each or 0 for each in released) == sorted(held)


@pytest.mark.parametrize("deed", [release, delete])
def test_what_is_out_of_scope_stays_as_it_is(store: Store, anna: Mailbox, deed: object) -> None:
    held = a_held_delivery(store, anna)
    others = (Scope(anna.tenant_id + 1), Scope(anna.tenant_id, frozenset({anna.id + 1})),
              Scope(anna.tenant_id, frozenset()), NOTHING)  # fmt: skip
    assert callable(deed)
    assert not any(deed(store, scope, held.id) for scope in others)
    assert state(store, held) is State.QUARANTINED
    assert events(store, held) == []


@pytest.mark.parametrize(
    ("mail_class", "allowed"),
    [
        (MailClass.SPAM, True), (MailClass.NEWSLETTER, True), (MailClass.CLEAN, True),
        (MailClass.PHISH, False), (MailClass.DANGEROUS, False), (MailClass.VIRUS, False),
    ],
)  # fmt: skip
def test_people_release_only_what_is_harmless(
    store: Store, anna: Mailbox, mail_class: MailClass, allowed: bool
) -> None:
    held = a_held_delivery(store, anna, mail_class=mail_class)
    assert release(store, Scope(anna.tenant_id), held.id) is allowed


def test_who_may_release_more_does(store: Store, anna: Mailbox) -> None:
    held = a_held_delivery(store, anna, mail_class=MailClass.PHISH)
    more = SELF_SERVICE | {MailClass.PHISH}
    assert release(store, Scope(anna.tenant_id), held.id, classes=more)


def test_a_deleted_mail_can_neither_be_deleted_again_nor_released(
    store: Store, jobs: RecordedJobs
) -> None:
    held = a_held_delivery(store)
    scope = Scope(held.tenant_id)
    assert [delete(store, scope, held.id), delete(store, scope, held.id)] == [True, False]
    assert not release(store, scope, held.id)
    assert state(store, held) is State.DELETED
    assert events(store, held) == [("deleted", "anna", held.mailbox_id)]
    assert jobs.asked == []


@pytest.mark.parametrize("deed", [release, delete])
def test_mail_on_its_way_is_not_in_quarantine(store: Store, anna: Mailbox, deed: object) -> None:
    queued = an_accepted(store, anna)
    assert callable(deed)
    assert not deed(store, Scope(anna.tenant_id), queued.id)


def test_a_released_mail_can_still_be_looked_at(store: Store, anna: Mailbox) -> None:
    held, queued = a_held_delivery(store, anna), an_accepted(store, anna)
    release(store, Scope(anna.tenant_id), held.id)
    with store.read() as db:
        found = quarantine.look(db, Scope(anna.tenant_id), held.id)
        assert found is not None
        assert found.message.subject == "Plans"
        assert quarantine.look(db, Scope(anna.tenant_id + 1), held.id) is None
        assert quarantine.look(db, Scope(anna.tenant_id), queued.id) is None


def test_of_some_mails_those_are_known_that_are_or_were_held_and_may_be_seen(
    store: Store, anna: Mailbox
) -> None:
    with store.write() as db:
        other = a_mailbox(db, "anna@other.example")
    held, over, phish = (
        a_held_delivery(store, anna, mail_class=each)
        for each in (MailClass.SPAM, MailClass.SPAM, MailClass.PHISH)
    )
    delete(store, Scope(anna.tenant_id), over.id)
    foreign, queued = a_held_delivery(store, other), an_accepted(store, anna)
    ids = [held.id, over.id, phish.id, foreign.id, queued.id, 2**40]
    with store.read() as db:
        may = rights.of_classes(SELF_SERVICE)
        found = quarantine.known(db, Scope(anna.tenant_id), ids, may=may)
    assert found == {held.id, over.id}


@pytest.mark.parametrize("as_spam", [True, False], ids=["as spam", "without a word"])
def test_only_who_calls_it_spam_teaches(store: Store, anna: Mailbox, as_spam: bool) -> None:
    held, scope = a_held_delivery(store, anna), Scope(anna.tenant_id)
    act = quarantine.delete_as_spam if as_spam else quarantine.delete
    for expected in (True, False):
        with store.write() as db:
            assert act(db, scope, held.id, by="anna") is expected
    with store.read() as db:
        assert lessons.said_spam(db, held.id) is as_spam
        assert lessons.due(db, clock.now()) is as_spam


def test_mail_that_was_released_teaches_no_spam(store: Store, anna: Mailbox) -> None:
    held, scope = a_held_delivery(store, anna), Scope(anna.tenant_id)
    release(store, scope, held.id)
    with store.write() as db:
        assert not quarantine.delete_as_spam(db, scope, held.id, by="anna")
    with store.read() as db:
        assert not lessons.said_spam(db, held.id)
