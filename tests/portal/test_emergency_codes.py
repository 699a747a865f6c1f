from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from time_machine import Traveller

from mailstore.accounts import Account
from mailstore.store import Store
from tests.portal.browsing import happened, in_english, post, said, sign_in, told
from tests.portal.signing import alter, an_emergency_code, is_in, sessions_of

NEW = "three wet umbrellas"
MINUTE = timedelta(minutes=1)


def test_an_emergency_code_signs_in_once_and_offers_a_new_password(
    app: Flask, client: FlaskClient, user: Account, store: Store
) -> None:
    code = an_emergency_code(store, user)
    answer = sign_in(client, user.email, code, "/sign-in?next=/webmail/")
    assert answer.location == "/password/change?next=/webmail/"
    page = in_english(client).get(answer.location)
    assert "Set a new password" in said(page)
    assert 'href="/webmail/"' in page.text
    assert [each.way for each in sessions_of(store, user)] == ["emergency code"]
    assert sign_in(app.test_client(), user.email, code).status_code == 422
    assert [event.by for event in happened(store, "emergency_code_used")] == [user.email]


@pytest.mark.parametrize("spelling", [str.lower, lambda code: code.replace("-", ""),
                                      lambda code: f"  {code.replace('-', ' ')} ",
                                      lambda code: code.replace("-", "\u2013")],
                         ids=["small", "without dashes", "with blanks", "long dashes"])  # fmt: skip
def test_a_code_is_read_as_people_type_it(
    client: FlaskClient, user: Account, store: Store, spelling: object
) -> None:
    assert callable(spelling)
    code = spelling(an_emergency_code(store, user))
    assert sign_in(client, user.email, code).status_code == 303


def test_a_code_opens_only_the_account_that_it_was_made_for(
    client: FlaskClient, user: Account, admin: Account, store: Store
) -> None:
    code = an_emergency_code(store, user)
    for email in (admin.email, "nobody@muster.example"):
        assert sign_in(client, email, code).status_code == 422
    assert not is_in(client)


def test_a_code_of_an_account_that_is_turned_off_opens_nothing(
    client: FlaskClient, user: Account, store: Store
) -> None:
    code = an_emergency_code(store, user)
    alter(store, user, active=False)
    assert sign_in(client, user.email, code).status_code == 422


@pytest.mark.parametrize(("days", "status"), [(364, 303), (365, 422)])
def test_a_code_lives_for_a_year(
    clock: Traveller, client: FlaskClient, user: Account, store: Store, days: int, status: int
) -> None:
    code = an_emergency_code(store, user)
    clock.shift(timedelta(days=days))
    assert sign_in(client, user.email, code).status_code == status


def test_whoever_came_by_a_code_sets_a_password_and_goes_on(
    client: FlaskClient, user: Account, store: Store
) -> None:
    sign_in(client, user.email, an_emergency_code(store, user))
    path = "/password/change?next=/webmail/"
    answer = post(client, path, path, password=NEW, once_more=NEW)
    assert (answer.status_code, answer.location) == (303, "/webmail/")
    assert "New" not in told(client, answer)
    assert sign_in(client, user.email, NEW).status_code == 303
