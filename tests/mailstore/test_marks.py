from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from mailstore import folders, marks
from mailstore.deliveries import Delivery, State
from mailstore.folders import Folder
from mailstore.mailboxes import Mailbox
from mailstore.marks import MarkDeed
from mailstore.pages import Page
from mailstore.scope import NOTHING, Scope
from mailstore.store import Store
from mailstore.tenants import Tenant
from tests.factories import NOON, SUMMARY, a_held_delivery, a_mailbox, an_accepted


@pytest.fixture
def copy(store: Store, anna: Mailbox) -> Delivery:
    return an_accepted(store, anna)


def do(store: Store, scope: Scope, deed: MarkDeed, *ids: int) -> int:
    with store.write() as db:
        return marks.do(db, scope, deed, ids, by="anna")


def lying_in(store: Store, scope: Scope, folder: Folder) -> list[int]:
    with store.read() as db:
        return [each.id for each in folders.listed(db, scope, folder, Page())]


@pytest.mark.parametrize(
    ("on", "off", "folder"),
    [
        (MarkDeed.HIDE, MarkDeed.UNHIDE, Folder.HIDDEN),
        (MarkDeed.PIN, MarkDeed.UNPIN, Folder.PINNED),
    ],
)
def test_what_is_done_can_be_undone_and_is_done_once(
    store: Store, scope: Scope, copy: Delivery, on: MarkDeed, off: MarkDeed, folder: Folder
) -> None:
    assert [do(store, scope, on, copy.id), do(store, scope, on, copy.id)] == [1, 0]
    assert lying_in(store, scope, folder) == [copy.id]
    assert [do(store, scope, off, copy.id), do(store, scope, off, copy.id)] == [1, 0]
    assert lying_in(store, scope, folder) == []
    assert lying_in(store, scope, Folder.INBOX) == [copy.id]


def test_what_was_read_can_be_unread_again(store: Store, scope: Scope, copy: Delivery) -> None:
    for deed, read in ((MarkDeed.READ, {copy.id}), (MarkDeed.UNREAD, set())):
        assert do(store, scope, deed, copy.id) == 1
        with store.read() as db:
            assert marks.read_of(db, [copy.id]) == read


def test_no_mark_touches_the_queue(store: Store, scope: Scope, copy: Delivery) -> None:
    for deed in MarkDeed:
        do(store, scope, deed, copy.id)
    with store.read() as db:
        after = db.get_one(Delivery, copy.id)
    queued = ("state", "next_attempt_at", "lease_until", "fence", "attempts", "queued_at")
    assert [getattr(after, each) for each in queued] == [getattr(copy, each) for each in queued]


@pytest.mark.parametrize("deed", MarkDeed)
def test_what_is_out_of_scope_or_held_is_not_marked(
    store: Store, scope: Scope, anna: Mailbox, copy: Delivery, deed: MarkDeed
) -> None:
    held = a_held_delivery(store, anna)
    assert do(store, NOTHING, deed, copy.id) == 0
    assert do(store, Scope(anna.tenant_id, frozenset({anna.id + 1})), deed, copy.id) == 0
    assert do(store, scope, deed, held.id, 2**40) == 0


def test_a_conversation_is_hidden_whole_and_shown_again_whole(
    store: Store, scope: Scope, anna: Mailbox
) -> None:
    ids = [
        an_accepted(
            store, anna, summary=replace(SUMMARY, thread=7), at=NOON + each * timedelta(1)
        ).id
        for each in range(3)
    ]
    assert do(store, scope, MarkDeed.HIDE, ids[1]) == 3
    assert lying_in(store, scope, Folder.INBOX) == []
    assert lying_in(store, scope, Folder.HIDDEN) == [ids[2]]
    assert do(store, scope, MarkDeed.UNHIDE, ids[2]) == 3


def test_the_same_conversation_in_another_mailbox_stays(store: Store, anna: Mailbox) -> None:
    with store.write() as db:
        beat = a_mailbox(db, "beat@muster.example")
    both = [
        an_accepted(store, each, summary=replace(SUMMARY, thread=7)).id for each in (anna, beat)
    ]
    everybody = Scope(anna.tenant_id)
    assert do(store, everybody, MarkDeed.HIDE, both[0]) == 1
    assert lying_in(store, everybody, Folder.INBOX) == both[1:]


def test_new_mail_shows_a_hidden_conversation_by_itself_only(
    store: Store, scope: Scope, anna: Mailbox
) -> None:
    summary = replace(SUMMARY, thread=7)
    do(store, scope, MarkDeed.HIDE, an_accepted(store, anna, summary=summary).id)
    new = an_accepted(store, anna, summary=summary, at=NOON + timedelta(hours=1))
    assert lying_in(store, scope, Folder.INBOX) == [new.id]


def test_nothing_is_pinned_where_the_tenant_keeps_nothing_longer(
    store: Store, scope: Scope, copy: Delivery
) -> None:
    with store.write() as db:
        db.execute(update(Tenant).values(pin_days=0))
    assert do(store, scope, MarkDeed.PIN, copy.id) == 0


def test_a_mailbox_pins_so_much_and_no_more(
    store: Store, scope: Scope, anna: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marks, "MOST_PINNED", 2)
    ids = [an_accepted(store, anna).id for _ in range(3)]
    assert do(store, scope, MarkDeed.PIN, *ids) == 2
    assert do(store, scope, MarkDeed.PIN, *ids) == 0
    do(store, scope, MarkDeed.UNPIN, ids[0])
    assert do(store, scope, MarkDeed.PIN, ids[2]) == 1


@pytest.mark.parametrize("state", [State.DELETED, State.RELEASING])
def test_what_is_not_shown_is_not_marked(
    store: Store, scope: Scope, copy: Delivery, state: State
) -> None:
    with store.write() as db:
        db.execute(update(Delivery).values(state=state))
    assert do(store, scope, MarkDeed.PIN, copy.id) == 0
