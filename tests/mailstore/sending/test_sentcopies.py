from datetime import timedelta

import pytest
from sqlalchemy import select, true

from mailstore import claims, clock, copies, folders, health, overdue, timeline
from mailstore.deliveries import Delivery, Outcome, Result, State
from mailstore.figures import Figure
from mailstore.folders import Folder
from mailstore.mailboxes import Mailbox
from mailstore.messages import Message
from mailstore.pages import Page
from mailstore.retries import Retries
from mailstore.scope import Scope
from mailstore.search.everywhere import everywhere
from mailstore.search.grammar import Query
from mailstore.sending import sentcopies, whereabouts
from mailstore.sending.bringing import bring_home
from mailstore.sending.homecomings import HomeState, Way
from mailstore.sending.whereabouts import Where
from mailstore.store import Store
from mailstore.tenants import Tenant
from tests.factories import ANNA
from tests.filter.rows import claimed
from tests.mailstore.sending.written import BLIND, KUNDE, answer, home_of, send


@pytest.fixture
def sent(store: Store, anna: Mailbox) -> Message:
    """Return an answer of somebody without an IMAP server, whose copy is queued."""
    message = send(store, anna)
    bring_home(store, anna.id)
    return message


def copy_of(store: Store, message: Message) -> Delivery:
    with store.read() as db:
        found = sentcopies.of(db, message.id)
    assert found is not None
    return found


def arrives(store: Store, copy: Delivery, result: Result = Result.SENT) -> None:
    taken = claimed(store, copy)
    assert taken.id == copy.id
    with store.write() as db:
        assert claims.finish(db, taken, Outcome(result, "said"), Retries.of(store.settings))


def where(store: Store, scope: Scope, message: Message) -> Where | None:
    with store.read() as db:
        found = whereabouts.of(db, scope, message)
    return found.where if found else None


def test_a_copy_waits_for_the_writers_own_server_once(
    store: Store, anna: Mailbox, sent: Message, scope: Scope
) -> None:
    bring_home(store, anna.id)
    copy = copy_of(store, sent)
    assert (copy.recipient, copy.mailbox_id, copy.state) == (ANNA, anna.id, State.QUEUED)
    assert (home_of(store, sent).state, home_of(store, sent).way) == (HomeState.DONE, Way.MAIL)
    assert where(store, scope, sent) is Where.COMING
    with store.write() as db:
        sentcopies.queue(db, sent.id, anna.id)
        its = Delivery.message_id == sent.id, Delivery.mailbox_id == anna.id
        assert len(db.scalars(select(Delivery).where(*its)).all()) == 1


@pytest.mark.parametrize(
    ("result", "expected"), [(Result.SENT, Where.HOME), (Result.REFUSED, Where.LOST)]
)
def test_its_writer_is_told_what_became_of_it_and_nobody_else(
    store: Store, sent: Message, scope: Scope, result: Result, expected: Where
) -> None:
    arrives(store, copy_of(store, sent), result)
    assert where(store, scope, sent) is expected
    assert where(store, Scope(sent.tenant_id, frozenset({999})), sent) is None
    copy = copy_of(store, sent)
    assert (copy.dsn_at, copy.delay_told) == (None, False)


@pytest.mark.usefixtures("sent")
def test_it_is_received_mail_nowhere(store: Store, anna: Mailbox, scope: Scope) -> None:
    with store.read() as db:
        for folder in (Folder.INBOX, Folder.PINNED, Folder.HIDDEN):
            assert folders.listed(db, scope, folder, Page()) == []
        assert len(folders.listed(db, scope, Folder.SENT, Page())) == 1
        assert copies.waiting(db, scope) == 0
        assert [each.waiting for each in health.ways(db, anna.tenant_id)] == [0]
        assert everywhere(db, scope, Query(), may=true(), after=None) == []


def test_it_is_counted_nowhere(store: Store, sent: Message) -> None:
    def counted() -> list[tuple[str, int]]:
        with store.read() as db:
            return [(each.name, each.count) for each in db.scalars(select(Figure))]

    before = counted()
    arrives(store, copy_of(store, sent))
    assert counted() == before


def test_a_mail_to_oneself_is_not_taken_for_its_copy(
    store: Store, anna: Mailbox, scope: Scope
) -> None:
    message = send(store, anna, to=[ANNA])
    bring_home(store, anna.id)
    with store.read() as db:
        first = db.scalars(select(Delivery).filter_by(message_id=message.id, resend_of=0)).one()
    for each in (first, copy_of(store, message)):
        arrives(store, each)
    with store.read() as db:
        assert copies.last_sent(db, first).id == first.id
        assert copies.last_of(db, [first])[first.id].id == first.id
        assert [each.kind for each in timeline.of(db, first).steps] == ["accepted", "delivered"]


def test_nobody_is_told_that_it_is_late(store: Store, sent: Message) -> None:
    with store.write() as db:
        overdue.find_delayed(db, clock.now() + timedelta(hours=1))
    assert copy_of(store, sent).delay_told is False


@pytest.mark.parametrize("language", ["de", "fr", "it", "en"])
def test_its_subject_says_what_it_is_in_the_language_of_the_mailbox(
    store: Store, anna: Mailbox, language: str
) -> None:
    with store.write() as db:
        db.get_one(Tenant, anna.tenant_id).language = "de"
        db.get_one(Mailbox, anna.id).language = None if language == "de" else language
    message = send(store, anna)
    bring_home(store, anna.id)
    assert copy_of(store, message).tag == sentcopies.TAGS[language]


@pytest.mark.parametrize(
    ("recipients", "expected"),
    [
        ([KUNDE], b""),
        ([KUNDE.upper(), BLIND], f"Bcc: {BLIND}\r\n".encode()),
        (["a@x.example", KUNDE, "b@x.example"], b"Bcc: a@x.example,\r\n b@x.example\r\n"),
    ],
    ids=["nobody", "one", "several"],
)
def test_whoever_stands_neither_in_to_nor_in_cc_got_it_blindly(
    store: Store, anna: Mailbox, recipients: list[str], expected: bytes
) -> None:
    assert sentcopies.bcc(answer(anna), recipients) == expected
