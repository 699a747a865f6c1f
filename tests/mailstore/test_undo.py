from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from time_machine import Traveller

from mailstore import clock as clocks
from mailstore import lessons, quarantine, rights, senders, undo
from mailstore.deliveries import State
from mailstore.envelopes import HeldRight
from mailstore.mailboxes import Mailbox
from mailstore.scope import Scope
from mailstore.senders import Listed, Owner, SenderEntry, Wish
from mailstore.store import Store
from mailstore.undo import FOR, Deed
from tests.factories import BEAT, BOB, a_held_delivery, a_mailbox
from tests.mailstore.holding import lines, scope_of, states

pytestmark = pytest.mark.usefixtures("clock")

HELD, DELETED = State.QUARANTINED, State.DELETED
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
LATER = timedelta(seconds=10)


def delete(store: Store, scope: Scope, *ids: int, by: str = "anna", as_spam: bool = False) -> None:
    act = quarantine.delete_as_spam if as_spam else quarantine.delete
    with store.write() as db:
        assert all(act(db, scope, each, by=by) for each in ids)


def enter(store: Store, anna: Mailbox, *, by: str = "anna", **values: Any) -> None:
    wish = Wish(**{"listed": Listed.BLOCKED, "pattern": BOB.key} | values)
    with store.write() as db:
        assert senders.enter(db, Owner(anna.tenant_id, mailbox_id=anna.id), wish, by=by)


def take_back(store: Store, scope: Scope, *, by: str = "anna", first: int = 0) -> int:
    """Take back all that somebody did since a line of the log."""
    with store.write() as db:
        return undo.take_back(db, scope, by, first, 2**40)


def recent(store: Store, scope: Scope, *, by: str = "anna") -> list[Deed]:
    with store.read() as db:
        return undo.recent(db, scope, by, 5)


def entries(store: Store) -> list[tuple[str, str | None, int | None]]:
    with store.read() as db:
        return [(each.by, each.proof, each.delivery_id) for each in db.scalars(select(SenderEntry))]


@pytest.mark.parametrize("as_spam", [False, True], ids=["deleted", "as spam"])
def test_what_was_deleted_is_held_again_once_and_the_log_says_so(
    store: Store, anna: Mailbox, scope: Scope, as_spam: bool
) -> None:
    ids = [a_held_delivery(store, anna).id for _ in range(2)]
    delete(store, scope, *ids, as_spam=as_spam)
    assert [take_back(store, scope), take_back(store, scope)] == [2, 0]
    assert states(store, *ids) == [HELD, HELD]
    said = lines(store, "undeleted")
    assert sorted(each.delivery_id or 0 for each in said) == ids
    assert {(each.by, each.mailbox_id) for each in said} == {("anna", anna.id)}
    with store.read() as db:
        assert not lessons.due(db, clocks.now())


def test_after_a_quarter_of_an_hour_it_is_too_late(
    store: Store, anna: Mailbox, scope: Scope, clock: Traveller
) -> None:
    held = a_held_delivery(store, anna).id
    delete(store, scope, held)
    clock.shift(FOR + SECOND)
    assert recent(store, scope) == []
    assert take_back(store, scope) == 0
    assert states(store, held) == [DELETED]


@pytest.mark.parametrize("who", ["another delegate", "who lost access"])
def test_nobody_else_takes_it_back(store: Store, anna: Mailbox, scope: Scope, who: str) -> None:
    with store.write() as db:
        beat = a_mailbox(db, BEAT)
    held = a_held_delivery(store, anna).id
    delete(store, scope, held)
    enter(store, anna)
    by, seen = ("beat", scope) if who == "another delegate" else ("anna", scope_of(beat))
    assert recent(store, seen, by=by) == []
    assert take_back(store, seen, by=by) == 0
    assert states(store, held) == [DELETED]
    assert len(entries(store)) == 1


def test_a_deletion_that_was_taken_back_says_nothing_of_a_later_one(
    store: Store, anna: Mailbox, scope: Scope
) -> None:
    held = a_held_delivery(store, anna).id
    delete(store, scope, held)
    take_back(store, scope)
    delete(store, scope, held, by="beat")
    assert take_back(store, scope) == 0
    assert states(store, held) == [DELETED]
    assert take_back(store, scope, by="beat") == 1


def test_only_what_lies_between_the_lines_is_taken_back(
    store: Store, anna: Mailbox, scope: Scope
) -> None:
    ids = [a_held_delivery(store, anna).id for _ in range(3)]
    delete(store, scope, *ids)
    middle = lines(store, "deleted")[1].id
    with store.write() as db:
        assert undo.take_back(db, scope, "anna", middle, middle) == 1
    assert states(store, *ids) == [DELETED, HELD, DELETED]


def test_many_deeds_of_the_same_quarter_of_an_hour_hide_none(
    store: Store, anna: Mailbox, scope: Scope, clock: Traveller
) -> None:
    held, others = a_held_delivery(store, anna).id, a_held_delivery(store, anna).id
    delete(store, scope, held)
    first = lines(store, "deleted")[0].id
    for number in range(undo.MOST):
        enter(store, anna, pattern=f"{number}@there.example")
    delete(store, scope, others)
    with store.write() as db:
        assert undo.take_back(db, scope, "anna", first, first) == 1
    assert states(store, held, others) == [HELD, DELETED]


def test_taking_back_a_plain_deletion_says_nothing_of_the_mail(
    store: Store, anna: Mailbox, scope: Scope
) -> None:
    held = a_held_delivery(store, anna).id
    with store.write() as db:
        lessons.note(db, held, as_spam=False)
    delete(store, scope, held)
    take_back(store, scope)
    with store.read() as db:
        assert not lessons.said_spam(db, held)
        assert lessons.due(db, clocks.now())


def test_a_new_entry_is_gone_again(store: Store, anna: Mailbox, scope: Scope) -> None:
    enter(store, anna)
    assert [take_back(store, scope), take_back(store, scope)] == [1, 0]
    assert entries(store) == []
    assert [each.kind for each in lines(store, "sender_removed")] == ["sender_removed"]


def test_an_entry_that_was_there_is_what_it_was(store: Store, anna: Mailbox, scope: Scope) -> None:
    enter(store, anna, by="beat", proof="spf", delivery_id=7, expires_at=clocks.now() + DAY)
    enter(store, anna, proof="dkim", delivery_id=8, expires_at=clocks.now() + 2 * DAY)
    assert take_back(store, scope) == 1
    assert entries(store) == [("beat", "spf", 7)]
    with store.read() as db:
        assert db.scalars(select(SenderEntry.expires_at)).one() == clocks.now() + DAY
    assert len(lines(store, "sender_restored")) == 1


def removed(store: Store, anna: Mailbox) -> None:
    with store.write() as db:
        owner = Owner(anna.tenant_id, mailbox_id=anna.id)
        assert senders.remove(db, owner, Listed.BLOCKED, BOB.key, by="beat")


def extended(store: Store, anna: Mailbox) -> None:
    enter(store, anna, by="beat", expires_at=None)


def entered_anew(store: Store, anna: Mailbox) -> None:
    removed(store, anna)
    enter(store, anna, by="beat")


@pytest.mark.parametrize("before", [True, False], ids=["that was there", "that is new"])
@pytest.mark.parametrize(
    "change", [removed, extended, entered_anew], ids=lambda each: each.__name__
)
def test_an_entry_that_others_changed_since_stays_as_they_want_it(
    store: Store, anna: Mailbox, scope: Scope, before: bool,
    change: Callable[[Store, Mailbox], None],
) -> None:  # fmt: skip
    if before:
        enter(store, anna, by="carl", expires_at=clocks.now() + SECOND)
    enter(store, anna, expires_at=clocks.now() + DAY)
    change(store, anna)
    left = entries(store)
    assert take_back(store, scope) == 0
    assert entries(store) == left


def test_what_was_done_is_told_newest_first_and_what_was_done_at_once_together(
    store: Store, anna: Mailbox, scope: Scope, clock: Traveller
) -> None:
    ids = [a_held_delivery(store, anna).id for _ in range(4)]
    delete(store, scope, *ids[:2])
    clock.shift(LATER)
    delete(store, scope, ids[2], as_spam=True)
    clock.shift(LATER)
    release(store, scope, ids[3])
    enter(store, anna)
    told = [(each.kind, len(each.lines), each.can_be_undone) for each in recent(store, scope)]
    assert told == [("sender_blocked", 1, True), ("released", 1, False),
                    ("deleted_as_spam", 1, True), ("deleted", 2, True)]  # fmt: skip


def release(store: Store, scope: Scope, delivery_id: int, **values: Any) -> None:
    with store.write() as db:
        may = rights.of_scope(db, scope).allow(HeldRight.DELIVER)
        assert quarantine.release(db, scope, delivery_id, by="anna", may=may, **values)


def test_what_was_released_is_followed_until_it_is_known_what_became_of_it(
    store: Store, anna: Mailbox, scope: Scope
) -> None:
    held = a_held_delivery(store, anna)
    release(store, scope, held.id)
    followed = []
    for state in (State.RELEASING, State.QUEUED, State.DELIVERED):
        with store.write() as db:
            db.merge(held).state = state
        followed.append(recent(store, scope)[0].is_under_way)
    assert followed == [True, True, False]


def test_what_was_taken_back_is_told_no_more(
    store: Store, anna: Mailbox, scope: Scope, clock: Traveller
) -> None:
    delete(store, scope, a_held_delivery(store, anna).id)
    enter(store, anna)
    take_back(store, scope)
    assert recent(store, scope) == []
    clock.shift(LATER)
    enter(store, anna)
    assert [each.kind for each in recent(store, scope)] == ["sender_blocked"]


def test_bulk_deeds_are_told_of_elsewhere(store: Store, anna: Mailbox, scope: Scope) -> None:
    held, let_go = (a_held_delivery(store, anna).id for _ in range(2))
    with store.write() as db:
        quarantine.delete(db, scope, held, by="anna", bulk=1)
    release(store, scope, let_go, bulk=1)
    assert recent(store, scope) == []
    assert take_back(store, scope) == 0
