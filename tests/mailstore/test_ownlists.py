import pytest
from sqlalchemy import select
from time_machine import Traveller

from mailstore import clock as clocks
from mailstore import ownlists, senders
from mailstore.deliveries import Delivery, State
from mailstore.events import Event
from mailstore.mailboxes import Mailbox
from mailstore.pages import Page
from mailstore.refusals import Refusal
from mailstore.scope import Scope
from mailstore.senders import Listed, Owner, SenderEntry, Wish
from mailstore.store import Store
from tests.factories import BEAT, a_held_delivery, a_mailbox


def enter(store: Store, owner: Owner, *patterns: str) -> None:
    with store.write() as db:
        for pattern in patterns:
            senders.enter(db, owner, Wish(Listed.BLOCKED, pattern), by="anna")


def shown(store: Store, owner: Owner, sought: str = "") -> list[str]:
    with store.read() as db:
        return [each.pattern for each in ownlists.page_of(db, owner, sought)]


def person(mailbox: Mailbox) -> Owner:
    return Owner(mailbox.tenant_id, mailbox_id=mailbox.id)


def test_a_list_is_walked_through_page_by_page_newest_first(
    store: Store, anna: Mailbox, clock: Traveller
) -> None:
    for number in range(5):
        clock.shift(1)
        enter(store, person(anna), f"{number}.example")
    found: list[str] = []
    page = Page(size=2)
    while len(found) < 5:
        with store.read() as db:
            items = ownlists.page_of(db, person(anna), page=page)[:2]
        found += [each.pattern for each in items]
        page = Page((items[-1].created_at, items[-1].id), 2)
    assert found == [f"{number}.example" for number in (4, 3, 2, 1, 0)]


@pytest.mark.parametrize(
    ("sought", "found"),
    [("There", ["bob@there.example"]), ("%", ["50%@odd.example"]), ("_", []), ("nobody", [])],
    ids=["capitals", "a wildcard as itself", "another", "nothing"],
)
def test_a_search_finds_what_has_the_text_in_it(
    store: Store, anna: Mailbox, sought: str, found: list[str]
) -> None:
    enter(store, person(anna), "bob@there.example", "50%@odd.example")
    assert shown(store, person(anna), sought) == found


def test_only_the_lists_own_entries_are_shown_and_dropped(store: Store, anna: Mailbox) -> None:
    with store.write() as db:
        beat = a_mailbox(db, BEAT)
    owners = [person(anna), person(beat), Owner(anna.tenant_id)]
    for number, owner in enumerate(owners):
        enter(store, owner, f"{number}.example")
    assert [shown(store, owner) for owner in owners] == [[f"{n}.example"] for n in range(3)]
    with store.write() as db:
        ids = list(db.scalars(select(SenderEntry.id).order_by(SenderEntry.id)))
        dropped = [
            senders.drop(db, owners[0], SenderEntry.id == each, by="anna")
            for each in (*ids, ids[0])
        ]
        events = list(db.scalars(select(Event).where(Event.kind == "sender_removed")))
    assert dropped == [True, False, False, False]
    assert [each.detail["pattern"] for each in events] == ["0.example"]
    assert events[0].detail["before"]["by"] == "anna"


def refusals_of(store: Store, mailbox: Mailbox, *authors: str) -> list[Refusal]:
    with store.write() as db:
        rows = [
            Refusal(
                at=clocks.now(), tenant_id=mailbox.tenant_id, domain_id=mailbox.domain_id,
                mailbox_id=mailbox.id, recipient=mailbox.address, client_ip="192.0.2.7",
                sender="", author=author, subject="", reason="blocked author", reply="550 x",
            )
            for author in authors
        ]  # fmt: skip
        db.add_all(rows)
        return rows


def test_what_the_persons_own_list_refused_is_known_by_its_entry(
    store: Store, anna: Mailbox
) -> None:
    with store.write() as db:
        beat = a_mailbox(db, BEAT)
    enter(store, person(anna), "bob@there.example", "shop.example")
    enter(store, Owner(anna.tenant_id), "everywhere.example")
    enter(store, person(beat), "beats.example")
    authors = ("Bob@there.example", "news@shop.example", "x@everywhere.example",
               "x@beats.example", "nobody", "")  # fmt: skip
    refused = refusals_of(store, anna, *authors)
    with store.read() as db:
        found = ownlists.blocking(db, refused)
    assert found == {refused[0].id: "bob@there.example", refused[1].id: "shop.example"}


def test_a_mail_leads_back_only_while_it_is_held_for_this_scope(
    store: Store, anna: Mailbox
) -> None:
    held, gone = a_held_delivery(store, anna), a_held_delivery(store, anna)
    with store.write() as db:
        beat = a_mailbox(db, BEAT)
        db.get_one(Delivery, gone.id).state = State.DELETED
    foreign = a_held_delivery(store, beat)
    entries = [SenderEntry(delivery_id=each) for each in (held.id, gone.id, foreign.id, None)]
    with store.read() as db:
        scope = Scope(anna.tenant_id, frozenset({anna.id}))
        assert ownlists.still_held(db, scope, entries) == {held.id}
        assert ownlists.still_held(db, scope, entries[3:]) == set()
