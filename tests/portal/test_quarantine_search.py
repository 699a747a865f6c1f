import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from mailstore.accounts import Account
from mailstore.deliveries import State
from mailstore.envelopes import MailClass
from mailstore.heldlist import Sort
from mailstore.mailboxes import Mailbox
from mailstore.pages import SIZE
from mailstore.store import Store
from tests.factories import NOON, a_held_delivery
from tests.mailstore.holding import delegate, held_from
from tests.portal.browsing import following, in_english, listed, said
from tests.portal.mails import many

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _english(client: FlaskClient) -> None:
    in_english(client)


def pages(browser: FlaskClient, path: str) -> list[list[int]]:
    """Return the ids on each page of a list, from its beginning."""
    found: list[list[int]] = []
    while path:
        answer = browser.get(path)
        assert answer.status_code == 200
        found.append(listed(answer))
        path = following(answer)
        assert len(found) < 9
    return found


def test_a_long_list_is_shown_page_by_page_newest_first(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    ids = many(store, anna, 2 * SIZE + 3, held=True)[::-1]
    assert pages(browser, "/quarantine/") == [ids[:SIZE], ids[SIZE : 2 * SIZE], ids[2 * SIZE :]]


def test_a_later_page_leads_to_the_beginning_and_keeps_what_was_looked_for(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    many(store, anna, SIZE + 3, held=True)
    second = browser.get(following(browser.get("/quarantine/?q=plans&class=spam&sort=oldest")))
    assert "To the beginning" in said(second)
    assert 'href="/quarantine/?q=plans&amp;class=spam&amp;sort=oldest"' in second.text


ROWS: dict[Sort, Callable[[int], dict[str, Any]]] = {
    Sort.NEWEST: lambda each: {"at": NOON - each // 20 * MINUTE},
    Sort.OLDEST: lambda each: {"at": NOON + each // 20 * MINUTE},
    Sort.LIKELY: lambda each: {"score": 5.1 + each // 20 / 7},
    Sort.ENDS: lambda each: {"held_until": NOON + each // 20 * MINUTE},
    Sort.AUTHOR: lambda each: {"name": ("A_b", "Bé & +?#", "c%20d")[each // 20]},
}


@pytest.mark.parametrize("sort", list(Sort))
def test_each_order_shows_everything_once_over_all_pages(
    browser: FlaskClient, store: Store, anna: Mailbox, sort: Sort
) -> None:
    ids = [held_from(store, anna, **ROWS[sort](each)) for each in range(SIZE + 4)]
    found = pages(browser, f"/quarantine/?sort={sort}&q=there.example")
    assert list(map(len, found)) == [SIZE, 4]
    rising = found[0] + found[1]
    if sort is Sort.NEWEST:  # The newest minute comes first, the largest id of a minute too.
        by_minute = sorted(ids, key=lambda each: (ids.index(each) // 20, -each))
        assert rising == by_minute
    else:
        assert rising == ids


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("after=x", 400), ("after=_1", 400), ("after=2026-11-24T12:00:00_1", 400),
        ("after=2026-11-24T12:00:00Z_-1", 400), (f"after=2026-11-24T12:00:00Z_{10**30}", 400),
        ("after=0001-01-01T00:00:00%2B23:59_1", 400),
        ("after=9999-12-31T23:59:59-23:59_1", 400),
        ("sort=likely&after=nan_1", 400), ("sort=likely&after=inf_1", 400),
        ("sort=likely&after=2026-11-24T12:00:00Z_1", 400), ("after=5.0_1", 400),
        ("sort=author&after=%00_1", 400), ("sort=ends&after=Bob_1", 400),
        ("sort=author&after=' or 1=1 --_1", 200), ("sort=likely&after=1e308_1", 200),
        ("sort=author&after=_1", 200), ("after=2001-01-01T00:00:00Z_1", 200),
        ("sort=score desc; --", 400), ("sort=accepted_at", 400), ("class=nonsense", 400),
        ("mailbox=x", 400), ("mailbox=9999999", 404), (f"mailbox={10**30}", 404),
        ("mailbox=-1", 404), ("show=else", 200), ("size=1000000000", 200),
        ("q=%00", 200), ("q=a%00b", 200), ("q=%25%25%25%25%25", 200), ("q=" + "%25_" * 500, 200),
        ("q=%ED%A0%80", 200), ("q=%22%20OR%20*%20NEAR(", 200), ("q=" + "a+" * 900, 200),
    ],
)  # fmt: skip
def test_an_address_that_nobody_was_given_is_refused_or_harmless_and_soon(
    browser: FlaskClient, store: Store, anna: Mailbox, query: str, status: int
) -> None:
    many(store, anna, SIZE + 3, held=True)
    begun = time.monotonic()
    answer = browser.get(f"/quarantine/?{query}")
    assert time.monotonic() - begun < 1
    assert answer.status_code == status
    assert len(listed(answer)) <= SIZE if status == 200 else "Traceback" not in answer.text


@pytest.mark.parametrize("text", ["ölmühle", "100%_neu", "info@muster", "ZÜRICH mühle"])
def test_the_search_finds_what_it_says(
    browser: FlaskClient, store: Store, anna: Mailbox, text: str
) -> None:
    held_from(store, anna)
    held = held_from(store, anna, "b@shop.example", "Ölmühle Zürich", "100%_neu",
                     recipient="info@muster.example")  # fmt: skip
    page = browser.get(f"/quarantine/?q={quote(text)}")
    assert listed(page) == [held]
    assert f'value="{text}"' in page.text
    assert "1 message matches" in said(page)


def test_nothing_that_matches_is_said_so(browser: FlaskClient, store: Store, anna: Mailbox) -> None:
    held_from(store, anna)
    text = said(browser.get("/quarantine/?q=nowhere&class=spam"))
    assert "Nothing matches" in text
    assert "Show all" in text


def test_what_is_looked_for_is_text_and_no_markup(browser: FlaskClient) -> None:
    page = browser.get("/quarantine/?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E").text
    assert "<script>alert" not in page
    assert "&#34;&gt;&lt;script&gt;alert(1)" in page


def test_a_kind_and_a_mailbox_are_chosen_from_what_there_is(
    browser: FlaskClient, store: Store, anna: Mailbox, beat: Mailbox, user: Account
) -> None:
    mine = held_from(store, anna, mail_class=MailClass.PHISH)
    assert 'name="mailbox"' not in browser.get("/quarantine/").text
    delegate(store, user, beat)
    his = held_from(store, beat)
    page = browser.get("/quarantine/")
    assert beat.address in page.text
    assert listed(page) == [his, mine]
    assert listed(browser.get(f"/quarantine/?mailbox={beat.id}")) == [his]
    assert listed(browser.get("/quarantine/?class=phish")) == [mine]


def test_a_mailbox_of_others_does_not_exist(
    browser: FlaskClient, beat: Mailbox, stranger: Mailbox
) -> None:
    for mailbox in (beat, stranger):
        assert browser.get(f"/quarantine/?mailbox={mailbox.id}").status_code == 404
        assert browser.get(f"/quarantine/all?mailbox={mailbox.id}").status_code == 404


def test_among_what_is_held_no_more_the_same_is_looked_for(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    over = [held_from(store, anna, subject=each, state=State.DELIVERED) for each in ("A", "Lunch")]
    held_from(store, anna, subject="Lunch")
    page = browser.get("/quarantine/?show=over&q=lunch")
    assert listed(page) == over[1:]
    assert 'name="show" value="over"' in page.text


@pytest.mark.parametrize("query", ["", "q=plans", "q=nowhere", "q=there+bob+plans+x&sort=author"])
def test_a_search_among_three_thousand_mails_is_quick(
    browser: FlaskClient, store: Store, anna: Mailbox, query: str
) -> None:
    many(store, anna, 3000, held=True)
    browser.get(f"/quarantine/?{query}")
    took = []
    for _ in range(3):
        begun = time.monotonic()
        assert browser.get(f"/quarantine/?{query}").status_code == 200
        took.append(time.monotonic() - begun)
    assert min(took) < 0.2


def test_deeds_of_a_row_carry_the_place_and_the_next_row(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    first, second = (a_held_delivery(store, anna).id for _ in range(2))
    page = browser.get("/quarantine/?q=plans").text
    assert 'name="back" value="/quarantine/?q=plans"' in page
    assert f'formaction="{second}/release" name="next" value="{first}"' in page
    assert f'formaction="{first}/delete" name="next" value="0"' in page
    assert f'href="{first}?back=/quarantine/%3Fq%3Dplans"' in page
