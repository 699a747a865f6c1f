from datetime import timedelta

import pytest
from sqlalchemy import select, update
from time_machine import Traveller

from mailstore import senders
from mailstore.curation import tidying, undoing
from mailstore.curation.findings import Finding
from mailstore.events import Event
from mailstore.mailboxes import Mailbox
from mailstore.realms import Realm
from mailstore.senders import Listed, Owner, SenderEntry, Wish
from mailstore.store import Store
from tests.factories import NOON
from tests.mailstore.curation.lists import listed, on_list

pytestmark = pytest.mark.usefixtures("clock")
DAY = timedelta(days=1)


@pytest.fixture
def owner(anna: Mailbox) -> Owner:
    return Owner(anna.tenant_id)


@pytest.fixture
def realm(anna: Mailbox) -> Realm:
    return Realm(anna.tenant_id)


def doubts(store: Store, realm: Realm) -> dict[str, set[Finding]]:
    with store.read() as db:
        tidy = tidying.judged(db, realm)
    return {each.entry.row.pattern: {one.finding for one in each.found} for each in tidy.doubtful}


def test_entries_that_are_worth_a_second_look_are_found(
    store: Store, owner: Owner, realm: Realm, clock: Traveller
) -> None:
    listed(store, owner, "gmail.com", "there.example", "bob@there.example", "fine.example")
    listed(store, owner, "blocked.example", kind=Listed.BLOCKED)
    with store.write() as db:
        for pattern, days in (("soon.example", 10), ("over.example", 1), ("late.example", 60)):
            wish = Wish(Listed.ALLOWED, pattern, expires_at=NOON + days * DAY)
            senders.enter(db, owner, wish, by="test")
    listed(store, Owner(owner.tenant_id, mailbox_id=1), "eve@blocked.example")
    clock.shift(2 * DAY)
    assert doubts(store, realm) == {
        "gmail.com": {Finding.FREE}, "bob@there.example": {Finding.COVERED},
        "soon.example": {Finding.ENDS_SOON}, "over.example": {Finding.ENDED},
        "eve@blocked.example": {Finding.CONTRADICTS},
    }  # fmt: skip
    clock.shift(90 * DAY)
    assert Finding.NEVER_MET in doubts(store, realm)["fine.example"]


def test_many_are_taken_off_and_put_back_as_one(
    store: Store, anna: Mailbox, owner: Owner, realm: Realm
) -> None:
    listed(store, owner, "a.example", "b.example", "c.example")
    listed(store, Owner(anna.tenant_id, mailbox_id=anna.id), "d.example")
    with store.write() as db:
        ids = db.scalars(select(SenderEntry.id).where(SenderEntry.pattern != "c.example")).all()
        assert tidying.remove_all(db, realm, [*ids, 999], by="beat") == 3
    assert on_list(store, owner) == [("allowed", "c.example")]
    listed(store, owner, "b.example")
    with store.write() as db:
        (line,) = undoing.recent(db, realm, "beat")
        assert undoing.take_back(db, realm, line.id, by="chris") is None
        assert undoing.take_back(db, realm, line.id, by="beat") == 2
        assert undoing.recent(db, realm, "beat") == []
    assert [pattern for _, pattern in on_list(store, owner)] == [
        "a.example", "b.example", "c.example"
    ]  # fmt: skip


def test_nobody_takes_entries_off_lists_of_others(
    store: Store, anna: Mailbox, owner: Owner
) -> None:
    listed(store, owner, "a.example")
    theirs = Realm(anna.tenant_id, frozenset({anna.domain_id}))
    for realm in (theirs, Realm(anna.tenant_id + 1)):
        with store.write() as db:
            ids = db.scalars(select(SenderEntry.id)).all()
            assert tidying.remove_all(db, realm, ids, by="beat") == 0
    assert len(on_list(store, owner)) == 1


def test_a_line_that_says_nothing_any_more_is_not_offered(
    store: Store, owner: Owner, realm: Realm
) -> None:
    with store.write() as db:
        senders.enter(db, owner, Wish(Listed.ALLOWED, "a.example"), by="beat")
        db.execute(update(Event).values(detail={}))
        assert undoing.recent(db, realm, "beat") == []
        number = db.scalars(select(Event.id)).first() or 0
        assert undoing.take_back(db, realm, number, by="beat") is None


def test_one_entry_is_taken_back_as_well(store: Store, owner: Owner, realm: Realm) -> None:
    with store.write() as db:
        senders.enter(db, owner, Wish(Listed.ALLOWED, "a.example"), by="beat")
        (line,) = undoing.recent(db, realm, "beat")
        assert undoing.take_back(db, realm, line.id, by="beat") == 1
    assert on_list(store, owner) == []
