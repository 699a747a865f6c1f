from datetime import timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from time_machine import Traveller
from werkzeug.test import TestResponse

from mailstore.deliveries import Delivery, State
from mailstore.devices import LIFE
from mailstore.mailboxes import Mailbox
from mailstore.reports.links import CODE_TRIES
from mailstore.store import Store
from tests.factories import a_held_delivery, an_accepted
from tests.portal.browsing import (
    Links,
    a_report,
    happened,
    know_device,
    listed,
    post,
    said,
    state,
    wrong_code,
)

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

CONTENT = "Shall we meet at noon?"


def asked_for(client: FlaskClient, path: str) -> str:
    """Return the page that a path leads to, which asks for the code."""
    answer = client.get(path)
    assert (answer.status_code, urlsplit(answer.location).path) == (303, "/code")
    return answer.location


def type_code(client: FlaskClient, code: str, **form: str) -> TestResponse:
    return post(client, "/code", "/code", code=code, **form)


def test_the_link_to_the_quarantine_shows_the_list_without_a_code_at_a_clean_address(
    client: FlaskClient, held: Delivery, links: Links
) -> None:
    answer = client.get(links.quarantine)
    assert (answer.status_code, answer.location) == (303, "/quarantine/")
    page = client.get(answer.location)
    assert listed(page) == [held.id]
    assert CONTENT not in page.text


def test_looking_at_a_mail_asks_an_unknown_device_for_the_code(
    client: FlaskClient, held: Delivery, links: Links
) -> None:
    client.get(links.quarantine)
    path = f"/quarantine/{held.id}"
    page = asked_for(client, path)
    assert parse_qs(urlsplit(page).query)["next"] == [path]
    assert client.get(f"{path}/body").status_code == 404
    assert "Code des Berichts eingeben" in said(client.get(page))


def test_the_code_leads_on_to_the_mail_that_one_wanted_to_read(
    client: FlaskClient, held: Delivery, links: Links
) -> None:
    client.get(links.quarantine)
    path = f"/quarantine/{held.id}"
    answer = type_code(client, links.code, next=path)
    assert (answer.status_code, answer.location) == (303, path)
    assert CONTENT in said(client.get(path))


def test_a_mail_can_be_delivered_from_the_list_without_a_code(
    client: FlaskClient, store: Store, held: Delivery, links: Links
) -> None:
    client.get(links.quarantine)
    post(client, f"/quarantine/{held.id}/release", "/quarantine/")
    assert state(store, held) is State.RELEASING
    assert [event.by for event in happened(store, "released")] == ["report link, unverified device"]


def test_allowing_a_sender_wants_somebody_who_is_signed_in(
    client: FlaskClient, store: Store, anna: Mailbox, held: Delivery, links: Links
) -> None:
    know_device(client, store, anna)
    client.get(links.quarantine)
    assert "Absender zulassen" not in said(client.get(f"/quarantine/{held.id}"))
    answer = post(client, f"/quarantine/{held.id}/allowed", "/quarantine/")
    assert answer.status_code == 401
    assert state(store, held) is State.QUARANTINED


def test_the_link_to_the_webmail_asks_for_the_code_once_and_then_never_again(
    app: Flask, client: FlaskClient, store: Store, anna: Mailbox, links: Links
) -> None:
    an_accepted(store, anna)
    client.get(links.webmail)
    asked_for(client, "/webmail/")
    assert type_code(client, links.code).location == "/webmail/"
    for path in (links.webmail, a_report(store, anna).webmail):
        answer = client.get(path, follow_redirects=True)
        assert (answer.request.path, len(listed(answer))) == ("/webmail/", 1)


@pytest.mark.parametrize("page", ["", "/body", "/source", "/mail.eml", "/attachments/0"])
def test_no_page_of_the_webmail_opens_without_the_code(
    client: FlaskClient, store: Store, anna: Mailbox, links: Links, page: str
) -> None:
    copy = an_accepted(store, anna)
    client.get(links.webmail)
    asked_for(client, f"/webmail/m/{copy.id}{page}")


@pytest.mark.parametrize("page", ["body", "source"])
def test_no_content_of_a_held_mail_opens_without_the_code(
    client: FlaskClient, store: Store, anna: Mailbox, links: Links, page: str
) -> None:
    held = a_held_delivery(store, anna)
    client.get(links.quarantine)
    assert client.get(f"/quarantine/{held.id}/{page}").status_code == 404


@pytest.mark.parametrize("deed", ["restore/deliver", "m/{}/hide"], ids=["deliver", "hide"])
def test_no_deed_of_the_webmail_is_done_without_the_code(
    client: FlaskClient, store: Store, anna: Mailbox, links: Links, deed: str
) -> None:
    copy = an_accepted(store, anna)
    client.get(links.webmail)
    answer = post(client, f"/webmail/{deed.format(copy.id)}", m=str(copy.id))
    assert urlsplit(answer.location).path == "/code"
    assert happened(store, "resent") == happened(store, "hidden") == []


def test_another_browser_is_asked_for_the_code_again(
    app: Flask, client: FlaskClient, links: Links
) -> None:
    client.get(links.webmail)
    type_code(client, links.code)
    other = app.test_client()
    other.get(links.webmail)
    asked_for(other, "/webmail/")


def test_a_device_is_forgotten_after_ninety_days(
    clock: Traveller, client: FlaskClient, store: Store, anna: Mailbox, links: Links
) -> None:
    client.get(links.webmail)
    type_code(client, links.code)
    for wait, page in ((LIFE - timedelta(seconds=1), "/webmail/"), (timedelta(1), "/code")):
        clock.shift(wait)
        answer = client.get(a_report(store, anna).webmail, follow_redirects=True)
        assert answer.request.path == page


def test_a_wrong_code_is_said_to_be_wrong_and_opens_nothing(
    client: FlaskClient, links: Links
) -> None:
    client.get(links.webmail)
    answer = type_code(client, wrong_code(links))
    assert answer.status_code == 422
    assert "nicht der Code des Berichts" in said(answer)
    assert client.get_cookie("device") is None
    asked_for(client, "/webmail/")


def test_after_six_wrong_codes_the_right_one_opens_nothing_either(
    client: FlaskClient, links: Links
) -> None:
    client.get(links.webmail)
    for _ in range(CODE_TRIES):
        assert type_code(client, wrong_code(links)).status_code == 422
    assert type_code(client, links.code).status_code == 422
    asked_for(client, "/webmail/")


def test_wrong_codes_count_for_all_browsers_together(
    app: Flask, client: FlaskClient, links: Links
) -> None:
    for _ in range(CODE_TRIES):
        other = app.test_client()
        other.get(links.quarantine)
        type_code(other, wrong_code(links))
    client.get(links.webmail)
    assert type_code(client, links.code).status_code == 422


def test_a_new_report_has_new_tries(
    client: FlaskClient, store: Store, anna: Mailbox, links: Links
) -> None:
    client.get(links.webmail)
    for _ in range(CODE_TRIES):
        type_code(client, wrong_code(links))
    fresh = a_report(store, anna)
    client.get(fresh.webmail)
    assert type_code(client, fresh.code).status_code == 303


@pytest.mark.parametrize("code", ["", "    ", "x", "00000", "1" * 5000, "٠١٢٣", "\0"])
def test_what_is_no_code_does_no_harm(client: FlaskClient, links: Links, code: str) -> None:
    client.get(links.webmail)
    assert type_code(client, code).status_code == 422


def test_a_code_may_be_pasted_with_blanks(client: FlaskClient, links: Links) -> None:
    client.get(links.webmail)
    assert type_code(client, f" {links.code} ").status_code == 303


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_the_code_never_leads_elsewhere(client: FlaskClient, links: Links, target: str) -> None:
    client.get(links.quarantine)
    page = client.get(f"/code?{urlencode({'next': target})}")
    assert "evil" not in page.text.partition("<main")[2]
    assert type_code(client, links.code, next=target).location == "/quarantine/"


def test_without_a_link_there_is_no_code_to_type(client: FlaskClient) -> None:
    assert client.get("/code").status_code == 404
    assert post(client, "/code", code="0000").status_code == 404


def test_the_code_that_is_asked_for_is_that_of_the_report_opened_last(
    client: FlaskClient, store: Store, anna: Mailbox, links: Links, held: Delivery
) -> None:
    client.get(links.webmail)
    fresh = a_report(store, anna)
    client.get(fresh.quarantine)
    asked_for(client, f"/quarantine/{held.id}")
    assert type_code(client, fresh.code).status_code == 303


def test_the_code_of_one_mailbox_opens_no_other(
    client: FlaskClient, store: Store, beat: Mailbox, links: Links
) -> None:
    theirs = a_held_delivery(store, beat)
    client.get(links.webmail)
    type_code(client, links.code)
    client.get(a_report(store, beat).quarantine)
    asked_for(client, f"/quarantine/{theirs.id}")


def test_links_of_two_mailboxes_can_be_used_in_one_browser(
    client: FlaskClient, store: Store, beat: Mailbox, links: Links
) -> None:
    theirs, other = a_held_delivery(store, beat), a_report(store, beat)
    client.get(links.webmail)
    client.get(other.quarantine)
    path = f"/quarantine/{theirs.id}"
    asked_for(client, path)
    assert type_code(client, other.code, next=path).location == path
    assert client.get(path).status_code == 200
