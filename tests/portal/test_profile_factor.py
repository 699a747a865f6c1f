import html
import re
from urllib.parse import unquote

import pyotp
import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from mailstore import clock, codes, factors
from mailstore.accounts import Account
from mailstore.codes import CodeKind
from mailstore.mailboxes import Mailbox
from mailstore.store import Store
from portal.access import FRESH
from tests import tries
from tests.portal.browsing import an_owner, enter, happened, in_english, post, said, stock

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

PAGE, OFFER = "/profile/password/", "/profile/password/factor"
CONTACT = "/profile/contact"
CODE = re.compile(r"<code>((?:[2-9A-Z]{4}-){3}[2-9A-Z]{4})</code>")


def account(store: Store, user: Account) -> Account:
    with store.read() as db:
        return db.get_one(Account, user.id)


def left(store: Store, user: Account) -> int:
    with store.read() as db:
        return codes.left(db, user.id, CodeKind.RECOVERY)


def offered(client: FlaskClient) -> tuple[str, str]:
    """Return the secret that the page shows, and what its form carries."""
    page = in_english(client).get(OFFER).text
    text = re.search(r'class="to-type">([A-Z2-7 ]+)<', page)
    carried = re.search(r'name="offer" value="([^"]+)"', page)
    assert text
    assert carried
    return text[1].replace(" ", ""), html.unescape(carried[1])


def code_of(secret: str) -> str:
    return pyotp.TOTP(secret).at(clock.now())


def turned_on(store: Store, user: Account) -> None:
    with store.write() as db:
        found, secret = db.get_one(Account, user.id), factors.new_secret()
        assert factors.turn_on(db, store.ring, found, secret, code_of(secret), by="test")


def test_the_page_shows_what_lets_somebody_in(
    browser: FlaskClient, store: Store, user: Account
) -> None:
    page = said(in_english(browser).get(PAGE))
    assert "You have a password for this portal." in page
    assert "Second factor off" in page
    turned_on(store, user)
    assert "You have no codes left" in said(browser.get(PAGE))


def test_a_secret_is_shown_as_a_picture_and_as_text_and_kept_nowhere(
    browser: FlaskClient, store: Store
) -> None:
    before = stock(store, without=lambda column: column == "sign_ins.seen_at")
    (first, _), (second, _) = offered(browser), offered(browser)
    assert first != second
    page = browser.get(OFFER).text
    picture = re.search(r'<img class="qr" src="data:image/svg\+xml;charset=utf-8,([^"]+)"', page)
    assert picture
    assert unquote(html.unescape(picture[1])).startswith("<svg")
    assert stock(store, without=lambda column: column == "sign_ins.seen_at") == before


def test_a_code_of_the_app_turns_it_on_and_ten_codes_are_shown_once(
    browser: FlaskClient, store: Store, user: Account
) -> None:
    secret, carried = offered(browser)
    answer = post(browser, OFFER, CONTACT, offer=carried, code=code_of(secret))
    shown = CODE.findall(answer.text)
    assert len(set(shown)) == left(store, user) == 10
    assert "They are shown this once" in said(answer)
    assert factors.is_on(account(store, user))
    assert secret not in repr(stock(store))
    assert "You have 10 codes left" in said(browser.get(PAGE))
    with store.write() as db:
        assert tries.use_code(db, user.id, CodeKind.RECOVERY, shown[0])


@pytest.mark.parametrize(
    "code", ["", "000000", "12345", "abcdef", "\uff11\uff12\uff13\uff14\uff15\uff16", "1" * 500]
)
def test_a_wrong_code_changes_nothing_and_the_same_secret_is_shown_again(
    browser: FlaskClient, store: Store, user: Account, code: str
) -> None:
    secret, carried = offered(browser)
    answer = post(browser, OFFER, CONTACT, offer=carried, code=code)
    assert answer.status_code == 422
    assert "This code does not fit." in said(answer)
    assert secret in answer.text.replace(" ", "")
    assert not factors.is_on(account(store, user))
    assert left(store, user) == 0


@pytest.mark.parametrize("way", ["nothing", "forged", "of somebody else", "old"])
def test_a_secret_that_was_not_offered_to_this_person_lately_is_not_taken(
    app: Flask, browser: FlaskClient, store: Store, user: Account, beat: Mailbox, way: str
) -> None:
    other = app.test_client()
    enter(other, store, an_owner(store, beat))
    secret, carried = offered(other if way == "of somebody else" else browser)
    form = {"nothing": "", "forged": f"{carried[:-3]}xyz"}.get(way, carried)
    token_page = CONTACT
    if way == "old":
        with time_machine.travel(clock.now().timestamp() + 3 * 3600, tick=False):
            enter(browser, store, user)
            answer = post(browser, OFFER, token_page, offer=form, code=code_of(secret))
    else:
        answer = post(browser, OFFER, token_page, offer=form, code=code_of(secret))
    assert (answer.status_code, answer.location) == (303, PAGE)
    assert not factors.is_on(account(store, user))


def test_one_that_is_on_is_not_replaced_by_an_old_page(
    browser: FlaskClient, store: Store, user: Account
) -> None:
    secret, carried = offered(browser)
    turned_on(store, user)
    kept = account(store, user).totp_secret
    post(browser, OFFER, CONTACT, offer=carried, code=code_of(secret))
    assert account(store, user).totp_secret == kept
    assert browser.get(OFFER).location == PAGE


def test_new_codes_end_the_earlier_ones(browser: FlaskClient, store: Store, user: Account) -> None:
    turned_on(store, user)
    first, second = (CODE.findall(post(browser, f"{PAGE}codes", CONTACT).text) for _ in range(2))
    assert len(first) == len(second) == left(store, user) == 10
    assert not set(first) & set(second)
    with store.write() as db:
        assert not tries.use_code(db, user.id, CodeKind.RECOVERY, first[0])


def test_without_a_second_factor_there_are_no_codes(
    browser: FlaskClient, store: Store, user: Account
) -> None:
    assert post(browser, f"{PAGE}codes", CONTACT).location == PAGE
    assert left(store, user) == 0


def test_it_is_turned_off_with_its_codes(browser: FlaskClient, store: Store, user: Account) -> None:
    turned_on(store, user)
    post(browser, f"{PAGE}codes", CONTACT)
    for _ in range(2):
        assert post(browser, f"{OFFER}/off", CONTACT).location == PAGE
    assert not factors.is_on(account(store, user))
    assert left(store, user) == 0
    assert len(happened(store, "second_factor_off")) == 1


@pytest.mark.parametrize("path", [OFFER, f"{OFFER}/off", f"{PAGE}codes"])
def test_what_decides_who_gets_in_wants_a_fresh_proof(
    browser: FlaskClient, store: Store, user: Account, path: str
) -> None:
    turned_on(store, user)
    before = account(store, user).totp_secret
    with time_machine.travel(clock.now().timestamp() + FRESH.total_seconds() + 60, tick=False):
        answer = post(browser, path, CONTACT)
        assert browser.get(PAGE).status_code == 200
    assert (answer.status_code, answer.location.split("?")[0]) == (303, "/sign-in/again")
    assert account(store, user).totp_secret == before
    assert left(store, user) == 0
