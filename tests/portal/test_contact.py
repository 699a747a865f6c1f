from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from time_machine import Traveller

from mailstore import resets
from mailstore.accounts import Account
from mailstore.store import Store
from portal.access import FRESH
from tests.portal.browsing import enter, happened, post, said, told
from tests.portal.signing import a_reset_of

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

PAGE = "/profile/contact"


def kept(store: Store, user: Account) -> str:
    with store.read() as db:
        return db.get_one(Account, user.id).private_address


def test_a_private_address_is_kept_and_can_be_taken_away(
    browser: FlaskClient, store: Store, user: Account
) -> None:
    answer = post(browser, PAGE, private_address=" Anna@Home.example ")
    assert "Ihr Kontakt ist gespeichert" in told(browser, answer)
    assert kept(store, user) == "Anna@home.example"
    post(browser, PAGE, private_address="")
    assert kept(store, user) == ""
    assert len(happened(store, "private_address_set")) == 2


@pytest.mark.parametrize(
    ("address", "sentence"),
    [("anna@muster.example", "kommen ebenfalls hier durch"), ("x y", "keine E-Mail-Adresse"),
     ("a@b.example\r\nBcc: c@d.example", "keine E-Mail-Adresse")],
    ids=["ours", "no address", "two lines"],
)  # fmt: skip
def test_an_address_that_is_of_no_use_is_refused_with_a_sentence(
    browser: FlaskClient, store: Store, user: Account, address: str, sentence: str
) -> None:
    answer = post(browser, PAGE, private_address=address)
    assert answer.status_code == 422
    assert sentence in said(answer)
    assert kept(store, user) == ""


def test_who_signed_in_long_ago_proves_it_again_before_naming_where_a_new_password_goes(
    clock: Traveller, client: FlaskClient, store: Store, user: Account
) -> None:
    enter(client, store, user)
    clock.shift(FRESH + timedelta(seconds=1))
    answer = post(client, PAGE, private_address="thief@home.example")
    assert urlsplit(answer.location).path == "/sign-in/again"
    assert kept(store, user) == ""


def test_links_that_were_mailed_to_the_address_before_end(
    browser: FlaskClient, store: Store, user: Account
) -> None:
    token = a_reset_of(store, user)
    post(browser, PAGE, private_address="anna@home.example")
    with store.read() as db:
        assert resets.account_of(db, token) is None
