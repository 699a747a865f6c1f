from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from mailstore import heldlist
from mailstore.deliveries import State
from mailstore.envelopes import MailClass
from mailstore.heldlist import MOST_WORDS, Line, Sort, Wanted
from mailstore.mailboxes import Mailbox
from mailstore.pages import Page
from mailstore.scope import NOTHING, Scope
from mailstore.store import Store
from tests.factories import NOON, a_held_delivery, a_mailbox, an_accepted
from tests.mailstore.holding import held_from, scope_of, search_in

MINUTE = timedelta(minutes=1)


@pytest.fixture
def anna(store: Store) -> Mailbox:
    with store.write() as db:
        return a_mailbox(db, aliases=["info@muster.example"])


def found(store: Store, scope: Scope, wanted: Wanted, sort: Sort = Sort.NEWEST) -> list[int]:
    """Return the ids of all that is found, and check that they are counted alike."""
    search = search_in(store, scope, wanted)
    with store.read() as db:
        found = heldlist.listed(db, search, Page(), sort)
        ids = [each.id for each in found.lines]
        assert found.total == len(ids)
        assert heldlist.count(db, search) == len(ids)
        assert heldlist.newest_id(db, search) == max(ids, default=0)
        assert sorted(heldlist.ids_between(db, search, 0, 2**40, 50)) == sorted(ids)
    return ids


@pytest.fixture
def wanted_one(store: Store, anna: Mailbox) -> int:
    """Return a mail that differs in everything from the other one."""
    held_from(store, anna, "carl@else.example", "Carl", "Lunch", sender="carl@else.example")
    return held_from(
        store, anna, "news@shop.example", "Ölmühle Zürich", "Ihre Rechnung 100%_neu",
        sender="prvs=1@relay.example", recipient="info@muster.example",
    )  # fmt: skip


@pytest.mark.parametrize(
    "text",
    ["news@shop", "SHOP.EXAMPLE", "Zürich", "relay.example", "rechnung", "info@muster.example",
     "ihre info relay", "100%_neu", "ölmühle", "ÖLMÜHLE", "Ölmühle", "zÜRICH"],
)  # fmt: skip
def test_a_word_is_looked_for_in_author_sender_subject_and_recipient(
    store: Store, anna: Mailbox, wanted_one: int, text: str
) -> None:
    assert found(store, scope_of(anna), Wanted(text)) == [wanted_one]


@pytest.mark.parametrize(
    "text", ["Ihre Plans", "%", "1_0", "a%b", "/", "\\", "nobody", "'; drop table deliveries"]
)
def test_every_word_must_stand_there_and_none_is_a_pattern(
    store: Store, anna: Mailbox, wanted_one: int, text: str
) -> None:
    expected = [wanted_one] if text == "%" else []
    assert found(store, scope_of(anna), Wanted(text)) == expected


def test_of_too_many_words_the_first_ones_count(store: Store, anna: Mailbox) -> None:
    held = held_from(store, anna)
    assert found(store, scope_of(anna), Wanted("plans " * MOST_WORDS + "nothing")) == [held]


def test_a_kind_and_a_mailbox_can_be_named(store: Store, anna: Mailbox) -> None:
    with store.write() as db:
        beat = a_mailbox(db, "beat@muster.example")
    both = scope_of(anna, beat)
    spam, news = held_from(store, anna), held_from(store, anna, mail_class=MailClass.NEWSLETTER)
    his = held_from(store, beat)
    assert found(store, both, Wanted(mailbox_id=anna.id)) == [news, spam]
    assert found(store, both, Wanted(mail_class=MailClass.SPAM)) == [his, spam]
    assert found(store, scope_of(anna), Wanted(mailbox_id=beat.id)) == []


def test_what_is_held_and_what_is_held_no_more_are_two_lists(store: Store, anna: Mailbox) -> None:
    held = held_from(store, anna)
    over = [held_from(store, anna, state=each) for each in State if each is not State.QUARANTINED]
    an_accepted(store, anna)
    assert found(store, scope_of(anna), Wanted()) == [held]
    assert found(store, scope_of(anna), Wanted(over=True)) == over[::-1]


def test_mail_of_others_is_not_found(store: Store, anna: Mailbox) -> None:
    with store.write() as db:
        other = a_mailbox(db, "anna@other.example")
    held_from(store, other)
    assert found(store, scope_of(anna), Wanted()) == []
    assert found(store, Scope(anna.tenant_id, frozenset({other.id})), Wanted()) == []
    assert found(store, NOTHING, Wanted()) == []


ROWS: dict[Sort, Callable[[int], dict[str, Any]]] = {
    Sort.NEWEST: lambda each: {"at": NOON - each // 3 * MINUTE},
    Sort.OLDEST: lambda each: {"at": NOON + each // 3 * MINUTE},
    Sort.LIKELY: lambda each: {"score": 5.1 + each // 3 / 7},
    Sort.ENDS: lambda each: {"held_until": NOON + each // 3 * MINUTE},
    Sort.AUTHOR: lambda each: {"name": "abc_É"[each // 3], "author": f"{each}@there.example"},
}
VALUES: dict[Sort, Callable[[Line], Any]] = {
    Sort.NEWEST: lambda each: each.accepted_at,
    Sort.OLDEST: lambda each: each.accepted_at,
    Sort.LIKELY: lambda each: each.score,
    Sort.ENDS: lambda each: each.held_until,
    Sort.AUTHOR: lambda each: each.message.author_name or each.message.author,
}


@pytest.mark.parametrize("sort", list(Sort))
def test_page_by_page_everything_comes_once_and_in_order(
    store: Store, anna: Mailbox, sort: Sort
) -> None:
    ids = {held_from(store, anna, **ROWS[sort](each)) for each in range(13)}
    search, page = search_in(store, scope_of(anna), Wanted()), Page(size=2)
    seen: list[Line] = []
    value = VALUES[sort]
    while True:
        with store.read() as db:
            rows = heldlist.listed(db, search, page, sort).lines
        seen += rows[:2]
        if len(rows) < 3:
            break
        page = replace(page, after=(value(rows[1]), rows[1].id))
    keys = [(value(each), each.id) for each in seen]
    assert {each.id for each in seen} == ids
    assert len(seen) == 13
    if sort is not Sort.AUTHOR:  # Databases differ in how they sort letters.
        assert keys == sorted(keys, reverse=sort is Sort.NEWEST)


def test_by_author_goes_by_what_the_list_shows_of_them(store: Store, anna: Mailbox) -> None:
    last = held_from(store, anna, "a@there.example", "c")
    first = held_from(store, anna, "z@there.example", "a")
    middle = held_from(store, anna, "b@there.example")
    assert found(store, scope_of(anna), Wanted(), Sort.AUTHOR) == [first, middle, last]


def test_what_is_wanted_is_the_same_after_a_while_in_a_row() -> None:
    wanted = Wanted("50% off", MailClass.SPAM, 7, over=True)
    assert Wanted.of_row(wanted.as_row()) == wanted
    assert Wanted.of_row(Wanted().as_row()) == Wanted()


def test_ids_come_in_order_between_two_of_them(store: Store, anna: Mailbox) -> None:
    ids = [a_held_delivery(store, anna).id for _ in range(5)]
    search = search_in(store, scope_of(anna), Wanted())
    with store.read() as db:
        assert heldlist.ids_between(db, search, ids[0], ids[3], 50) == ids[1:4]
        assert heldlist.ids_between(db, search, 0, ids[4], 2) == ids[:2]
