from io import BytesIO
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from mailstore import brands
from mailstore.accounts import Account
from mailstore.brands import Brand
from mailstore.mailboxes import Mailbox
from mailstore.store import Store
from tests.pictures import a_jpeg, a_png
from tests.portal.browsing import happened, in_english, post, said, stock

PAGE = "/admin/look/"
LOOK = {"colour": "#0b6272", "text": "Help: 044 000 00 00\r\n{{7*7}} <b>bold</b>"}


@pytest.fixture
def page(office: FlaskClient) -> FlaskClient:
    return in_english(office)


def save(page: FlaskClient, logo: bytes | None = None, **changed: str) -> TestResponse:
    form: dict[str, Any] = LOOK | changed
    if logo is not None:
        form["logo"] = (BytesIO(logo), "logo.png")
    return post(page, PAGE, PAGE, **form)


def look(store: Store, mailbox: Mailbox) -> Brand | None:
    with store.read() as db:
        return brands.of(db, mailbox.tenant_id)


def test_what_is_saved_is_shown_as_it_was_written(
    page: FlaskClient, store: Store, beat: Mailbox, admin: Account
) -> None:
    assert save(page, a_png(800, 60)).location == PAGE
    answer = page.get(PAGE)
    assert "{{7*7}} <b>bold</b>" in said(answer)
    assert "<b>bold" not in answer.text
    for piece in ('width="200" height="15"', 'fill="#0b6272"', 'fill="#54919c"'):
        assert piece in answer.text
    assert {event.by for event in happened(store, "look_set")} == {admin.email}
    found = look(store, beat)
    assert found
    assert (found.colour, found.logo_width) == ("#0b6272", 800)


@pytest.mark.parametrize(
    ("content", "kind"), [(a_png(), "image/png"), (a_jpeg(), "image/jpeg")], ids=["png", "jpeg"]
)
def test_the_logo_is_given_out_as_a_picture_that_runs_nothing(
    page: FlaskClient, content: bytes, kind: str
) -> None:
    assert page.get(f"{PAGE}logo").status_code == 404
    save(page, content)
    answer = page.get(f"{PAGE}logo")
    assert (answer.data, answer.headers["Content-Type"]) == (content, kind)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"


def test_without_a_new_file_the_logo_stays_until_it_is_removed(
    page: FlaskClient, store: Store, beat: Mailbox
) -> None:
    for logo in (a_png(), None, b""):
        save(page, logo)
        assert page.get(f"{PAGE}logo").data == a_png()
    for sentence in ("no logo any more", "There is no logo"):
        answer = post(page, f"{PAGE}logo/remove", PAGE)
        assert sentence in said(page.get(answer.location))
    found = look(store, beat)
    assert found
    assert (found.logo, found.colour) == (None, LOOK["colour"])


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"colour": "#ffcc00"}, "its contrast is 1.5:1, and 4.5:1 is needed"),
        ({"colour": "red"}, "Write a colour like #0b6272"),
        ({"text": "x" * 1001}, "at most 1000 characters"),
        ({"logo": b"<svg xmlns='http://www.w3.org/2000/svg'/>"}, "PNG or JPEG picture"),
        ({"logo": a_png() + b"x" * 200_000}, "PNG or JPEG picture"),
    ],
    ids=["pale", "no colour", "long", "svg", "large"],
)
def test_what_cannot_be_shown_is_refused_with_a_sentence(
    page: FlaskClient, store: Store, changed: dict[str, Any], sentence: str
) -> None:
    before = stock(store)
    answer = save(page, **changed)
    assert (answer.status_code, sentence in said(answer)) == (422, True)
    assert stock(store) == before


def test_the_look_of_others_is_neither_seen_nor_changed(
    page: FlaskClient, store: Store, stranger: Mailbox
) -> None:
    with store.write() as db:
        brands.set_logo(db, stranger.tenant_id, a_png(), by="x")
    assert page.get(f"{PAGE}logo").status_code == 404
    save(page, a_jpeg())
    found = look(store, stranger)
    assert found
    assert (found.logo, found.colour) == (a_png(), "")


def test_for_a_person_there_is_no_such_page(browser: FlaskClient) -> None:
    assert {browser.get(path).status_code for path in (PAGE, f"{PAGE}logo")} == {404}
