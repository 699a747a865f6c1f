import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from time_machine import Traveller
from werkzeug.test import TestResponse

from mailstore import codes, factors
from mailstore.accounts import Account, Role
from mailstore.mailboxes import Mailbox
from mailstore.pages import SIZE
from mailstore.store import Store
from portal.access import FRESH
from tests.factories import a_mailbox, an_account
from tests.portal.browsing import (
    PASSWORD,
    an_owner,
    enter,
    following,
    happened,
    in_english,
    post,
    said,
    sign_in,
    stock,
)
from tests.portal.noticed import told_at
from tests.portal.signing import alter, an_emergency_code, is_in, sessions_of

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

PEOPLE = "/admin/people/"


def code_in(answer: TestResponse) -> str:
    """Return the code that a page shows."""
    code = "-".join(re.findall(r"<span>([A-Z2-9]{4})</span>", answer.text))
    assert codes.looks_like_code(code)
    return code


def page_of(account: Account) -> str:
    return f"{PEOPLE}{account.id}"


def test_people_are_listed_with_what_they_have(
    office: FlaskClient, user: Account, store: Store
) -> None:
    told_at(store, user, "anna@private.example")
    alter(store, user, totp_secret="wrapped")  # noqa: S106 (it is none)
    an_emergency_code(store, user)
    page = said(in_english(office).get(PEOPLE))
    for text in ("Anna Keller", user.email, "second factor", "private contact",
                 "emergency code given out", "never signed in"):  # fmt: skip
        assert text in page
    assert "anna@private.example" not in page


def test_a_code_that_was_used_is_not_outstanding(
    app: Flask, office: FlaskClient, user: Account, store: Store
) -> None:
    sign_in(app.test_client(), user.email, an_emergency_code(store, user))
    page = said(in_english(office).get(PEOPLE))
    assert "emergency code given out" not in page


@pytest.mark.parametrize(
    ("search", "found"),
    [("kell", True), ("ANNA@", True), ("%", False), ("_nna", False), ("beat", False)],
)
def test_people_are_searched_by_name_and_address(
    office: FlaskClient, user: Account, search: str, found: bool
) -> None:
    page = said(office.get(PEOPLE, query_string={"q": search}))
    assert ("Anna Keller" in page) is found


def test_a_long_list_goes_on(office: FlaskClient, store: Store) -> None:
    with store.write() as db:
        for number in range(SIZE + 4):
            an_account(db, a_mailbox(db, f"p{number:03}@muster.example"))
    first = office.get(PEOPLE, query_string={"q": "p0"})
    second = office.get(following(first))
    assert "p049@" in first.text
    assert "p050@" not in first.text
    assert "p053@" in second.text
    assert following(second) == ""


def test_an_emergency_code_is_shown_once_and_signs_the_person_in(
    app: Flask, office: FlaskClient, user: Account, admin: Account, store: Store
) -> None:
    answer = post(in_english(office), f"{page_of(user)}/code", page_of(user))
    code = code_in(answer)
    assert user.email in said(answer)
    assert "http://127.0.0.1:8080" in said(answer)
    assert sign_in(app.test_client(), user.email, code).status_code == 303
    assert code not in repr(stock(store))
    assert [event.by for event in happened(store, "emergency_code_made")] == [admin.email]


def test_a_new_code_ends_the_older_one(app: Flask, office: FlaskClient, user: Account) -> None:
    first, second = (
        code_in(post(office, f"{page_of(user)}/code", page_of(user))) for _ in range(2)
    )
    client = app.test_client()
    assert sign_in(client, user.email, first).status_code == 422
    assert sign_in(client, user.email, second).status_code == 303


def test_starting_over_ends_password_second_factor_and_sessions(
    app: Flask, office: FlaskClient, user: Account, store: Store
) -> None:
    theirs = app.test_client()
    enter(theirs, store, user)
    alter(store, user, totp_secret=store.ring.wrap(factors.new_secret().encode()))
    code = code_in(post(office, f"{page_of(user)}/reset", page_of(user)))
    assert not is_in(theirs)
    assert sign_in(theirs, user.email, PASSWORD).status_code == 422
    assert sign_in(theirs, user.email, code).location == "/password/change"
    assert [event.kind for event in happened(store, "second_factor_off")] == ["second_factor_off"]


def test_a_colleague_who_administers_too_can_be_helped(
    app: Flask, office: FlaskClient, store: Store
) -> None:
    with store.write() as db:
        other = an_account(db, a_mailbox(db, "chef@muster.example"), role=Role.ADMIN)
    code = code_in(post(office, f"{page_of(other)}/code", page_of(other)))
    assert sign_in(app.test_client(), other.email, code).status_code == 303


@pytest.fixture(params=["another tenant's", "an operator's"])
def untouchable(
    request: pytest.FixtureRequest, store: Store, user: Account, stranger: Mailbox
) -> Account:
    """Return an account that no administrator of this tenant can help."""
    if request.param == "another tenant's":
        return an_owner(store, stranger)
    alter(store, user, role=Role.OPERATOR)
    return user


def test_whoever_is_not_ones_own_does_not_exist(
    office: FlaskClient, untouchable: Account, store: Store
) -> None:
    before = stock(store, without=lambda column: column == "sign_ins.seen_at")
    assert office.get(page_of(untouchable)).status_code == 404
    for deed in ("code", "reset"):
        assert post(office, f"{page_of(untouchable)}/{deed}", PEOPLE).status_code == 404
    assert stock(store, without=lambda column: column == "sign_ins.seen_at") == before


def test_whoever_is_turned_off_is_shown_and_not_let_in(
    office: FlaskClient, store: Store, user: Account
) -> None:
    alter(store, user, active=False)
    assert user.email in said(in_english(office).get(page_of(user)))
    for deed in ("code", "reset"):
        assert post(office, f"{page_of(user)}/{deed}", PEOPLE).status_code == 404


def test_another_tenants_people_are_not_listed(
    office: FlaskClient, store: Store, stranger: Mailbox
) -> None:
    an_owner(store, stranger)
    assert stranger.address not in office.get(PEOPLE).text
    assert stranger.address not in office.get(PEOPLE, query_string={"q": "eve"}).text


def test_for_a_person_these_pages_do_not_exist(browser: FlaskClient, user: Account) -> None:
    assert {browser.get(path).status_code for path in (PEOPLE, page_of(user))} == {404}
    for deed in ("code", "reset"):
        assert post(browser, f"{page_of(user)}/{deed}", "/").status_code == 404


def test_a_code_is_made_only_by_whoever_proved_lately_who_they_are(
    clock: Traveller, app: Flask, store: Store, admin: Account, user: Account
) -> None:
    office = app.test_client()
    enter(office, store, admin)
    clock.shift(FRESH + timedelta(seconds=1))
    for deed in ("code", "reset"):
        path = f"{page_of(user)}/{deed}"
        answer = post(office, path, page_of(user), next=page_of(user))
        assert (answer.status_code, urlsplit(answer.location).path) == (303, "/sign-in/again")
        assert parse_qs(urlsplit(answer.location).query)["next"] == [page_of(user)]
    assert happened(store, "emergency_code_made") == []
    assert sessions_of(store, user) == []
