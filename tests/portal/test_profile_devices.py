import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from mailstore import accounts, sessions
from mailstore.accounts import Account
from mailstore.devices import Device
from mailstore.mailboxes import Mailbox, Right
from mailstore.reports import links
from mailstore.signins import SignIn
from mailstore.store import Store
from portal.profile.browsers import in_words
from tests.portal.browsing import (
    a_report,
    enter,
    in_english,
    know_device,
    post,
    said,
    stock,
    told,
)
from tests.portal.profiles import a_device, a_session
from tests.reporting import keep

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

PAGE, CONTACT = "/profile/devices/", "/profile/contact"
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
CHROME += "Chrome/141.0.0.0 Safari/537.36"


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (CHROME, "Chrome on Windows"), (f"{CHROME} Edg/141.0", "Edge on Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) Version/18.0 Safari/605.1",
         "Safari on macOS"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) CriOS/141 Mobile Safari/604.1",
         "Chrome on iPhone"),
        ("Mozilla/5.0 (iPad; CPU OS 18_0 like Mac OS X) Version/18.0 Safari/604.1",
         "Safari on iPad"),
        ("Mozilla/5.0 (Android 15; Mobile; rv:143.0) Gecko/143.0 Firefox/143.0",
         "Firefox on Android"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0",
         "Firefox on Linux"),
        ("curl/8.0", "Another program"), ("", "Another program"), ("Firefox/1", "Firefox"),
        ("<b>Windows</b>", "Windows"),
    ],
)  # fmt: skip
def test_a_browser_has_a_name_that_people_know(app: Flask, agent: str, words: str) -> None:
    with app.test_request_context(headers={"Accept-Language": "en"}):
        assert in_words(agent) == words


def rows(store: Store, kind: type[SignIn] | type[Device]) -> set[int]:
    with store.read() as db:
        return set(db.scalars(select(kind.id)))


def test_the_page_shows_sessions_and_devices_and_which_is_this_one(
    browser: FlaskClient, store: Store, user: Account, anna: Mailbox
) -> None:
    other = a_session(store, user, CHROME)
    a_device(store, anna)
    know_device(browser, store, anna)
    answer = in_english(browser).get(PAGE)
    assert "Chrome on Windows" in said(answer)
    assert "Firefox on Linux" in said(answer)
    assert said(answer).count("this one") >= 2
    assert f'action="{PAGE}session/{other}/end"' in answer.text


def test_a_session_elsewhere_is_ended(
    app: Flask, browser: FlaskClient, store: Store, user: Account
) -> None:
    elsewhere = app.test_client()
    before = rows(store, SignIn)
    enter(elsewhere, store, user)
    (other,) = rows(store, SignIn) - before
    answer = post(in_english(browser), f"{PAGE}session/{other}/end", CONTACT)
    assert "This session has ended." in told(in_english(browser), answer)
    assert elsewhere.get("/profile/contact").location.startswith("/sign-in")
    assert browser.get(PAGE).status_code == 200
    assert post(browser, f"{PAGE}session/{other}/end", CONTACT).status_code == 404


def test_a_forgotten_device_is_unknown_to_all_own_mailboxes_and_to_no_other(
    browser: FlaskClient, store: Store, user: Account, anna: Mailbox, beat: Mailbox
) -> None:
    device = a_device(store, anna, beat)
    answer = post(in_english(browser), f"{PAGE}{device}/forget", CONTACT)
    assert "This device is forgotten." in told(in_english(browser), answer)
    with store.read() as db:
        assert list(db.scalars(select(Device.mailbox_id))) == [beat.id]
    assert post(browser, f"{PAGE}{device}/forget", CONTACT).status_code == 404


def test_logging_out_everywhere_ends_sessions_devices_and_links(
    app: Flask, browser: FlaskClient, store: Store, user: Account, anna: Mailbox
) -> None:
    links, elsewhere = a_report(store, anna), app.test_client()
    know_device(browser, store, anna)
    enter(elsewhere, store, user)
    answer = post(in_english(browser), f"{PAGE}everywhere", CONTACT)
    assert answer.location == "/sign-in"
    assert "You are logged out everywhere." in in_english(browser).get("/sign-in").text
    for client in (browser, elsewhere):
        assert client.get(PAGE).location.startswith("/sign-in")
    assert browser.get(links.webmail).status_code == 410
    assert rows(store, SignIn) == rows(store, Device) == set()


def test_sessions_and_devices_of_others_cannot_be_touched(
    browser: FlaskClient, store: Store, user: Account, admin: Account, beat: Mailbox,
    stranger: Mailbox,
) -> None:  # fmt: skip
    with store.write() as db:
        accounts.grant(db, user.id, beat.id, Right.DELEGATE)
    session, devices = a_session(store, admin, CHROME), [a_device(store, each)
                                                         for each in (beat, stranger)]  # fmt: skip
    before = stock(store, without=lambda column: column == "sign_ins.seen_at")
    for path in (f"session/{session}/end", *(f"{each}/forget" for each in devices)):
        assert post(browser, f"{PAGE}{path}", CONTACT).status_code == 404
    assert stock(store, without=lambda column: column == "sign_ins.seen_at") == before
    page = browser.get(PAGE).text
    assert not re.search(rf"session/{session}/|/({'|'.join(map(str, devices))})/forget", page)


def test_links_of_mailboxes_that_are_only_lent_live_on(
    browser: FlaskClient, store: Store, user: Account, beat: Mailbox
) -> None:
    with store.write() as db:
        accounts.grant(db, user.id, beat.id, Right.DELEGATE)
    pages = keep(store, beat).pages.values()
    device = a_device(store, beat)
    post(browser, f"{PAGE}everywhere", CONTACT)
    assert device in rows(store, Device)
    with store.read() as db:
        found = [links.alive(db, each.id) for each in pages]
    assert [ended for _, ended in filter(None, found)] == [False] * len(pages)


def test_a_session_of_a_browser_that_says_nothing_is_shown_too(
    browser: FlaskClient, store: Store, user: Account
) -> None:
    with store.write() as db:
        sessions.start(db, user, "<script>alert(1)</script>", address="192.0.2.9")
    answer = in_english(browser).get(PAGE)
    assert "Another program" in said(answer)
    assert "192.0.2.9" in said(answer)
    assert "alert(1)" not in answer.text
