from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from time_machine import Traveller

from mailstore import attempts, sessions
from mailstore.accounts import Account
from mailstore.mailboxes import Mailbox
from mailstore.store import Store
from portal.auth.views import KIND, MOST_FOR_ACCOUNT, MOST_FROM_ADDRESS
from tests.portal.browsing import (
    PASSWORD,
    a_report,
    csrf,
    happened,
    post,
    said,
    sign_in,
    stock,
    told,
)

MINUTE = timedelta(minutes=1)
WRONG = "not the password"
ELSEWHERE = "198.51.100.7"


def session_cookie(client: FlaskClient) -> str:
    cookie = client.get_cookie("session")
    assert cookie is not None
    return cookie.value


def is_in(client: FlaskClient) -> bool:
    return client.get("/").status_code == 200


def fail(store: Store, *keys: str) -> None:
    with store.write() as db:
        attempts.failed(db, KIND, *keys)


def test_the_right_password_opens_the_home_page(
    client: FlaskClient, user: Account, store: Store
) -> None:
    answer = sign_in(client, user.email)
    assert (answer.status_code, answer.location) == (303, "/")
    assert "Anna Keller" in client.get("/").text
    assert [event.by for event in happened(store, "signed_in")] == [user.email]


@pytest.mark.parametrize("email", ["Anna@Muster.EXAMPLE", "  anna@muster.example "])
def test_an_address_is_known_in_any_spelling(
    client: FlaskClient, user: Account, email: str
) -> None:
    assert sign_in(client, email).status_code == 303


def test_who_is_signed_in_is_not_asked_again(browser: FlaskClient) -> None:
    answer = browser.get("/sign-in")
    assert (answer.status_code, answer.location) == (303, "/")


def test_wrong_password_and_unknown_account_look_the_same(
    client: FlaskClient, user: Account
) -> None:
    wrong = sign_in(client, user.email, WRONG)
    unknown = sign_in(client, "nobody@muster.example", WRONG)
    assert wrong.status_code == unknown.status_code == 422
    assert said(wrong) == said(unknown)
    assert "passen nicht zusammen" in said(wrong)
    assert not is_in(client)


def test_an_account_without_a_password_opens_to_none(
    client: FlaskClient, store: Store, user: Account
) -> None:
    with store.write() as db:
        db.get_one(Account, user.id).password_hash = None
    for password in ("", "None", PASSWORD):
        assert sign_in(client, user.email, password).status_code == 422


@pytest.mark.parametrize(
    ("email", "password"),
    [("", PASSWORD), ("anna@muster.example", ""), ("x" * 321, PASSWORD),
     ("anna@muster.example", "x" * 1025), ("anna\0@muster.example", PASSWORD),
     ("' OR 1=1 --", PASSWORD)],
    ids=["no address", "no password", "long address", "long password", "NUL", "SQL"],
)  # fmt: skip
def test_what_nobody_would_type_is_refused(
    client: FlaskClient, user: Account, email: str, password: str
) -> None:
    assert sign_in(client, email, password).status_code == 422


def test_a_refused_form_does_not_show_the_password(client: FlaskClient, user: Account) -> None:
    answer = sign_in(client, user.email, WRONG)
    assert user.email in answer.text
    assert WRONG not in answer.text


def test_signing_in_makes_a_new_session_and_forgets_the_old_one(
    client: FlaskClient, user: Account, store: Store, anna: Mailbox
) -> None:
    client.get(a_report(store, anna).quarantine)
    before, token = session_cookie(client), csrf(client)
    sign_in(client, user.email)
    assert session_cookie(client) != before
    with client.session_transaction() as session:
        assert "links" not in session
    assert post(client, "/sign-out", token=token).status_code == 400


def test_a_cookie_from_before_signing_out_is_worth_nothing(
    app: Flask, client: FlaskClient, user: Account
) -> None:
    sign_in(client, user.email)
    old = session_cookie(client)
    assert "abgemeldet" in told(client, post(client, "/sign-out", "/"))
    thief = app.test_client()
    thief.set_cookie("session", old)
    assert not is_in(thief)
    assert not is_in(client)


def test_signing_out_in_one_browser_leaves_the_others_signed_in(
    app: Flask, client: FlaskClient, user: Account
) -> None:
    other = app.test_client()
    for each in (client, other):
        sign_in(each, user.email)
    post(client, "/sign-out", "/")
    assert (is_in(client), is_in(other)) == (False, True)


def test_signing_out_without_being_signed_in_does_no_harm(client: FlaskClient) -> None:
    assert post(client, "/sign-out").status_code == 303


def test_a_disabled_account_is_out_at_once(
    client: FlaskClient, user: Account, store: Store
) -> None:
    sign_in(client, user.email)
    with store.write() as db:
        db.get_one(Account, user.id).active = False
    assert not is_in(client)
    assert sign_in(client, user.email).status_code == 422


def test_a_session_ends_after_half_an_hour_of_silence(
    clock: Traveller, client: FlaskClient, user: Account
) -> None:
    sign_in(client, user.email)
    clock.shift(29 * MINUTE)
    assert is_in(client)
    clock.shift(29 * MINUTE)
    assert is_in(client)
    clock.shift(31 * MINUTE)
    assert not is_in(client)


def test_a_session_ends_after_twelve_hours_however_busy_it_is(
    clock: Traveller, client: FlaskClient, user: Account
) -> None:
    sign_in(client, user.email)
    for _ in range(35):
        clock.shift(20 * MINUTE)
        assert is_in(client)
    clock.shift(20 * MINUTE)
    assert not is_in(client)


def test_a_session_is_ended_by_the_server_and_not_by_the_cookie(
    clock: Traveller, client: FlaskClient, user: Account
) -> None:
    answer = sign_in(client, user.email)
    cookies = {each.partition("=")[0]: each for each in answer.headers.getlist("Set-Cookie")}
    assert "Expires" not in cookies["session"]
    assert "Max-Age=7776000" in cookies["device"]


def test_ten_failures_slow_an_account_from_this_address_only(
    app: Flask, client: FlaskClient, user: Account
) -> None:
    assert MOST_FOR_ACCOUNT == 10
    for _ in range(10):
        assert sign_in(client, user.email, WRONG).status_code == 422
    assert sign_in(client, user.email).status_code == 422
    other = app.test_client()
    other.environ_base["REMOTE_ADDR"] = ELSEWHERE
    assert sign_in(other, user.email).status_code == 303


def test_an_account_that_does_not_exist_is_slowed_like_one_that_does(
    client: FlaskClient, user: Account, store: Store
) -> None:
    unknown = "nobody@muster.example"
    fail(store, *(f"{email} 127.0.0.1" for email in (user.email, unknown) for _ in range(9)))
    last, further = ([said(sign_in(client, email, WRONG)) for email in (user.email, unknown)]
                     for _ in range(2))  # fmt: skip
    assert last[0] == last[1] != further[0] == further[1]


def test_a_slowed_account_is_free_again_after_a_quarter_of_an_hour(
    clock: Traveller, client: FlaskClient, user: Account, store: Store
) -> None:
    fail(store, *[f"{user.email} 127.0.0.1"] * 10)
    clock.shift(14 * MINUTE)
    assert sign_in(client, user.email).status_code == 422
    clock.shift(2 * MINUTE)
    assert sign_in(client, user.email).status_code == 303


def test_an_address_that_tries_many_accounts_is_slowed_for_all(
    app: Flask, client: FlaskClient, user: Account, store: Store
) -> None:
    fail(store, *["127.0.0.1"] * MOST_FROM_ADDRESS)
    assert sign_in(client, user.email).status_code == 422
    other = app.test_client()
    other.environ_base["REMOTE_ADDR"] = ELSEWHERE
    assert sign_in(other, user.email).status_code == 303


def test_a_failure_counts_for_the_account_and_for_the_address(
    client: FlaskClient, user: Account, store: Store
) -> None:
    sign_in(client, user.email.upper(), WRONG)
    with store.read() as db:
        for key in (f"{user.email} 127.0.0.1", "127.0.0.1"):
            assert attempts.count(db, KIND, key) == 1


def test_signing_in_makes_the_device_known_to_ones_own_mailbox(
    client: FlaskClient, user: Account, store: Store, anna: Mailbox, beat: Mailbox
) -> None:
    sign_in(client, user.email)
    device = client.get_cookie("device")
    assert device is not None
    with store.read() as db:
        assert sessions.is_known(db, device.value, anna.id)
        assert not sessions.is_known(db, device.value, beat.id)


def test_only_hashes_of_tokens_are_kept(client: FlaskClient, user: Account, store: Store) -> None:
    sign_in(client, user.email)
    with client.session_transaction() as session:
        token = session["_user_id"]
    device = client.get_cookie("device")
    assert device is not None
    kept = repr(stock(store))
    assert not any(secret in kept for secret in (token, device.value, PASSWORD))
