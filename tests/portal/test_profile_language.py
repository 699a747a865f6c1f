import pytest
from flask.testing import FlaskClient

from mailstore.accounts import Account
from mailstore.mailboxes import Mailbox
from mailstore.store import Store
from tests.portal.browsing import happened, in_english, post, said

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

PAGE, DEED = "/profile/contact", "/profile/language"
FRENCH = {"Accept-Language": "fr-CH"}


def kept(store: Store, user: Account, anna: Mailbox) -> tuple[str | None, str | None]:
    with store.read() as db:
        return db.get_one(Account, user.id).language, db.get_one(Mailbox, anna.id).language


def test_the_settings_begin_with_language_and_contact(browser: FlaskClient) -> None:
    answer = browser.get("/profile/")
    assert (answer.status_code, answer.location) == (303, PAGE)
    assert 'aria-current="page">' in browser.get(PAGE).text


def test_a_chosen_language_is_spoken_on_pages_and_in_mails_to_the_own_mailbox(
    browser: FlaskClient, store: Store, user: Account, anna: Mailbox
) -> None:
    answer = post(browser, DEED, PAGE, language="it")
    assert (answer.status_code, answer.location) == (303, PAGE)
    assert kept(store, user, anna) == ("it", "it")
    assert '<html lang="it">' in browser.get(PAGE, headers=FRENCH).text
    assert len(happened(store, "language_set")) == 1


def test_the_choice_holds_in_other_browsers_too(
    browser: FlaskClient, store: Store, user: Account
) -> None:
    post(browser, DEED, PAGE, language="en")
    browser.delete_cookie("language")
    assert '<html lang="en">' in browser.get(PAGE, headers=FRENCH).text


def test_as_the_browser_says_forgets_what_was_chosen(
    browser: FlaskClient, store: Store, user: Account, anna: Mailbox
) -> None:
    for wished in ("it", ""):
        post(browser, DEED, PAGE, language=wished)
    assert kept(store, user, anna) == ("", None)
    assert browser.get_cookie("language") is None
    for header, spoken in (("fr-CH", "fr"), ("en", "en"), ("ja", "de")):
        page = browser.get(PAGE, headers={"Accept-Language": header})
        assert f'<html lang="{spoken}">' in page.text


@pytest.mark.parametrize("wished", ["es", "DE", "../de", "x" * 300, None])
def test_a_language_that_nobody_speaks_is_refused_with_a_sentence(
    browser: FlaskClient, store: Store, user: Account, anna: Mailbox, wished: str | None
) -> None:
    form = {} if wished is None else {"language": wished}
    answer = post(in_english(browser), DEED, PAGE, **form)
    assert answer.status_code == 422
    assert "Please choose one of these languages" in said(answer)
    assert kept(store, user, anna) == (None, None)
