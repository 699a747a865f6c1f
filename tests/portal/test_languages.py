import pytest
from flask import Flask
from flask.testing import FlaskClient

from mailstore.accounts import Account
from mailstore.mailboxes import Mailbox
from mailstore.store import Store
from mailstore.tenants import Tenant
from portal.languages import FIRST, SPOKEN
from tests.factories import NOON, an_accepted
from tests.portal.browsing import Links, enter, post, said

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

GERMAN, ENGLISH = "Anmelden", "Sign in"


def speak(store: Store, mailbox: Mailbox, language: str | None, tenant: str = "de") -> None:
    with store.write() as db:
        db.get_one(Mailbox, mailbox.id).language = language
        db.get_one(Tenant, mailbox.tenant_id).language = tenant


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("de-CH,de;q=0.9", GERMAN), ("en-GB,en;q=0.9", ENGLISH), ("es,en;q=0.5", ENGLISH),
        ("en;q=0.1,de;q=0.9", GERMAN), ("ja", GERMAN), ("", GERMAN), ("*", GERMAN),
        ("x" * 5000, GERMAN), (";;q=,=", GERMAN), ("../../etc/passwd", GERMAN),
    ],
    ids=["German", "English", "second choice", "by weight", "neither", "nothing", "any", "long",
         "broken", "a path"],
)  # fmt: skip
def test_before_signing_in_the_browser_chooses(
    client: FlaskClient, header: str, words: str
) -> None:
    answer = client.get("/sign-in", headers={"Accept-Language": header})
    assert words in said(answer)
    assert f'<html lang="{"de" if words == GERMAN else "en"}">' in answer.text


def test_german_is_spoken_first() -> None:
    assert FIRST == SPOKEN[0] == "de"


def test_a_chosen_language_is_kept_and_wins_over_the_browser(client: FlaskClient) -> None:
    answer = post(client, "/language", language="en", next="/sign-in")
    assert (answer.status_code, answer.location) == (303, "/sign-in")
    page = client.get("/sign-in", headers={"Accept-Language": "de"})
    assert ENGLISH in said(page)
    assert "Max-Age=31536000" in answer.headers["Set-Cookie"]


@pytest.mark.parametrize("language", ["", "xx", "es", "DE", "../de", "de\0", "<script>"])
def test_a_language_that_nobody_speaks_cannot_be_chosen(client: FlaskClient, language: str) -> None:
    answer = post(client, "/language", language=language)
    assert answer.status_code == 400
    assert "Set-Cookie" not in answer.headers or "language" not in answer.headers["Set-Cookie"]


@pytest.mark.parametrize("cookie", ["xx", "../en", "es", ""])
def test_a_cookie_of_no_language_is_not_believed(client: FlaskClient, cookie: str) -> None:
    client.set_cookie("language", cookie)
    assert GERMAN in said(client.get("/sign-in"))


WISHES = {
    "of the tenant": (None, None, "en", "en"),
    "of the mailbox": (None, "de", "en", "de"),
    "of the account": ("en", "de", "de", "en"),
    "of the tenant, where nobody speaks the mailbox's": (None, "es", "de", "de"),
    "German, where nobody speaks any": (None, None, "es", "de"),
}


@pytest.mark.parametrize(
    ("language", "words"),
    [("fr", "Se connecter"), ("it", "Accedere"), ("fr-CH,fr;q=0.9", "Se connecter")],
)
def test_french_and_italian_are_spoken_too(client: FlaskClient, language: str, words: str) -> None:
    assert words in said(client.get("/sign-in", headers={"Accept-Language": language}))


@pytest.mark.parametrize("wishes", WISHES.values(), ids=WISHES)
def test_a_page_speaks_the_language(
    browser: FlaskClient, store: Store, user: Account, anna: Mailbox, wishes: tuple[str, ...]
) -> None:
    account, mailbox, tenant, spoken = wishes
    speak(store, anna, mailbox, tenant)
    with store.write() as db:
        db.get_one(Account, user.id).language = account
    page = browser.get("/quarantine/", headers={"Accept-Language": "ja"})
    assert f'<html lang="{spoken}">' in page.text
    assert ("Quarantäne" in said(page)) is (spoken == "de")


def test_a_link_speaks_as_the_mailbox_does(
    client: FlaskClient, store: Store, anna: Mailbox, links: Links
) -> None:
    speak(store, anna, "en")
    page = client.get(links.held[0], headers={"Accept-Language": "de"})
    assert "Deliver" in said(page)


def test_what_was_chosen_wins_over_the_mailbox(
    client: FlaskClient, store: Store, anna: Mailbox, links: Links
) -> None:
    speak(store, anna, "en")
    post(client, "/language", language="de")
    assert "Zustellen" in said(client.get(links.held[0]))


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(
    ("zone", "time"), [("Europe/Zurich", "13:00"), ("America/New_York", "07:00"), ("UTC", "12:00")]
)
def test_times_are_those_of_the_tenants_zone(
    browser: FlaskClient, store: Store, anna: Mailbox, zone: str, time: str
) -> None:
    an_accepted(store, anna, at=NOON)
    with store.write() as db:
        db.get_one(Tenant, anna.tenant_id).zone = zone
    assert time in said(browser.get("/webmail/"))


def test_two_people_in_two_languages_do_not_meet(
    app: Flask, store: Store, user: Account, admin: Account, anna: Mailbox, beat: Mailbox
) -> None:
    speak(store, anna, "en")
    pages = []
    for account in (user, admin, user):
        client = app.test_client()
        enter(client, store, account)
        pages.append(said(client.get("/")))
    assert ["Hello" in page for page in pages] == [True, False, True]
