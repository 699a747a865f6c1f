import threading
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from time_machine import Traveller

from mailstore.accounts import Account
from mailstore.attempts import MOST_FOR_ACCOUNT, MOST_FROM_NETWORK, MOST_HERE, SIGN_IN
from mailstore.mailboxes import Mailbox
from mailstore.store import Store
from portal.auth.tries import CODE, REPORT
from tests.portal.browsing import (
    a_report,
    csrf,
    in_english,
    know_device,
    post,
    said,
    sign_in,
    wrong_code,
)
from tests.portal.signing import (
    ELSEWHERE,
    HERE,
    WRONG,
    an_emergency_code,
    counted,
    fail,
    from_elsewhere,
    tried,
)

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

MINUTE = timedelta(minutes=1)
NOBODY = "nobody@muster.example"


def test_ten_failures_slow_an_account_from_this_address_only(
    app: Flask, client: FlaskClient, user: Account
) -> None:
    assert MOST_HERE == 10
    assert tried(client, user.email, 10).status_code == 422
    assert sign_in(client, user.email).status_code == 429
    assert sign_in(from_elsewhere(app.test_client()), user.email).status_code == 303


def test_whoever_is_slowed_is_told_when_to_come_again(
    clock: Traveller, client: FlaskClient, user: Account, store: Store
) -> None:
    fail(store, SIGN_IN, *[f"{user.email} {HERE}"] * 10)
    clock.shift(4 * MINUTE)
    answer = sign_in(in_english(client), user.email)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "660")
    assert "Come again in 11 minutes." in said(answer)


def test_an_account_that_does_not_exist_is_slowed_like_one_that_does(
    client: FlaskClient, user: Account, store: Store
) -> None:
    both = (user.email, NOBODY)
    fail(store, SIGN_IN, *(f"{email} {HERE}" for email in both for _ in range(9)))
    for status in (422, 429):
        answers = [sign_in(client, email, WRONG) for email in both]
        assert {each.status_code for each in answers} == {status}
        assert len({said(each) for each in answers}) == 1


def test_a_slowed_account_is_free_again_after_a_quarter_of_an_hour(
    clock: Traveller, client: FlaskClient, user: Account, store: Store
) -> None:
    fail(store, SIGN_IN, *[f"{user.email} {HERE}"] * 10)
    clock.shift(14 * MINUTE)
    assert sign_in(client, user.email).status_code == 429
    clock.shift(MINUTE)
    assert sign_in(client, user.email).status_code == 303


@pytest.mark.parametrize(
    ("first", "second", "status"),
    [("192.0.2.1", "192.0.2.2", 303), ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", 429),
     ("2001:db8:0:1::1", "2001:db8:0:2::1", 303), ("::ffff:192.0.2.1", "192.0.2.1", 429)],
    ids=["another", "the same /64", "another /64", "the same, mapped"],
)  # fmt: skip
def test_a_network_is_an_address_or_a_64_of_ipv6(
    app: Flask, user: Account, store: Store, first: str, second: str, status: int
) -> None:
    tried(from_elsewhere(app.test_client(), first), user.email, MOST_HERE)
    assert sign_in(from_elsewhere(app.test_client(), second), user.email).status_code == status


def test_an_address_that_tries_many_accounts_is_slowed_for_all(
    app: Flask, client: FlaskClient, user: Account, store: Store
) -> None:
    fail(store, SIGN_IN, *[HERE] * MOST_FROM_NETWORK)
    assert sign_in(client, user.email).status_code == 429
    assert sign_in(from_elsewhere(app.test_client()), user.email).status_code == 303


def test_a_hundred_tries_from_many_places_slow_strangers_and_not_the_persons_own_browser(
    app: Flask, client: FlaskClient, user: Account, store: Store, anna: Mailbox
) -> None:
    fail(store, SIGN_IN, *[user.email, NOBODY] * MOST_FOR_ACCOUNT)
    for email in (user.email, NOBODY):
        assert sign_in(client, email).status_code == 429
    know_device(client, store, anna)
    assert sign_in(client, user.email).status_code == 303


def test_a_browser_that_somebody_else_is_known_in_is_a_stranger(
    client: FlaskClient, user: Account, store: Store, beat: Mailbox
) -> None:
    fail(store, SIGN_IN, *[user.email] * MOST_FOR_ACCOUNT)
    know_device(client, store, beat)
    assert sign_in(client, user.email).status_code == 429


def test_an_emergency_code_works_however_often_others_tried(
    client: FlaskClient, user: Account, store: Store
) -> None:
    fail(store, SIGN_IN, *[user.email] * 200, *[f"{user.email} {HERE}"] * 200)
    code = an_emergency_code(store, user)
    assert sign_in(client, user.email, code).status_code == 303


def test_codes_are_slowed_too(client: FlaskClient, user: Account, store: Store) -> None:
    code = an_emergency_code(store, user)
    assert tried(client, user.email, MOST_HERE, "2222-3333-4444-5555").status_code == 422
    assert sign_in(client, user.email, code).status_code == 429


def test_a_failure_counts_for_the_account_and_for_the_address(
    client: FlaskClient, user: Account, store: Store
) -> None:
    sign_in(client, user.email.upper(), WRONG)
    assert counted(store, SIGN_IN) == sorted([user.email, f"{user.email} {HERE}", HERE])


def test_a_right_password_counts_for_nothing(
    client: FlaskClient, user: Account, store: Store
) -> None:
    sign_in(client, user.email, WRONG)
    before = counted(store, SIGN_IN)
    sign_in(client, user.email)
    assert counted(store, SIGN_IN) == before
    assert counted(store, CODE) == []


def test_many_tries_at_once_get_no_further_than_one_after_another(
    app: Flask, user: Account, store: Store
) -> None:
    def attempt() -> None:
        browser = from_elsewhere(app.test_client())
        statuses.append(sign_in(browser, user.email, WRONG).status_code)

    statuses: list[int] = []
    threads = [threading.Thread(target=attempt) for _ in range(16)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert (statuses.count(422), statuses.count(429)) == (MOST_HERE, 6)
    assert counted(store, SIGN_IN).count(f"{user.email} {ELSEWHERE}") == MOST_HERE


def test_codes_of_reports_are_slowed_by_place(
    client: FlaskClient, store: Store, anna: Mailbox
) -> None:
    links = a_report(store, anna)
    client.get(links.quarantine)
    fail(store, REPORT, *[HERE] * (MOST_FROM_NETWORK - 1))
    assert post(client, "/code", "/code", code=wrong_code(links)).status_code == 422
    assert post(client, "/code", "/code", code=links.code).status_code == 429
    assert post(from_elsewhere(client), "/code", "/code", code=links.code).status_code == 303


def test_asking_for_new_links_is_slowed_for_all_accounts_alike(
    client: FlaskClient, user: Account, store: Store
) -> None:
    token = csrf(client)
    statuses = [post(client, "/password/forgot", token=token, email=NOBODY).status_code
                for _ in range(11)]  # fmt: skip
    assert statuses == [303] * 10 + [429]
    assert post(client, "/password/forgot", token=token, email=user.email).status_code == 429
