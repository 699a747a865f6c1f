from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from time_machine import Traveller

from mailstore import devices
from mailstore.accounts import Account
from mailstore.mailboxes import Mailbox
from mailstore.store import Store
from tests.portal.browsing import (
    PASSWORD,
    a_report,
    an_owner,
    csrf,
    happened,
    in_english,
    post,
    said,
    sign_in,
    stock,
    told,
)
from tests.portal.signing import FITS_NOT, WRONG, alter, is_in, session_cookie, sessions_of

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

MINUTE = timedelta(minutes=1)


def test_the_right_password_opens_the_home_page(
    client: FlaskClient, user: Account, store: Store
) -> None:
    answer = sign_in(client, user.email)
    assert (answer.status_code, answer.location) == (303, "/")
    assert "Anna Keller" in client.get("/").text
    assert [event.by for event in happened(store, "signed_in")] == [user.email]


def test_a_session_says_how_and_from_where_it_was_begun(
    client: FlaskClient, user: Account, store: Store
) -> None:
    sign_in(client, user.email)
    (session,) = sessions_of(store, user)
    assert (session.way, session.address) == ("password", "127.0.0.1")
    with store.read() as db:
        assert db.get_one(Account, user.id).signed_in_at == session.created_at


@pytest.mark.parametrize("email", ["Anna@Muster.EXAMPLE", "  anna@muster.example "])
def test_an_address_is_known_in_any_spelling(
    client: FlaskClient, user: Account, email: str
) -> None:
    assert sign_in(client, email).status_code == 303


def test_who_is_signed_in_is_not_asked_again(browser: FlaskClient) -> None:
    for path, target in (("/sign-in", "/"), ("/sign-in?next=/quarantine/", "/quarantine/")):
        answer = browser.get(path)
        assert (answer.status_code, answer.location) == (303, target)


def test_wrong_unknown_and_disabled_look_the_same(
    client: FlaskClient, user: Account, admin: Account, store: Store
) -> None:
    alter(store, admin, active=False)
    tries = ((user.email, WRONG), ("nobody@muster.example", WRONG), (admin.email, PASSWORD))
    answers = [sign_in(in_english(client), email, password) for email, password in tries]
    assert {each.status_code for each in answers} == {422}
    assert len({said(each) for each in answers}) == 1
    assert FITS_NOT in said(answers[0])
    assert not is_in(client)


def test_an_account_without_a_password_opens_to_none(
    client: FlaskClient, store: Store, user: Account
) -> None:
    alter(store, user, password_hash=None)
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


def test_signing_in_as_somebody_else_ends_the_session_before(
    browser: FlaskClient, user: Account, beat: Mailbox, store: Store, hashed: str
) -> None:
    other = an_owner(store, beat, hashed)
    assert sign_in(browser, other.email).status_code == 303
    assert sessions_of(store, user) == []
    assert len(sessions_of(store, other)) == 1


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
    alter(store, user, active=False)
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


def test_signing_in_makes_the_device_known_to_ones_own_mailbox(
    client: FlaskClient, user: Account, store: Store, anna: Mailbox, beat: Mailbox
) -> None:
    sign_in(client, user.email)
    device = client.get_cookie("device")
    assert device is not None
    with store.read() as db:
        assert devices.is_known(db, device.value, anna.id)
        assert not devices.is_known(db, device.value, beat.id)


def test_only_hashes_of_tokens_are_kept(client: FlaskClient, user: Account, store: Store) -> None:
    sign_in(client, user.email)
    with client.session_transaction() as session:
        token = session["_user_id"]
    device = client.get_cookie("device")
    assert device is not None
    kept = repr(stock(store))
    assert not any(secret in kept for secret in (token, device.value, PASSWORD))
