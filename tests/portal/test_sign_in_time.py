import time
from statistics import median

import pytest
from flask import Flask
from flask.testing import FlaskClient

from mailstore.accounts import Account
from mailstore.store import Store
from tests.portal.browsing import csrf, post
from tests.portal.signing import WRONG, alter, from_elsewhere

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

TIMES, MOST_SECONDS = 21, 0.020
CODE = "2222-3333-4444-5555"


@pytest.fixture
def emails(user: Account, admin: Account, store: Store) -> list[str]:
    """Return the address of an account, of one that is turned off, and of nobody."""
    alter(store, admin, active=False)
    return [user.email, admin.email, "nobody@muster.example"]


@pytest.fixture
def browser(app: Flask) -> FlaskClient:
    return app.test_client()


def seconds(browser: FlaskClient, token: str, path: str, number: int, **form: str) -> float:
    """Return how much work an answer is; each try comes from a place of its own.

    Work, and no wait: a busy machine lets some wait for longer than others.
    """
    from_elsewhere(browser, f"198.51.100.{number}")
    begun = time.process_time()
    assert post(browser, path, token=token, **form).status_code in (303, 422)
    return time.process_time() - begun


@pytest.mark.parametrize(
    ("path", "form"),
    [("/sign-in", {"password": WRONG}), ("/sign-in", {"password": CODE}),
     ("/password/forgot", {})],
    ids=["password", "code", "reset"],
)  # fmt: skip
def test_nobody_learns_from_the_time_who_exists(
    browser: FlaskClient, emails: list[str], path: str, form: dict[str, str]
) -> None:
    token = csrf(browser)
    taken: dict[str, list[float]] = {email: [] for email in emails}
    # In turns, so that a machine that is busy for a while is so for all.
    for number in range(TIMES):
        for email in emails:
            taken[email].append(seconds(browser, token, path, number, email=email, **form))
    medians = [median(each) for each in taken.values()]
    assert max(medians) - min(medians) < MOST_SECONDS
