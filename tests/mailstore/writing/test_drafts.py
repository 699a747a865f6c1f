from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine

from mailstore import clock, retention
from mailstore.accounts import Account
from mailstore.mailboxes import Mailbox
from mailstore.store import Store
from mailstore.writing import attached, departures, drafts
from mailstore.writing.departures import SECONDS
from mailstore.writing.drafts import DAYS
from mailstore.writing.rows import DraftFile, DraftState
from tests.factories import ANNA, a_mailbox, an_account
from tests.writing import TYPED, a_draft, a_file, again, claimed, identity_of, leave


@pytest.fixture
def anna(store: Store) -> Mailbox:
    with store.write() as db:
        return a_mailbox(db, name="Anna Keller")


@pytest.fixture
def account(store: Store, anna: Mailbox) -> Account:
    with store.write() as db:
        return an_account(db, anna)


def kept(store: Store, account: Account, text: str) -> drafts.Kept:
    fields = replace(TYPED, text=text)
    return drafts.sealed(store, account.tenant_id or 0, drafts.first_day(), fields)


def test_a_draft_says_what_was_typed(store: Store, account: Account) -> None:
    draft = a_draft(store, account)
    assert drafts.fields_of(store, draft) == TYPED
    assert b"noon" not in draft.content


def test_of_two_windows_the_second_does_not_overwrite_the_first(
    store: Store, account: Account
) -> None:
    draft, said = a_draft(store, account), []
    for text in ("one", "two"):
        sealed = kept(store, account, text)
        with store.write() as db:
            said.append(drafts.save(db, draft, draft.version, draft.mailbox_id, sealed))
    assert said == [draft.version + 1, None]
    assert drafts.fields_of(store, again(store, draft)).text == "one"


def test_a_draft_is_nobody_elses(store: Store, account: Account) -> None:
    draft = a_draft(store, account)
    with store.read() as db:
        assert drafts.one(db, account.id + 1, draft.id) is None
        assert drafts.of(db, account.id + 1, 10) == []
        assert [each.id for each in drafts.of(db, account.id, 10)] == [draft.id]


def test_what_nobody_touched_is_not_listed_and_goes_after_a_day(
    store: Store, account: Account
) -> None:
    sealed = kept(store, account, "")
    with store.write() as db:
        opened = drafts.begin(db, identity_of(db, account), account.id, sealed)
        assert drafts.of(db, account.id, 10) == []
    with time_machine.travel(clock.now() + timedelta(days=1, minutes=1), tick=False):
        retention.expire(store)
    assert again(store, opened) is None


def test_a_draft_goes_with_its_files_when_its_days_are_over(store: Store, account: Account) -> None:
    draft = a_draft(store, account)
    file = a_file(store, draft)
    for days, there in ((DAYS, True), (DAYS + 1, False)):
        with time_machine.travel(clock.now() + timedelta(days=days), tick=False):
            retention.expire(store)
        assert (again(store, draft) is not None) is there
        assert (again(store, file) is not None) is there


def test_a_file_can_be_read_and_taken_out(store: Store, account: Account) -> None:
    draft = a_draft(store, account)
    file = a_file(store, draft, content=b"%PDF" * 1000)
    assert b"".join(store.content(file)) == b"%PDF" * 1000
    with store.write() as db:
        assert attached.room(db, draft, 7000) == 1000
        assert attached.remove(db, draft, file.id)
        assert not attached.remove(db, draft, file.id)
        assert attached.of(db, draft) == []


def test_a_discarded_draft_is_gone_with_its_files(store: Store, account: Account) -> None:
    draft = a_draft(store, account)
    a_file(store, draft)
    with store.write() as db:
        assert drafts.discard(db, draft, by=ANNA)
        assert not drafts.discard(db, draft, by=ANNA)
        assert db.query(DraftFile).count() == 0


def test_mail_can_be_taken_back_for_ten_seconds(store: Store, account: Account) -> None:
    draft = leave(store, a_draft(store, account))
    with store.write() as db:
        assert departures.claim(db, 10, timedelta(minutes=5)) == []
        assert departures.take_back(db, account.id, draft.public_id, by=ANNA) == draft.id
    back = again(store, draft)
    assert (back.state, back.place) == (DraftState.WRITING, None)
    assert claimed(store) == []


def test_mail_that_is_being_sent_cannot_be_taken_back(store: Store, account: Account) -> None:
    draft = leave(store, a_draft(store, account))
    assert [each.id for each in claimed(store)] == [draft.id]
    with store.write() as db:
        assert departures.take_back(db, account.id, draft.public_id, by=ANNA) is None
        assert not drafts.discard(db, draft, by=ANNA)


def test_a_draft_is_sent_once(store: Store, account: Account) -> None:
    draft = a_draft(store, account)
    leave(store, draft)
    with pytest.raises(AssertionError):
        leave(store, draft)


def test_of_two_workers_the_first_has_lost_what_the_second_claimed(
    store: Store, account: Account
) -> None:
    leave(store, a_draft(store, account))
    (first,) = claimed(store)
    with time_machine.travel(clock.now() + timedelta(minutes=6) + SECONDS, tick=False):
        (second,) = claimed(store)
        with store.write() as db:
            assert not departures.gone(db, first)
            assert not departures.give_back(db, first, "late")
            assert departures.gone(db, second)
    assert again(store, second) is None


def test_what_is_about_to_be_sent_outlives_its_day(store: Store, account: Account) -> None:
    draft = leave(store, a_draft(store, account))
    with time_machine.travel(clock.now() + timedelta(days=40), tick=False):
        retention.expire(store)
    assert b"At noon." in b"".join(store.content(again(store, draft)))
