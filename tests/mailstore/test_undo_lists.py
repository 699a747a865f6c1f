"""What somebody did to their sender list is told entry by entry, and taken back."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from time_machine import Traveller

from mailstore import clock as clocks
from mailstore import listundo, senders, undo
from mailstore.mailboxes import Mailbox
from mailstore.scope import Scope
from mailstore.senders import Listed, Owner, SenderEntry, Wish
from mailstore.store import Store
from mailstore.undo import FOR, Deed
from tests.factories import BOB
from tests.mailstore.holding import lines

pytestmark = pytest.mark.usefixtures("clock")
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


@pytest.fixture
def owner(anna: Mailbox) -> Owner:
    return Owner(anna.tenant_id, mailbox_id=anna.id)


def enter(store: Store, owner: Owner, *patterns: str, by: str = "anna", **wish: Any) -> None:
    with store.write() as db:
        for each in patterns:
            assert senders.enter(db, owner, Wish(Listed.BLOCKED, each, **wish), by=by)


def bring(store: Store, owner: Owner, *patterns: str, **wish: Any) -> None:
    """Enter what a file holds."""
    file = listundo.new_file()
    with store.write() as db:
        for each in patterns:
            senders.enter(db, owner, Wish(Listed.BLOCKED, each, **wish), by="anna", file=file)
        listundo.note_file(db, owner, file, len(patterns), by="anna")


def drop(store: Store, owner: Owner, pattern: str = BOB.key, *, by: str = "anna") -> None:
    with store.write() as db:
        mine = select(SenderEntry.id).where(SenderEntry.pattern == pattern)
        assert senders.drop(db, owner, SenderEntry.id == db.scalars(mine).one(), by=by)


def take_back(store: Store, scope: Scope, deed: Deed, *, by: str = "anna") -> int:
    with store.write() as db:
        return undo.take_back(db, scope, by, deed.lines[-1].id, deed.lines[0].id)


def recent(store: Store, scope: Scope) -> list[Deed]:
    with store.read() as db:
        return undo.recent(db, scope, "anna", 5)


def told(store: Store, scope: Scope) -> list[tuple[str, str]]:
    return [(each.kind, each.lines[0].detail.get("pattern", "")) for each in recent(store, scope)]


def entries(store: Store) -> dict[str, dict[str, Any]]:
    """Return what each entry says, by its pattern; its id may be another one."""
    names = [each.name for each in SenderEntry.__table__.columns if each.name != "id"]
    with store.read() as db:
        found = db.scalars(select(SenderEntry)).all()
        return {each.pattern: {name: getattr(each, name) for name in names} for each in found}


def test_entries_of_the_same_moment_are_told_and_taken_back_one_by_one(
    store: Store, owner: Owner, scope: Scope
) -> None:
    enter(store, owner, "a.example", "b.example", "c.example")
    deeds = recent(store, scope)
    assert [each.lines[0].detail["pattern"][0] for each in deeds] == ["c", "b", "a"]
    assert take_back(store, scope, deeds[1]) == 1
    assert sorted(entries(store)) == ["a.example", "c.example"]


def test_a_file_is_one_deed_with_its_count_and_taken_back_whole(
    store: Store, owner: Owner, scope: Scope
) -> None:
    enter(store, owner, "old.example", by="beat", expires_at=clocks.now() + DAY)
    before = entries(store)
    names = [f"{number}.example" for number in range(undo.MOST + 20)]
    bring(store, owner, *names, "old.example")
    (deed,) = recent(store, scope)
    assert (deed.kind, deed.lines[0].detail["entries"]) == ("senders_imported", len(names) + 1)
    assert take_back(store, scope, deed) == len(names) + 1
    assert entries(store) == before
    assert recent(store, scope) == []
    assert take_back(store, scope, deed) == 0


def test_what_others_changed_since_a_file_came_stays(
    store: Store, owner: Owner, scope: Scope
) -> None:
    bring(store, owner, "a.example", "b.example", expires_at=clocks.now() + DAY)
    enter(store, owner, "b.example", by="beat")
    assert take_back(store, scope, recent(store, scope)[0]) == 1
    assert list(entries(store)) == ["b.example"]


def test_a_file_hides_no_other_deed(store: Store, owner: Owner, scope: Scope) -> None:
    enter(store, owner, "first.example")
    bring(store, owner, *(f"{number}.example" for number in range(undo.MOST)))
    assert [kind for kind, _ in told(store, scope)] == ["senders_imported", "sender_blocked"]


def test_an_entry_that_was_removed_is_put_back_as_it_was(
    store: Store, owner: Owner, scope: Scope, clock: Traveller
) -> None:
    enter(store, owner, BOB.key, by="beat", proof="dkim", expires_at=clocks.now() + DAY)
    with store.write() as db:
        db.scalars(select(SenderEntry)).one().last_hit_at = clocks.now()
    before = entries(store)
    clock.shift(FOR)
    drop(store, owner)
    assert told(store, scope) == [("sender_removed", BOB.key)]
    (deed,) = recent(store, scope)
    assert deed.can_be_undone
    assert [take_back(store, scope, deed), take_back(store, scope, deed)] == [1, 0]
    assert entries(store) == before
    assert told(store, scope) == []
    assert [each.by for each in lines(store, "sender_restored")] == ["anna"]


def test_a_removal_is_taken_back_for_a_quarter_of_an_hour_only(
    store: Store, owner: Owner, scope: Scope, clock: Traveller
) -> None:
    enter(store, owner, BOB.key)
    drop(store, owner)
    (deed,) = recent(store, scope)
    clock.shift(FOR + SECOND)
    assert recent(store, scope) == []
    assert take_back(store, scope, deed) == 0
    assert entries(store) == {}


@pytest.mark.parametrize("since", ["entered", "entered and removed", "removed by undo"])
def test_a_removal_that_is_not_the_last_word_is_not_taken_back(
    store: Store, owner: Owner, scope: Scope, since: str
) -> None:
    enter(store, owner, BOB.key)
    drop(store, owner)
    (deed,) = recent(store, scope)
    enter(store, owner, BOB.key, by="beat")
    if since == "entered and removed":
        drop(store, owner, by="beat")
    if since == "removed by undo":
        with store.write() as db:
            senders.remove(db, owner, Listed.BLOCKED, BOB.key, by="beat")
    left = entries(store)
    assert take_back(store, scope, deed) == 0
    assert entries(store) == left


def test_nobody_else_puts_back_what_somebody_removed(
    store: Store, owner: Owner, scope: Scope
) -> None:
    enter(store, owner, BOB.key)
    drop(store, owner)
    assert take_back(store, scope, recent(store, scope)[0], by="beat") == 0


def test_only_the_last_word_about_a_sender_is_told(
    store: Store, owner: Owner, scope: Scope
) -> None:
    enter(store, owner, BOB.key)
    drop(store, owner)
    assert told(store, scope) == [("sender_removed", BOB.key)]
    enter(store, owner, BOB.key)
    assert told(store, scope) == [("sender_blocked", BOB.key)]
