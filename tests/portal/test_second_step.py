from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from time_machine import Traveller

from mailstore import bearer, codes, passwords, people, sessions
from mailstore.accounts import Account
from mailstore.attempts import MOST_HERE
from mailstore.codes import CodeKind
from mailstore.mailboxes import Mailbox
from mailstore.store import Store
from portal.auth.tries import (
    MOST_KNOWN,
    MOST_SECOND,
    MOST_SECOND_A_DAY,
    RECOVERY,
    SECOND,
    SECOND_DAY,
)
from tests.portal.browsing import PASSWORD, csrf, in_english, know_device, post, said, sign_in
from tests.portal.signing import (
    WRONG,
    Phone,
    a_phone,
    alter,
    an_emergency_code,
    counted,
    fail,
    from_elsewhere,
    is_in,
    session_cookie,
    sessions_of,
)

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

STEP = timedelta(seconds=30)
PATH = "/sign-in/code"


def set_password(db: Session, account: Account) -> None:
    passwords.set_hash(db, account, None, by="test")


def log_out(db: Session, account: Account) -> None:
    sessions.log_out_everywhere(db, account, by="test")


def start_over(db: Session, account: Account) -> None:
    people.start_over(db, account, codes.fresh(CodeKind.EMERGENCY), by="test")


@pytest.fixture
def phone(clock: Traveller, store: Store, user: Account) -> Phone:
    """Turn the second factor of Anna's account on, and let its first code pass."""
    phone = a_phone(store, user)
    clock.shift(2 * STEP)
    return phone


@pytest.fixture
def half_in(client: FlaskClient, user: Account, phone: Phone) -> FlaskClient:
    """Return a browser in which the first step is done."""
    answer = sign_in(client, user.email, path="/sign-in?next=/quarantine/")
    assert (answer.status_code, urlsplit(answer.location).path) == (303, PATH)
    return client


def second(client: FlaskClient, code: str, path: str = PATH) -> tuple[int, str]:
    answer = post(client, path, path, code=code)
    return answer.status_code, answer.location or ""


def test_a_password_alone_opens_nothing(half_in: FlaskClient, user: Account, store: Store) -> None:
    assert not is_in(half_in)
    assert [each.halfway for each in sessions_of(store, user)] == [True]
    assert half_in.get_cookie("device") is None


def test_the_code_of_the_app_completes_it_and_leads_on(
    half_in: FlaskClient, phone: Phone, user: Account, store: Store
) -> None:
    before = session_cookie(half_in)
    assert second(half_in, phone.code(), f"{PATH}?next=/quarantine/") == (303, "/quarantine/")
    assert is_in(half_in)
    assert session_cookie(half_in) != before
    assert [each.way for each in sessions_of(store, user)] == ["password"]


def test_the_first_step_is_forgotten_with_the_second(half_in: FlaskClient, phone: Phone) -> None:
    second(half_in, phone.code())
    with half_in.session_transaction() as session:
        assert "second" not in session


def test_the_cookie_in_between_is_a_token_that_a_row_knows_by_its_hash(
    half_in: FlaskClient, user: Account, store: Store
) -> None:
    with half_in.session_transaction() as session:
        kept = bearer.hash_of(session["second"])
    assert [each.token_hash for each in sessions_of(store, user)] == [kept]


@pytest.mark.parametrize(
    "ends", [set_password, log_out, start_over], ids=lambda each: each.__name__
)
def test_the_first_step_ends_with_sessions(
    half_in: FlaskClient, phone: Phone, user: Account, store: Store, ends: Callable[..., object]
) -> None:
    token = csrf(half_in, PATH)
    with store.write() as db:
        ends(db, db.get_one(Account, user.id))
    assert post(half_in, PATH, token=token, code=phone.code()).location == "/sign-in"
    assert not is_in(half_in)


@pytest.mark.parametrize("next_path", ["//evil.example", "/\\evil.example", "https:evil.example"])
def test_neither_step_leads_elsewhere(
    client: FlaskClient, user: Account, phone: Phone, next_path: str
) -> None:
    answer = sign_in(client, user.email, path=f"/sign-in?next={next_path}")
    assert answer.location == PATH
    assert second(client, phone.code(), f"{PATH}?next={next_path}") == (303, "/")


@pytest.mark.parametrize("steps", [-1, 0, 1])
def test_a_clock_may_be_half_a_minute_wrong(half_in: FlaskClient, phone: Phone, steps: int) -> None:
    assert second(half_in, phone.code(steps))[0] == 303


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "\0", "x" * 5000])
def test_what_is_no_code_opens_nothing(half_in: FlaskClient, code: str) -> None:
    assert second(half_in, code)[0] == 422
    assert not is_in(half_in)


def test_a_wrong_code_says_so(half_in: FlaskClient, phone: Phone) -> None:
    answer = post(in_english(half_in), PATH, PATH, code=phone.wrong())
    assert answer.status_code == 422
    assert "This code does not fit." in said(answer)


def test_no_code_is_taken_twice(
    app: Flask, half_in: FlaskClient, user: Account, phone: Phone
) -> None:
    code, thief = phone.code(), app.test_client()
    sign_in(thief, user.email)
    assert second(half_in, code)[0] == 303
    assert second(thief, code)[0] == 422


def test_a_recovery_code_stands_for_the_app_once(
    app: Flask, half_in: FlaskClient, user: Account, phone: Phone
) -> None:
    code, other = phone.recovery[0].lower().replace("-", " "), app.test_client()
    sign_in(other, user.email)
    assert second(half_in, code)[0] == 303
    assert second(other, code)[0] == 422
    assert second(other, phone.recovery[1])[0] == 303


def test_a_recovery_code_is_no_password(client: FlaskClient, user: Account, phone: Phone) -> None:
    assert sign_in(client, user.email, phone.recovery[0]).status_code == 422


def test_an_emergency_code_is_no_second_step_but_needs_none(
    half_in: FlaskClient, user: Account, store: Store
) -> None:
    code = an_emergency_code(store, user)
    assert second(half_in, code)[0] == 422
    assert sign_in(half_in, user.email, code).status_code == 303
    assert is_in(half_in)


def test_the_second_step_is_open_for_five_minutes(
    clock: Traveller, half_in: FlaskClient, phone: Phone
) -> None:
    token = csrf(half_in, PATH)
    clock.shift(timedelta(minutes=5, seconds=1))
    answer = post(half_in, PATH, token=token, code=phone.code())
    assert (answer.status_code, answer.location) == (303, "/sign-in")
    assert urlsplit(half_in.get(PATH).location).path == "/sign-in"


def test_the_second_step_is_closed_to_an_account_that_was_turned_off(
    half_in: FlaskClient, user: Account, phone: Phone, store: Store
) -> None:
    token = csrf(half_in, PATH)
    alter(store, user, active=False)
    assert post(half_in, PATH, token=token, code=phone.code()).location == "/sign-in"
    assert not is_in(half_in)


def test_without_the_first_step_there_is_no_second(client: FlaskClient, phone: Phone) -> None:
    answer = post(client, PATH, code=phone.code())
    assert (answer.status_code, answer.location) == (303, "/sign-in")


def test_a_wrong_password_tells_nothing_of_the_second_factor(
    client: FlaskClient, user: Account, phone: Phone
) -> None:
    assert sign_in(client, user.email, WRONG).status_code == 422


def test_wrong_codes_are_slowed_here_and_for_strangers_everywhere(
    app: Flask, half_in: FlaskClient, user: Account, phone: Phone, store: Store
) -> None:
    for _ in range(MOST_HERE):
        assert second(half_in, phone.wrong())[0] == 422
    assert second(half_in, phone.code())[0] == 429
    other = from_elsewhere(app.test_client())
    sign_in(other, user.email)
    fail(store, SECOND, *[user.email] * MOST_SECOND)
    assert second(other, phone.code())[0] == 429
    assert second(other, phone.recovery[0])[0] == 303


def test_a_known_browser_guesses_no_longer_from_many_places(
    client: FlaskClient, user: Account, anna: Mailbox, phone: Phone, store: Store
) -> None:
    know_device(client, store, anna)
    sign_in(client, user.email)
    answers = []
    for network in range(4):
        from_elsewhere(client, f"2001:db8:0:{network}::1")
        answers += [second(client, phone.wrong())[0] for _ in range(MOST_HERE)]
    assert answers == [422] * MOST_KNOWN + [429] * (len(answers) - MOST_KNOWN)


def test_strangers_guess_so_often_a_day_and_the_persons_own_browser_does_not_care(
    clock: Traveller, half_in: FlaskClient, user: Account, anna: Mailbox, phone: Phone, store: Store
) -> None:
    fail(store, SECOND_DAY, *[user.email] * MOST_SECOND_A_DAY)
    clock.shift(timedelta(minutes=4))
    assert second(half_in, phone.code())[0] == 429
    know_device(half_in, store, anna)
    assert second(half_in, phone.code())[0] == 303


def test_a_right_code_counts_for_nothing(half_in: FlaskClient, phone: Phone, store: Store) -> None:
    second(half_in, phone.code())
    assert counted(store, SECOND) == counted(store, SECOND_DAY) == counted(store, RECOVERY) == []


def test_the_password_is_not_in_the_cookie(half_in: FlaskClient) -> None:
    with half_in.session_transaction() as session:
        assert PASSWORD not in repr(dict(session))
