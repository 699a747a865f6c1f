import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from mailstore import accounts, clock, ownlists
from mailstore.accounts import Account
from mailstore.deliveries import Delivery, State
from mailstore.mailboxes import Mailbox, Right
from mailstore.senders import Listed, SenderEntry
from mailstore.store import Store
from tests.factories import BEAT
from tests.portal.browsing import (
    a_report,
    enter,
    following,
    in_english,
    know_device,
    post,
    said,
    stock,
    told,
)
from tests.portal.profiles import an_entry

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

PAGE, CONTACT = "/profile/senders/", "/profile/contact"
pytestmark = pytest.mark.usefixtures("clock")
ADDED = {"pattern": "bob@there.example", "listed": "allowed", "life": "ever"}


def entries(store: Store) -> list[SenderEntry]:
    with store.read() as db:
        return list(db.scalars(select(SenderEntry).order_by(SenderEntry.id)))


def add(client: FlaskClient, mailbox: Mailbox, **form: Any) -> Any:
    return post(in_english(client), f"{PAGE}{mailbox.id}", CONTACT, **(ADDED | form))


def test_an_entry_is_shown_with_all_that_is_known_of_it(
    browser: FlaskClient, store: Store, anna: Mailbox, held: Delivery
) -> None:
    ends = clock.now() + timedelta(days=3)
    an_entry(store, anna, proof="", delivery_id=held.id, expires_at=ends)
    answer = in_english(browser).get(f"{PAGE}{anna.id}")
    for words in ("bob@there.example", "allowed", "waits for proof", "by test", "never used yet",
                  "until", "did not prove its sender"):  # fmt: skip
        assert words in said(answer), words
    assert f'href="/quarantine/{held.id}"' in answer.text


def test_a_mail_that_is_held_no_more_is_not_led_to(
    browser: FlaskClient, store: Store, anna: Mailbox, held: Delivery
) -> None:
    an_entry(store, anna, delivery_id=held.id)
    with store.write() as db:
        db.get_one(Delivery, held.id).state = State.DELETED
    assert f"/quarantine/{held.id}" not in browser.get(f"{PAGE}{anna.id}").text


def test_an_empty_list_says_what_will_appear(browser: FlaskClient, anna: Mailbox) -> None:
    assert "The list is empty" in said(in_english(browser).get(PAGE, follow_redirects=True))


@pytest.mark.parametrize("listed", list(Listed))
def test_a_sender_is_added_by_hand(
    browser: FlaskClient, store: Store, user: Account, anna: Mailbox, listed: Listed
) -> None:
    answer = add(browser, anna, pattern=" @There.Example ", listed=listed.value)
    assert "there.example is on the list." in told(browser, answer)
    (entry,) = entries(store)
    assert (entry.mailbox_id, entry.listed, entry.pattern) == (anna.id, listed, "there.example")
    assert (entry.by, entry.proof, entry.delivery_id) == (user.email, None, None)


@pytest.mark.parametrize(
    ("life", "days"), [("90 days", 90), ("year", 365), ("ever", None)], ids=["90", "365", "ever"]
)
def test_a_sender_is_added_by_hand_for_a_while(
    browser: FlaskClient, store: Store, anna: Mailbox, life: str, days: int | None
) -> None:
    add(browser, anna, life=life)
    (entry,) = entries(store)
    left = entry.expires_at - entry.created_at if entry.expires_at else None
    assert left == (timedelta(days=days) if days else None)


def test_a_careless_entry_is_made_and_warned_of(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    page = told(browser, add(browser, anna, pattern="gmail.com"))
    assert "Anybody can get an address at this domain" in page
    assert "the entry may never count" in page
    assert [each.pattern for each in entries(store)] == ["gmail.com"]
    assert "was on the list already" in told(browser, add(browser, anna, pattern="gmail.com"))


@pytest.mark.parametrize(
    "form",
    [{"pattern": ""}, {"pattern": "not an address"}, {"pattern": "*@there.example"},
     {"pattern": "a@b.example\r\nx"}, {"pattern": "x" * 400}, {"listed": "loved"}, {"life": "-1"}],
    ids=["nothing", "words", "star", "two lines", "long", "no list", "no time"],
)  # fmt: skip
def test_what_is_no_entry_is_refused(
    browser: FlaskClient, store: Store, anna: Mailbox, form: dict[str, str]
) -> None:
    answer = add(browser, anna, **form)
    assert answer.status_code == 422
    assert "invalid-feedback" in answer.text
    assert entries(store) == []


def test_nobody_else_can_be_named_in_the_form(
    browser: FlaskClient, store: Store, anna: Mailbox, beat: Mailbox
) -> None:
    add(browser, anna, mailbox_id=beat.id, tenant_id=0, domain_id=1, by="beat", proof="dmarc")
    assert [(each.mailbox_id, each.domain_id, each.proof) for each in entries(store)] == [
        (anna.id, None, None)
    ]


def test_an_entry_is_removed_and_the_search_goes_on(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    first = an_entry(store, anna)
    an_entry(store, anna, "carl@there.example")
    path = f"{PAGE}{anna.id}/{first}/remove"
    answer = post(in_english(browser), path, CONTACT, q="there")
    assert answer.location == f"{PAGE}{anna.id}?q=there"
    assert "The entry is removed" in told(browser, answer)
    assert [each.pattern for each in entries(store)] == ["carl@there.example"]
    assert post(browser, path, CONTACT).status_code == 404


def test_a_search_shows_what_fits_and_says_so_if_nothing_does(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    for pattern in ("bob@there.example", "shop.example"):
        an_entry(store, anna, pattern)
    page = said(in_english(browser).get(f"{PAGE}{anna.id}?q=SHOP"))
    assert "shop.example" in page
    assert "bob@there.example" not in page
    nothing = browser.get(f"{PAGE}{anna.id}?q=<b>%25</b>")
    assert "No such sender" in said(nothing)
    assert "<b>" not in nothing.text


def test_a_long_list_has_pages(
    browser: FlaskClient, store: Store, anna: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ownlists, "SIZE", 2)
    for number in range(5):
        an_entry(store, anna, f"{number}.shop.example")
    found, path = [], f"{PAGE}{anna.id}?q=shop"
    while path:
        answer = in_english(browser).get(path)
        found += re.findall(r"(\d)\.shop\.example", said(answer))
        path = following(answer)
    assert found == ["4", "3", "2", "1", "0"]


@pytest.mark.parametrize(
    "after",
    ["x", "2026_1", "2026-11-24T12:00:00+00:00_-1", "0001-01-01T00:00+14:00_1",
     "9999-12-31T23:59-14:00_1"],
)  # fmt: skip
def test_a_place_that_no_list_has_is_refused(
    browser: FlaskClient, anna: Mailbox, after: str
) -> None:
    assert browser.get(f"{PAGE}{anna.id}", query_string={"after": after}).status_code == 400


def test_a_delegate_keeps_the_list_of_the_mailbox_too(
    browser: FlaskClient, store: Store, user: Account, anna: Mailbox, beat: Mailbox
) -> None:
    with store.write() as db:
        accounts.grant(db, user.id, beat.id, Right.DELEGATE)
    add(browser, beat)
    assert [(each.mailbox_id, each.by) for each in entries(store)] == [(beat.id, user.email)]
    for mailbox in (anna, beat):
        assert f'href="{PAGE}{mailbox.id}"' in browser.get(f"{PAGE}{anna.id}").text


def test_lists_of_others_do_not_exist(
    browser: FlaskClient, store: Store, anna: Mailbox, beat: Mailbox, stranger: Mailbox
) -> None:
    mine = an_entry(store, anna)
    before = stock(store, without=lambda column: column == "sign_ins.seen_at")
    for mailbox in (beat, stranger):
        theirs = an_entry(store, mailbox)
        before = stock(store, without=lambda column: column == "sign_ins.seen_at")
        assert browser.get(f"{PAGE}{mailbox.id}").status_code == 404
        for form in ("{0}", "{0}/{1}/remove", "{0}/{2}/remove", "{3}/{1}/remove"):
            path = form.format(mailbox.id, theirs, mine, anna.id)
            assert post(browser, f"{PAGE}{path}", CONTACT, **ADDED).status_code == 404, path
    assert stock(store, without=lambda column: column == "sign_ins.seen_at") == before
    assert BEAT not in browser.get(f"{PAGE}{anna.id}").text


def test_a_link_of_a_report_leads_to_no_list(
    client: FlaskClient, store: Store, anna: Mailbox
) -> None:
    know_device(client, store, anna)
    client.get(a_report(store, anna).quarantine)
    for path in (PAGE, f"{PAGE}{anna.id}", "/profile/devices/", "/profile/password/"):
        assert client.get(path).location.startswith("/sign-in")


def test_who_may_use_no_mailbox_is_told_so(app: Flask, store: Store, anna: Mailbox) -> None:
    with store.write() as db:
        account = Account(email="x@muster.example", tenant_id=anna.tenant_id)
        db.add(account)
    client = app.test_client()
    enter(client, store, account)
    assert "No mailbox" in said(in_english(client).get(PAGE))
