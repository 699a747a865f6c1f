import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text as sql

from mailstore.accounts import Account
from mailstore.settings import Settings
from mailstore.store import Store
from portal.access import for_anyone, for_user
from portal.app import create_app
from tests.portal.browsing import ENGLISH, Links, csrf, enter, post, said

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

INNER = "postgresql://mailhafen:hunter2@db.internal/mailhafen"
INSIDE = ["Traceback", "hunter2", "db.internal", "KeyError", "sqlalchemy", "sqlite", "SELECT",
          "/portal/", ".py", "OperationalError"]  # fmt: skip


MARKUP = "<script>alert(1)</script>{{7*7}}{% x %}"


@pytest.fixture
def broken(settings: Settings, store: Store) -> Flask:
    """Return an app with a page that breaks for anybody, and one for who is signed in."""
    app = create_app(settings, store, ())

    def breaks() -> str:
        raise KeyError(INNER)

    def breaks_with(what: str) -> str:
        raise ValueError(what + MARKUP)

    app.add_url_rule("/breaks/<path:what>", "breaks_with", for_anyone(breaks_with))
    app.add_url_rule("/breaks", "breaks", for_anyone(breaks), methods=["GET", "POST"])
    app.add_url_rule("/breaks-too", "breaks_too", for_user(breaks))
    return app


def test_an_exception_becomes_a_german_page_without_its_insides(
    broken: Flask, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = broken.test_client().get("/breaks")
    assert answer.status_code == 500
    assert "Bei uns ist etwas schiefgegangen. Ihre Nachrichten sind sicher." in said(answer)
    assert not [word for word in INSIDE if word in answer.text + str(answer.headers)]
    assert "page_failed" in capsys.readouterr().out


def test_an_exception_becomes_an_english_page_for_who_reads_english(broken: Flask) -> None:
    answer = broken.test_client().get("/breaks", headers=ENGLISH)
    assert "Something went wrong on our side. Your mail is safe." in said(answer)


def test_an_exception_in_a_form_is_answered_alike(broken: Flask) -> None:
    answer = post(broken.test_client(), "/breaks")
    assert answer.status_code == 500
    assert "Ihre Nachrichten sind sicher" in said(answer)


def test_who_is_signed_in_gets_the_same_page_and_stays_signed_in(
    broken: Flask, store: Store, user: Account
) -> None:
    client = broken.test_client()
    enter(client, store, user)
    answer = client.get("/breaks-too")
    assert answer.status_code == 500
    assert "Ihre Nachrichten sind sicher" in said(answer)
    assert client.get("/").status_code == 200


@pytest.mark.parametrize("path", ["/", "/quarantine/", "/webmail/", "/webmail/m/1"])
def test_a_database_that_fails_is_not_shown(browser: FlaskClient, store: Store, path: str) -> None:
    with store.write() as db:
        db.execute(sql("ALTER TABLE messages RENAME TO elsewhere"))
    answer = browser.get(path)
    assert answer.status_code == 500
    assert not [word for word in INSIDE if word in answer.text]


def test_a_link_whose_page_breaks_is_answered_too(
    client: FlaskClient, store: Store, links: Links
) -> None:
    token = csrf(client)
    with store.write() as db:
        db.execute(sql("ALTER TABLE messages RENAME TO elsewhere"))
    for answer in (client.get(links.held[0]), post(client, links.held[0], token=token)):
        assert answer.status_code == 500
        assert "Ihre Nachrichten sind sicher" in said(answer)


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/nothing", 404, "Diese Seite gibt es nicht, oder sie ist nicht für Sie bestimmt."),
        ("/<script>alert(1)</script>", 404, "Diese Seite gibt es nicht"),
        ("/sign-out", 405, "Diese Seite gibt es nicht"),
        ("/webmail/m/x", 404, "Diese Seite gibt es nicht"),
        ("/webmail/m/-1", 404, "Diese Seite gibt es nicht"),
        ("/static/../wsgi.py", 404, "Diese Seite gibt es nicht"),
        ("/l/", 404, "Diese Seite gibt es nicht"),
        ("/%00", 404, "Diese Seite gibt es nicht"),
        ("/%ff%fe", 404, "Diese Seite gibt es nicht"),
    ],
)
def test_an_error_page_says_what_to_do_and_repeats_nothing(
    client: FlaskClient, path: str, status: int, words: str
) -> None:
    answer = client.get(path)
    assert answer.status_code == status
    assert words in said(answer)
    assert "Zur Startseite" in said(answer)
    assert "<script>alert" not in answer.text


def test_a_page_that_is_too_much_says_so(client: FlaskClient) -> None:
    answer = client.post("/sign-in", data={"email": "x" * (2**20 + 1)})
    assert answer.status_code == 413
    assert "mehr, als diese Seite annimmt" in said(answer)


def test_what_one_may_not_do_says_to_sign_in(client: FlaskClient) -> None:
    answer = post(client, "/quarantine/1/delete")
    assert answer.status_code == 401
    assert "Bitte melden Sie sich zuerst an." in said(answer)


def test_an_error_page_has_the_way_to_another_language(client: FlaskClient) -> None:
    answer = client.get("/nothing")
    assert 'action="/language"' in answer.text
    assert 'name="next" value="/"' in answer.text


def test_markup_in_what_broke_is_not_shown(broken: Flask) -> None:
    answer = broken.test_client().get(f"/breaks/{MARKUP}?q={MARKUP}", headers={"Referer": MARKUP})
    assert answer.status_code == 500
    assert "Ihre Nachrichten sind sicher" in said(answer)
    shown = answer.text + str(answer.headers)
    assert not [each for each in ("alert(1)", "7*7", "ValueError", *INSIDE) if each in shown]
