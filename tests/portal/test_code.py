from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from time_machine import Traveller

from mailstore.deliveries import Delivery, State
from mailstore.mailboxes import Mailbox
from mailstore.reports import CODE_TRIES
from mailstore.sessions import DEVICE_LIFE
from mailstore.store import Store
from tests.factories import a_held_delivery, an_accepted
from tests.portal.browsing import (
    Links,
    a_report,
    happened,
    html_mail,
    in_english,
    know_device,
    post,
    said,
    state,
    stock,
    wrong_code,
)

pytestmark = pytest.mark.usefixtures("clock")

CONTENT = "Shall we meet at noon?"
ASKED = "Enter the code of the report"


@pytest.fixture
def guest(client: FlaskClient) -> FlaskClient:
    """Return a browser that nobody knows, in English."""
    return in_english(client)


@pytest.fixture
def held(store: Store, anna: Mailbox) -> Delivery:
    return a_held_delivery(store, anna)


@pytest.fixture
def links(store: Store, anna: Mailbox, held: Delivery) -> Links:
    return a_report(store, anna)


def page(client: FlaskClient, path: str) -> str:
    """Return what a person sees in the end who opens an address."""
    return said(client.get(path, follow_redirects=True))


def test_the_addresses_behind_the_links_carry_no_token(guest: FlaskClient, links: Links) -> None:
    for path, behind in ((links.quarantine, "/quarantine/"), (links.webmail, "/webmail/")):
        answer = guest.get(path)
        assert (answer.status_code, answer.location) == (303, behind)


def test_the_quarantine_shows_its_list_without_the_code(guest: FlaskClient, links: Links) -> None:
    shown = page(guest, links.quarantine)
    assert "Plans" in shown
    assert CONTENT not in shown


def test_an_unknown_device_delivers_from_the_list_and_is_marked(
    guest: FlaskClient, store: Store, links: Links, held: Delivery
) -> None:
    guest.get(links.quarantine)
    post(guest, f"/quarantine/{held.id}/release")
    assert state(store, held) is State.QUEUED
    assert happened(store, "released")[0].by == "report link, unverified device"


@pytest.mark.parametrize(
    "path", ["/webmail/", "/webmail/m/{}", "/webmail/m/{}/body", "/webmail/m/{}/source",
             "/webmail/m/{}/mail.eml", "/webmail/m/{}/attachments/0"],
)  # fmt: skip
def test_every_page_of_the_webmail_asks_an_unknown_device_for_the_code(
    guest: FlaskClient, store: Store, anna: Mailbox, links: Links, path: str
) -> None:
    copy = an_accepted(store, anna, raw=html_mail("Secret plans"))
    guest.get(links.webmail)
    answer = guest.get(path.format(copy.id))
    assert (answer.status_code, urlsplit(answer.location).path) == (303, "/code")


@pytest.mark.parametrize("deed", ["deliver", "hide"])
def test_an_unknown_device_does_nothing_in_the_webmail(
    guest: FlaskClient, store: Store, anna: Mailbox, links: Links, deed: str
) -> None:
    copy = an_accepted(store, anna)
    guest.get(links.webmail)
    before = stock(store)
    answer = post(guest, f"/webmail/m/{copy.id}/{deed}")
    assert urlsplit(answer.location).path == "/code"
    assert stock(store) == before


def test_a_device_is_known_for_ninety_days(
    guest: FlaskClient, store: Store, anna: Mailbox, clock: Traveller, links: Links
) -> None:
    guest.get(links.webmail)
    post(guest, "/code", code=links.code)
    for wait, known in ((DEVICE_LIFE.total_seconds() - 1, True), (1, False)):
        clock.shift(wait)
        assert (ASKED not in page(guest, a_report(store, anna).webmail)) is known


def test_a_wrong_code_opens_nothing_and_is_told(guest: FlaskClient, links: Links) -> None:
    guest.get(links.webmail)
    answer = post(guest, "/code", code=wrong_code(links))
    assert answer.status_code == 422
    assert "This is not the code of the report." in said(answer)
    assert ASKED in page(guest, "/webmail/")


def test_the_sixth_try_still_opens(guest: FlaskClient, links: Links) -> None:
    guest.get(links.webmail)
    for _ in range(CODE_TRIES - 1):
        post(guest, "/code", code=wrong_code(links))
    assert post(guest, "/code", code=links.code).status_code == 303


def test_after_six_wrong_codes_even_the_right_one_fails_in_any_browser(
    app: Flask, guest: FlaskClient, links: Links
) -> None:
    guest.get(links.webmail)
    for _ in range(CODE_TRIES):
        assert post(guest, "/code", code=wrong_code(links)).status_code == 422
    other = app.test_client()
    other.get(links.webmail)
    for browser in (guest, other):
        assert post(browser, "/code", code=links.code).status_code == 422


def test_a_new_report_helps_after_six_wrong_codes(
    guest: FlaskClient, store: Store, anna: Mailbox, clock: Traveller, links: Links
) -> None:
    guest.get(links.webmail)
    for _ in range(CODE_TRIES):
        post(guest, "/code", code=wrong_code(links))
    clock.shift(3600)
    newer = a_report(store, anna)
    guest.get(newer.webmail)
    assert post(guest, "/code", code=newer.code).status_code == 303


def test_the_code_of_one_mailbox_does_not_open_another(
    guest: FlaskClient, store: Store, links: Links, stranger: Mailbox
) -> None:
    a_held_delivery(store, stranger)
    others = a_report(store, stranger)
    guest.get(links.quarantine)
    guest.get(others.webmail)
    if links.code != others.code:
        post(guest, "/code", code=links.code)
        assert ASKED in page(guest, others.webmail)
    post(guest, "/code", code=others.code)
    assert ASKED not in page(guest, others.webmail)


def test_who_opened_no_link_is_not_asked_for_a_code(guest: FlaskClient) -> None:
    assert post(guest, "/code", code="0000").status_code == 404


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example", "/\\evil.example", "evil", ""]
)
def test_the_code_leads_to_pages_of_ours_only(
    guest: FlaskClient, links: Links, elsewhere: str
) -> None:
    guest.get(links.webmail)
    answer = post(guest, "/code", code=links.code, next=elsewhere)
    assert answer.location == "/webmail/"


def test_a_browser_that_opened_a_link_is_out_when_the_link_ends(
    guest: FlaskClient, store: Store, anna: Mailbox, clock: Traveller, links: Links
) -> None:
    know_device(guest, store, anna)
    guest.get(links.webmail)
    assert guest.get("/webmail/").status_code == 200
    clock.shift(7 * 24 * 3600)
    answer = guest.get("/webmail/")
    assert (answer.status_code, urlsplit(answer.location).path) == (303, "/sign-in")


def test_a_browser_that_opened_a_link_is_out_with_its_mailbox(
    guest: FlaskClient, store: Store, anna: Mailbox, links: Links
) -> None:
    know_device(guest, store, anna)
    guest.get(links.quarantine)
    with store.write() as db:
        db.get_one(Mailbox, anna.id).active = False
    answer = guest.get("/quarantine/")
    assert (answer.status_code, urlsplit(answer.location).path) == (303, "/sign-in")


def test_no_token_stands_in_a_page_behind_a_link(guest: FlaskClient, links: Links) -> None:
    for path in (links.quarantine, links.webmail):
        page_behind = guest.get(path, follow_redirects=True)
        assert path.removeprefix("/l/") not in page_behind.text
        assert page_behind.headers["Referrer-Policy"] == "no-referrer"
