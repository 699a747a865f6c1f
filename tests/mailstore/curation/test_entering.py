from datetime import timedelta

import pytest
from sqlalchemy import select
from time_machine import Traveller

from mailstore import lists, retention
from mailstore.curation import entering, entries, reading, undoing, uploads
from mailstore.curation.findings import Group
from mailstore.events import Event
from mailstore.mailboxes import Mailbox
from mailstore.realms import Realm
from mailstore.senders import Listed, Owner, SenderEntry, Wish
from mailstore.store import Store
from tests.databases import asked
from tests.factories import NOON, a_mailbox, an_account
from tests.mailstore.curation.lists import came, listed, on_list

pytestmark = pytest.mark.usefixtures("clock")
DAY = timedelta(days=1)
A = Listed.ALLOWED


@pytest.fixture
def owner(anna: Mailbox) -> Owner:
    return Owner(anna.tenant_id)


@pytest.fixture
def realm(anna: Mailbox) -> Realm:
    return Realm(anna.tenant_id)


def enter(store: Store, owner: Owner, *patterns: str, by: str = "beat") -> int:
    wishes = [Wish(A, each) for each in patterns]
    with store.write() as db:
        return entering.enter_file(db, owner, wishes, by=by, name="old.txt").added


def the_entry(store: Store) -> SenderEntry:
    with store.read() as db:
        return db.scalars(select(SenderEntry)).one()


def upload(store: Store, mailbox: Mailbox, text: str) -> tuple[int, int]:
    """Return the ids of an account and of what it brought."""
    with store.write() as db:
        account, owner = an_account(db, mailbox), Owner(mailbox.tenant_id)
        rows = uploads.lines_of(db, owner, reading.read(text, A))
        return account.id, uploads.keep(db, owner, account.id, "old.txt", rows)


def test_what_comes_from_elsewhere_ends_unless_mail_meets_it(
    store: Store, owner: Owner, clock: Traveller
) -> None:
    enter(store, owner, "there.example")
    entry = the_entry(store)
    assert (entry.renews, entry.expires_at) == (True, NOON + 90 * DAY)
    clock.shift(60 * DAY)
    with store.write() as db:
        lists.note_hits(db, [entry.id])
    assert the_entry(store).expires_at == NOON + 150 * DAY


def test_an_entry_with_an_end_of_its_own_lives_no_longer_by_a_hit(
    store: Store, owner: Owner
) -> None:
    wish = Wish(A, "there.example", expires_at=NOON + DAY)
    with store.write() as db:
        entering.enter_file(db, owner, [wish], by="beat", name="")
    entry = the_entry(store)
    with store.write() as db:
        lists.note_hits(db, [entry.id])
    assert (the_entry(store).renews, the_entry(store).expires_at) == (False, NOON + DAY)


def test_what_was_there_stays_and_each_new_entry_has_its_line(store: Store, owner: Owner) -> None:
    listed(store, owner, "there.example")
    assert enter(store, owner, "there.example", "b.example", "b.example", "c.example") == 2
    assert [pattern for _, pattern in on_list(store, owner)] == [
        "b.example", "c.example", "there.example"
    ]  # fmt: skip
    with store.read() as db:
        lines = db.scalars(select(Event).where(Event.kind == "sender_allowed", Event.by == "beat"))
        assert {each.detail["pattern"] for each in lines} == {"b.example", "c.example"}


@pytest.mark.parametrize("of_domain", [False, True], ids=["tenant", "domain"])
def test_a_file_is_taken_back_as_one_by_any_administrator(
    store: Store, anna: Mailbox, realm: Realm, of_domain: bool, clock: Traveller
) -> None:
    owner = Owner(anna.tenant_id, domain_id=anna.domain_id if of_domain else None)
    listed(store, owner, "kept.example")
    enter(store, owner, "kept.example", "a.example", "b.example")
    clock.shift(5 * DAY)
    with store.write() as db:
        (line,) = undoing.files(db, realm)
        assert line.detail["name"] == "old.txt"
        assert undoing.take_back(db, realm, line.id, by="chris") == 2
    assert on_list(store, owner) == [("allowed", "kept.example")]
    with store.write() as db:
        assert undoing.files(db, realm) == []


def test_a_file_for_others_is_not_taken_back_by_whoever_has_other_domains(
    store: Store, anna: Mailbox
) -> None:
    enter(store, Owner(anna.tenant_id), "a.example")
    with store.write() as db:
        tenant_wide = undoing.files(db, Realm(anna.tenant_id))[0].id
        theirs = Realm(anna.tenant_id, frozenset({anna.domain_id}))
        assert undoing.files(db, theirs) == []
        assert undoing.take_back(db, theirs, tenant_wide, by="beat") is None


def test_many_entries_take_few_statements(store: Store, owner: Owner) -> None:
    with asked(store) as statements:
        assert enter(store, owner, *(f"a{number}.example" for number in range(900))) == 900
    assert len(statements) < 12


def test_useful_and_harmless_lines_are_chosen_and_no_others(store: Store, anna: Mailbox) -> None:
    came(store, anna, "bob@there.example", held=True)
    _, upload_id = upload(
        store, anna, "there.example\ngmail.com\na.example\n192.0.2.1\n*.b.example"
    )
    with store.read() as db:
        counted = uploads.counted(db, upload_id)
        assert [each.pattern for each in uploads.chosen_of(db, upload_id)] == ["there.example"]
    assert {group: (each.lines, each.chosen) for group, each in counted.items()} == {
        Group.GOOD: (1, 1), Group.NEEDLESS: (2, 0), Group.CARELESS: (1, 0),
        Group.PRESENT: (0, 0), Group.UNUSABLE: (1, 0),
    }  # fmt: skip


def test_careless_lines_want_a_tick_each(store: Store, anna: Mailbox) -> None:
    _, upload_id = upload(store, anna, "gmail.com\ngmx.ch\na.example\n192.0.2.1")
    with store.write() as db:
        for group in Group:
            uploads.tick_all(db, upload_id, group, chosen=True)
        assert [each.pattern for each in uploads.chosen_of(db, upload_id)] == ["a.example"]
        lines = [each for group in Group for each in uploads.page_of(db, upload_id, group)]
        ids = [each.id for each in lines]
        uploads.tick(db, upload_id, ids, [each.id for each in lines if "g" in each.pattern] + [0])
        chosen = [each.pattern for each in uploads.chosen_of(db, upload_id)]
    assert chosen == ["gmail.com", "gmx.ch"]


def test_only_whoever_brought_a_list_sees_it_and_for_a_day(
    store: Store, anna: Mailbox, clock: Traveller
) -> None:
    account_id, upload_id = upload(store, anna, "a.example")
    with store.read() as db:
        assert uploads.one(db, account_id, upload_id)
        assert uploads.one(db, account_id + 1, upload_id) is None
    clock.shift(DAY)
    retention.expire(store)
    with store.read() as db:
        assert uploads.one(db, account_id, upload_id) is None
        assert uploads.chosen_of(db, upload_id) == []


def test_whoever_has_some_domains_sees_their_lists_only(store: Store, anna: Mailbox) -> None:
    with store.write() as db:
        other = a_mailbox(db, "eve@elsewhere.example")
    owners = (
        Owner(anna.tenant_id), Owner(anna.tenant_id, domain_id=anna.domain_id),
        Owner(anna.tenant_id, mailbox_id=anna.id), Owner(other.tenant_id, mailbox_id=other.id),
    )  # fmt: skip
    for number, each in enumerate(owners):
        listed(store, each, f"a{number}.example")
    theirs = Realm(anna.tenant_id, frozenset({anna.domain_id}))
    with store.read() as db:
        for realm, seen in ((Realm(anna.tenant_id), "210"), (theirs, "21")):
            found = entries.page_of(db, realm, entries.Sought())
            assert "".join(each.row.pattern[1] for each in found) == seen
        for name, known in (("", False), ("muster.example", True), (anna.address, True),
                            ("elsewhere.example", False), (other.address, False)):  # fmt: skip
            assert (entries.owner_named(db, theirs, name) is not None) is known
