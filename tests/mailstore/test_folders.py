from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from mailstore import copies, folders, marks
from mailstore.deliveries import Delivery, State
from mailstore.folders import Conversation, Folder
from mailstore.mailboxes import Mailbox
from mailstore.marks import MarkDeed
from mailstore.messages import Message
from mailstore.pages import Page
from mailstore.scope import NOTHING, Scope
from mailstore.store import Store
from tests.factories import NOON, SUMMARY, a_mailbox, an_accepted

MINUTE = timedelta(minutes=1)
Arrive = Callable[..., int]


@pytest.fixture
def arrive(store: Store, anna: Mailbox) -> Arrive:
    """Return what lets mail of a conversation come, each a minute after the one before."""
    came: list[int] = []

    def mail(thread: int = 0, mailbox: Mailbox = anna) -> int:
        at = NOON + len(came) * MINUTE
        came.append(an_accepted(store, mailbox, summary=replace(SUMMARY, thread=thread), at=at).id)
        return came[-1]

    return mail


@pytest.fixture(params=[0, 500], ids=["gone through", "looked up"])
def few(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a mailbox be gone through for its marked mail, or the mail be looked up by its marks."""
    monkeypatch.setattr(folders, "FEW", request.param)


def ids_in(store: Store, scope: Scope, folder: Folder = Folder.INBOX) -> list[int]:
    with store.read() as db:
        return [each.id for each in folders.listed(db, scope, folder, Page())]


def written(store: Store, delivery_id: int, writer: Mailbox) -> None:
    """Let a mail be one that somebody of ours wrote."""
    with store.write() as db:
        mail = db.get_one(Delivery, delivery_id)
        db.execute(update(Message).filter_by(id=mail.message_id).values(writer_id=writer.id))
        db.execute(
            update(Delivery).filter_by(id=delivery_id).values(mailbox_id=None, direction="out")
        )


def test_a_conversation_stands_where_its_newest_mail_stands(
    store: Store, scope: Scope, arrive: Arrive
) -> None:
    first, other, second, alone = arrive(7), arrive(8), arrive(7), arrive()
    assert ids_in(store, scope) == [alone, second, other]
    with store.read() as db:
        found = folders.listed(db, scope, Folder.INBOX, Page())
        counted = folders.conversations(db, scope, Folder.INBOX, found)
        assert [counted[each.mailbox_id, each.thread].mails for each in found] == [1, 2, 1]
        shown = folders.conversation(db, scope, db.get_one(Delivery, first), 50)
    assert [each.id for each in shown] == [second, first]


def test_a_conversation_counts_what_is_unread(store: Store, scope: Scope, arrive: Arrive) -> None:
    ids = [arrive(7) for _ in range(3)]
    with store.write() as db:
        marks.do(db, scope, MarkDeed.READ, ids[:1], by="anna")
        found = folders.listed(db, scope, Folder.INBOX, Page())
        counted = folders.conversations(db, scope, Folder.INBOX, found)
    assert list(counted.values()) == [Conversation(3, 2)]


def test_mail_that_came_at_the_same_moment_shows_its_conversation_once(
    store: Store, scope: Scope, anna: Mailbox
) -> None:
    two = [an_accepted(store, anna, summary=replace(SUMMARY, thread=7)).id for _ in range(2)]
    assert ids_in(store, scope) == [two[1]]


def test_pages_go_on_where_they_ended_and_show_no_conversation_twice(
    store: Store, scope: Scope, arrive: Arrive
) -> None:
    for number in range(12):
        arrive(number % 4 + 1)
    pages: list[list[int]] = []
    page = Page(size=3)
    with store.read() as db:
        for _ in range(2):
            found = folders.listed(db, scope, Folder.INBOX, page)[:3]
            pages.append([each.thread for each in found])
            page = Page((found[-1].accepted_at, found[-1].id), 3)
    assert pages == [[4, 3, 2], [1]]


def test_the_same_conversation_stands_in_each_mailbox(
    store: Store, scope: Scope, arrive: Arrive
) -> None:
    with store.write() as db:
        beat = a_mailbox(db, "beat@muster.example")
    both = [arrive(7), arrive(7, beat)]
    assert ids_in(store, Scope(beat.tenant_id)) == both[::-1]
    assert ids_in(store, scope) == both[:1]
    assert ids_in(store, Scope(beat.tenant_id, frozenset({beat.id}))) == both[1:]
    assert ids_in(store, NOTHING) == []


def test_mail_whose_copy_is_gone_is_listed_no_more(
    store: Store, scope: Scope, arrive: Arrive
) -> None:
    kept, gone = arrive(7), arrive(7)
    with store.write() as db:
        message_id = db.get_one(Delivery, gone).message_id
        db.execute(update(Message).filter_by(id=message_id).values(pack=None))
    assert ids_in(store, scope) == [kept]
    with store.read() as db:
        assert copies.look(db, scope, gone) is not None


def test_sent_mail_lies_in_its_own_folder_once_for_all_recipients(
    store: Store, scope: Scope, anna: Mailbox, arrive: Arrive
) -> None:
    came, sent = arrive(7), arrive(7)
    written(store, sent, anna)
    own = Scope(anna.tenant_id, frozenset({anna.id}))
    for each in (scope, own):
        assert ids_in(store, each) == [came]
        assert ids_in(store, each, Folder.SENT) == [sent]
    assert ids_in(store, Scope(anna.tenant_id, frozenset({anna.id + 1})), Folder.SENT) == []
    with store.write() as db:
        for opened in filter(None, (copies.look(db, own, came), copies.look(db, own, sent))):
            shown = folders.conversation(db, own, opened, 50)
            assert [line.id for line in shown] == [sent, came]
        assert copies.look(db, own, sent) is not None
        assert not copies.resend(db, own, sent, by="anna")


def test_what_is_hidden_is_not_shown_with_its_conversation(
    store: Store, scope: Scope, arrive: Arrive
) -> None:
    hidden, new = arrive(7), None
    with store.write() as db:
        marks.do(db, scope, MarkDeed.HIDE, [hidden], by="anna")
    new = arrive(7)
    with store.read() as db:
        for opened, shown in ((new, [new]), (hidden, [new, hidden])):
            found = folders.conversation(db, scope, db.get_one(Delivery, opened), 50)
            assert [each.id for each in found] == shown


@pytest.mark.parametrize(
    ("folder", "deed"), [(Folder.PINNED, MarkDeed.PIN), (Folder.HIDDEN, MarkDeed.HIDE)]
)
@pytest.mark.usefixtures("few")
def test_marked_mail_lies_in_its_folder_however_much_there_is(
    store: Store, anna: Mailbox, arrive: Arrive, folder: Folder, deed: MarkDeed
) -> None:
    with store.write() as db:
        beat = a_mailbox(db, "beat@muster.example")
    ids = [arrive(mailbox=each) for each in (anna, beat, anna, anna)]
    both = Scope(anna.tenant_id, frozenset({anna.id, beat.id}))
    with store.write() as db:
        marks.do(db, both, deed, [ids[0], ids[1], ids[3]], by="anna")
    own = Scope(anna.tenant_id, frozenset({anna.id}))
    assert ids_in(store, own, folder) == [ids[3], ids[0]]
    assert ids_in(store, both, folder) == [ids[3], ids[1], ids[0]]


def test_unread_mail_is_counted_up_to_a_hundred(
    store: Store, scope: Scope, arrive: Arrive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "MOST_UNREAD", 3)
    ids = [arrive() for _ in range(5)]
    with store.write() as db:
        assert folders.unread(db, scope) == 3
        marks.do(db, scope, MarkDeed.READ, ids[1:], by="anna")
        assert folders.unread(db, scope) == 1


def test_what_comes_and_what_leaves_changes_the_state(
    store: Store, scope: Scope, arrive: Arrive
) -> None:
    def state() -> str:
        with store.read() as db:
            return folders.state_of(db, scope)

    before = state()
    came = arrive()
    waiting = state()
    with store.write() as db:
        db.execute(update(Delivery).filter_by(id=came).values(state=State.DELIVERED))
    assert len({before, waiting, state()}) == 3
    assert state() == state()
