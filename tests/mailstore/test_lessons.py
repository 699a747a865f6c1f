from datetime import timedelta

import pytest
from sqlalchemy import select, true, update
from time_machine import Traveller

from mailstore import bayes, lessons, quarantine
from mailstore import clock as clocks
from mailstore.bayes import Learner
from mailstore.deliveries import Delivery, Direction, State
from mailstore.envelopes import MailClass
from mailstore.events import Event
from mailstore.lessons import LEASE, MOST_TRIES, Lesson
from mailstore.mailboxes import Mailbox
from mailstore.quarantine import BY_ADMINISTRATOR, SELF_SERVICE
from mailstore.scope import EVERYBODY, NOTHING, Scope
from mailstore.store import Store
from tests.factories import a_held_delivery, a_mailbox, an_accepted, let_go

pytestmark = pytest.mark.usefixtures("clock")

TOKENS = [1, 2, 3]


@pytest.fixture
def anna(store: Store) -> Mailbox:
    with store.write() as db:
        bayes.make_token_key(db, store.ring)
        return a_mailbox(db)


@pytest.fixture
def copy(store: Store, anna: Mailbox) -> Delivery:
    """Return the copy of a mail that was not held."""
    return an_accepted(store, anna)


def report(store: Store, delivery: Delivery, scope: Scope = EVERYBODY) -> bool:
    with store.write() as db:
        return quarantine.report_spam(db, scope, delivery.id, by="anna")


def become(store: Store, delivery: Delivery, **values: object) -> None:
    with store.write() as db:
        db.execute(update(Delivery).where(Delivery.id == delivery.id).values(**values))


def study(store: Store) -> bool | None:
    """Learn the lesson that waits longest; None if there is none."""
    with store.write() as db:
        lesson = lessons.claim(db)
    if lesson is None:
        return None
    with store.write() as db:
        return lessons.finish(db, lesson, TOKENS)


def learned(store: Store, tenant_id: int) -> tuple[int, int]:
    """Return how much good mail and spam a tenant taught."""
    with store.read() as db:
        row = db.get(Learner, tenant_id)
        return (row.ham, row.spam) if row else (0, 0)


def waits(store: Store) -> bool:
    with store.read() as db:
        return lessons.due(db, clocks.now())


@pytest.mark.parametrize("state", [State.QUEUED, State.DELIVERED, State.FAILED], ids=str)
def test_mail_that_was_not_held_can_be_reported_once(
    store: Store, copy: Delivery, state: State
) -> None:
    become(store, copy, state=state)
    assert [report(store, copy), report(store, copy)] == [True, False]
    with store.read() as db:
        assert lessons.said_spam(db, copy.id)
        (event,) = db.scalars(select(Event).where(Event.kind == "reported_spam"))
    assert (event.by, event.delivery_id, event.mailbox_id) == ("anna", copy.id, copy.mailbox_id)
    assert study(store)
    assert learned(store, copy.tenant_id) == (0, 1)
    assert study(store) is None


@pytest.mark.parametrize(
    "values",
    [{"state": State.QUARANTINED}, {"state": State.DELETED}, {"direction": Direction.OUT}],
    ids=["held", "deleted", "our own"],
)
def test_other_mail_cannot_be_reported(
    store: Store, copy: Delivery, values: dict[str, object]
) -> None:
    become(store, copy, **values)
    assert not report(store, copy)
    assert not waits(store)


def test_mail_of_others_cannot_be_reported(store: Store, copy: Delivery) -> None:
    assert not report(store, copy, NOTHING)
    assert not report(store, copy, Scope(copy.tenant_id + 1))
    assert not waits(store)


@pytest.mark.parametrize("mail_class", sorted(BY_ADMINISTRATOR), ids=str)
def test_a_release_teaches_good_mail_unless_the_mail_is_dangerous(
    store: Store, anna: Mailbox, mail_class: MailClass
) -> None:
    held = a_held_delivery(store, anna, mail_class=mail_class)
    with store.write() as db:
        quarantine.release(db, EVERYBODY, held.id, by="admin", may=true())
    teaches = mail_class in SELF_SERVICE
    assert waits(store) is teaches
    assert study(store) is (True if teaches else None)
    assert learned(store, anna.tenant_id) == (int(teaches), 0)


def test_who_changes_their_mind_has_the_first_lesson_taken_back(
    store: Store, anna: Mailbox
) -> None:
    held = a_held_delivery(store, anna)
    let_go(store, held)
    study(store)
    assert report(store, held)
    study(store)
    assert learned(store, anna.tenant_id) == (0, 1)


def test_a_mind_changed_before_it_was_learned_teaches_the_last_word_only(
    store: Store, copy: Delivery
) -> None:
    report(store, copy)
    with store.write() as db:
        lesson = lessons.claim(db)
        assert lesson
        assert lessons.note(db, copy.id, as_spam=False)
    with store.write() as db:
        assert not lessons.finish(db, lesson, TOKENS)
    assert study(store)
    assert learned(store, copy.tenant_id) == (1, 0)


def test_a_lesson_is_counted_once_however_often_it_is_finished(
    store: Store, copy: Delivery
) -> None:
    report(store, copy)
    with store.write() as db:
        lesson = lessons.claim(db)
    assert lesson
    for expected in (True, False):
        with store.write() as db:
            assert lessons.finish(db, lesson, TOKENS) is expected
    assert learned(store, copy.tenant_id) == (0, 1)


def test_a_lesson_whose_worker_died_is_tried_three_times(
    store: Store, copy: Delivery, clock: Traveller
) -> None:
    report(store, copy)
    for _ in range(MOST_TRIES):
        with store.write() as db:
            assert lessons.claim(db)
        assert not waits(store)
        clock.shift(LEASE + timedelta(seconds=1))
    assert not waits(store)


def test_a_lesson_that_is_dropped_waits_no_longer(store: Store, copy: Delivery) -> None:
    report(store, copy)
    with store.write() as db:
        lesson = lessons.claim(db)
        assert lesson
        lessons.drop(db, lesson)
    with store.read() as db:
        assert db.scalars(select(Lesson.due_at)).one() is None
    assert learned(store, copy.tenant_id) == (0, 0)


def said(store: Store, delivery: Delivery) -> bool | None:
    with store.read() as db:
        return db.scalar(select(Lesson.as_spam).where(Lesson.delivery_id == delivery.id))


def take_back(store: Store, delivery: Delivery) -> None:
    with store.write() as db:
        lessons.take_back(db, delivery.id)


def test_what_is_taken_back_before_it_was_learned_is_forgotten(
    store: Store, copy: Delivery
) -> None:
    report(store, copy)
    take_back(store, copy)
    take_back(store, copy)
    assert not waits(store)
    assert said(store, copy) is None
    assert report(store, copy)


def test_what_is_taken_back_after_it_was_learned_is_learned_back(
    store: Store, copy: Delivery
) -> None:
    report(store, copy)
    study(store)
    take_back(store, copy)
    assert study(store)
    assert learned(store, copy.tenant_id) == (1, 0)


def test_taking_back_a_changed_mind_leaves_what_was_learned_first(
    store: Store, copy: Delivery
) -> None:
    report(store, copy)
    study(store)
    with store.write() as db:
        lessons.note(db, copy.id, as_spam=False)
    take_back(store, copy)
    study(store)
    assert said(store, copy) is True
    assert learned(store, copy.tenant_id) == (0, 1)
