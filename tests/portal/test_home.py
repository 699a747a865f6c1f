import pytest
from flask.testing import FlaskClient

from mailstore.accounts import Account
from mailstore.deliveries import State
from mailstore.envelopes import Summary
from mailstore.mailboxes import Mailbox
from mailstore.store import Store
from tests.factories import a_held_delivery, an_accepted
from tests.portal.browsing import in_english, post, said
from tests.portal.mails import become

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]


@pytest.fixture
def home(browser: FlaskClient) -> FlaskClient:
    """Return Anna's browser, in English."""
    return in_english(browser)


def test_a_person_is_greeted_by_name(home: FlaskClient) -> None:
    assert "Hello Anna Keller" in said(home.get("/"))


@pytest.mark.parametrize("name", ["<b>Anna</b>", "%(name)s {{ 7 * 7 }}"], ids=["tags", "template"])
def test_a_name_is_text(home: FlaskClient, store: Store, user: Account, name: str) -> None:
    with store.write() as db:
        db.get_one(Account, user.id).name = name
    page = home.get("/")
    assert f"Hello {name}" in said(page)
    assert "<b>Anna" not in page.text


def test_without_a_name_the_greeting_is_short(
    home: FlaskClient, store: Store, user: Account
) -> None:
    with store.write() as db:
        db.get_one(Account, user.id).name = ""
    assert "<h1>Hello</h1>" in home.get("/").text


def test_an_empty_home_says_that_nothing_came_and_nothing_is_held(home: FlaskClient) -> None:
    text = said(home.get("/"))
    for words in ("Newest mail", "Nothing has come yet.", "Nothing is held"):
        assert words in text


def test_mail_that_the_server_took_is_not_called_waiting(
    home: FlaskClient, store: Store, anna: Mailbox
) -> None:
    become(store, an_accepted(store, anna), State.DELIVERED)
    text = said(home.get("/"))
    assert "Newest mail" in text
    assert "waiting for your mail server" not in text


@pytest.mark.parametrize(
    ("count", "words"),
    [(1, "1 message is waiting for your mail server"),
     (2, "2 messages are waiting for your mail server")],
)  # fmt: skip
def test_mail_that_waits_is_counted(
    home: FlaskClient, store: Store, anna: Mailbox, count: int, words: str
) -> None:
    for _ in range(count):
        an_accepted(store, anna)
    assert words in said(home.get("/"))


def test_each_of_the_newest_opens_in_the_webmail(
    home: FlaskClient, store: Store, anna: Mailbox
) -> None:
    copy = an_accepted(store, anna)
    path = f"/webmail/m/{copy.id}"
    assert f'href="{path}"' in home.get("/").text
    assert home.get(path).status_code == 200


def test_held_mail_is_counted_and_not_shown(home: FlaskClient, store: Store, anna: Mailbox) -> None:
    a_held_delivery(store, anna, summary=Summary(subject="A prize for you"))
    text = said(home.get("/"))
    assert "1 message is held" in text
    assert "prize" not in text


def test_a_hidden_mail_is_not_among_the_newest(
    home: FlaskClient, store: Store, anna: Mailbox
) -> None:
    copy = an_accepted(store, anna)
    post(home, f"/webmail/m/{copy.id}/hide")
    home.get("/webmail/")
    assert "Plans" not in said(home.get("/"))


def test_mail_of_others_is_neither_shown_nor_counted(
    home: FlaskClient, store: Store, beat: Mailbox, stranger: Mailbox
) -> None:
    for mailbox in (beat, stranger):
        an_accepted(store, mailbox)
        a_held_delivery(store, mailbox)
    text = said(home.get("/"))
    assert "Nothing has come yet." in text
    assert "Nothing is held" in text


def test_who_misses_a_mail_looks_for_it_from_here(home: FlaskClient) -> None:
    assert 'action="/find"' in home.get("/").text


def test_the_home_of_a_person_leads_to_the_areas_and_not_to_the_administration(
    home: FlaskClient,
) -> None:
    page = home.get("/").text
    for path in ("/quarantine/", "/webmail/"):
        assert f'href="{path}"' in page
    assert "/admin/" not in page


def test_an_administrator_without_mail_has_a_home_too(office: FlaskClient) -> None:
    page = in_english(office).get("/")
    assert "Nothing has come yet." in said(page)
    assert 'href="/admin/"' in page.text
