from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from time_machine import Traveller

from mailstore.accounts import Account
from mailstore.store import Store
from portal.access import FRESH
from tests.portal.browsing import PASSWORD, csrf, enter, in_english, post, said
from tests.portal.signing import WRONG, a_phone, an_emergency_code, counted, is_in, sessions_of

CHANGE, AGAIN = "/password/change", "/sign-in/again"
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@pytest.fixture
def stale(clock: Traveller, client: FlaskClient, store: Store, user: Account) -> FlaskClient:
    """Return a browser in which Anna signed in a little too long ago."""
    enter(client, store, user)
    clock.shift(FRESH + SECOND)
    return client


def test_within_ten_minutes_nobody_is_asked_again(
    clock: Traveller, client: FlaskClient, store: Store, user: Account
) -> None:
    enter(client, store, user)
    clock.shift(FRESH)
    assert client.get(CHANGE).status_code == 200


def test_later_a_page_leads_to_proving_it_again_and_back(stale: FlaskClient) -> None:
    answer = stale.get(f"{CHANGE}?next=/webmail/")
    assert (answer.status_code, urlsplit(answer.location).path) == (303, AGAIN)
    assert parse_qs(urlsplit(answer.location).query)["next"] == [f"{CHANGE}?next=/webmail/"]
    proven = post(stale, answer.location, "/", password=PASSWORD)
    assert (proven.status_code, proven.location) == (303, f"{CHANGE}?next=/webmail/")
    assert stale.get(CHANGE).status_code == 200


@pytest.mark.parametrize(
    ("named", "leads_to"),
    [({}, CHANGE), ({"next": "/webmail/"}, "/webmail/"), ({"next": "//evil.example"}, CHANGE)],
    ids=["nothing", "a page", "elsewhere"],
)
def test_later_a_deed_is_not_done_but_leads_there_too(
    stale: FlaskClient, user: Account, store: Store, named: dict[str, str], leads_to: str
) -> None:
    before = sessions_of(store, user)
    form = {"password": "three wet umbrellas", "once_more": "three wet umbrellas"}
    answer = post(stale, CHANGE, "/", **form, **named)
    assert (answer.status_code, urlsplit(answer.location).path) == (303, AGAIN)
    assert parse_qs(urlsplit(answer.location).query)["next"] == [leads_to]
    assert [each.id for each in sessions_of(store, user)] == [each.id for each in before]


def test_a_wrong_password_proves_nothing_and_counts(stale: FlaskClient, store: Store) -> None:
    answer = post(in_english(stale), AGAIN, "/", password=WRONG)
    assert answer.status_code == 422
    assert "This password does not fit." in said(answer)
    assert WRONG not in answer.text
    assert urlsplit(stale.get(CHANGE).location).path == AGAIN
    assert len(counted(store, "sign_in")) == 3


def test_an_emergency_code_proves_it_too(stale: FlaskClient, store: Store, user: Account) -> None:
    code = an_emergency_code(store, user)
    assert post(stale, AGAIN, "/", password=code).status_code == 303
    assert [each.way for each in sessions_of(store, user)] == ["emergency code"]
    assert stale.get(CHANGE).status_code == 200


def test_a_code_of_somebody_else_proves_nothing(
    stale: FlaskClient, store: Store, admin: Account
) -> None:
    assert post(stale, AGAIN, "/", password=an_emergency_code(store, admin)).status_code == 422


@pytest.mark.parametrize("path", [AGAIN, CHANGE])
def test_whoever_is_not_signed_in_signs_in(client: FlaskClient, path: str) -> None:
    assert urlsplit(client.get(path).location).path == "/sign-in"
    assert post(client, path, token=csrf(client), password=PASSWORD).status_code == 401


def test_proving_it_ends_the_session_and_begins_another(
    stale: FlaskClient, store: Store, user: Account
) -> None:
    (before,) = sessions_of(store, user)
    post(stale, AGAIN, "/", password=PASSWORD)
    (after,) = sessions_of(store, user)
    assert after.token_hash != before.token_hash
    assert is_in(stale)


def test_with_a_second_factor_a_password_alone_proves_nothing(
    clock: Traveller, stale: FlaskClient, store: Store, user: Account
) -> None:
    phone = a_phone(store, user)
    clock.shift(MINUTE)
    half = post(stale, f"{AGAIN}?next={CHANGE}", "/", password=PASSWORD)
    assert urlsplit(half.location).path == "/sign-in/code"
    assert urlsplit(stale.get(CHANGE).location).path == AGAIN
    whole = post(stale, half.location, half.location, code=phone.code())
    assert (whole.status_code, whole.location) == (303, CHANGE)
    assert stale.get(CHANGE).status_code == 200
    assert len(sessions_of(store, user)) == 1


@pytest.mark.parametrize("following", ["//evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_proving_it_never_leads_elsewhere(stale: FlaskClient, following: str) -> None:
    answer = post(stale, f"{AGAIN}?next={following}", "/", password=PASSWORD)
    assert answer.location == "/"
