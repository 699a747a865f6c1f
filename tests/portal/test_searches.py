import time
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient

from mailstore.heldlist import Sort
from mailstore.mailboxes import Mailbox
from mailstore.pages import SIZE
from mailstore.store import Store
from tests.factories import NOON, an_accepted
from tests.portal.browsing import following, listed
from tests.portal.test_paging import BAD, ODD

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

SHOWN = ("", "over")
FLOODS = {
    "percent": "%" * 5000,
    "underscore": "_" * 5000,
    "both": "%_" * 2000 + "%",
    "words": " ".join(["%a%_"] * 1000),
    "stars": "*" * 5000,
    "quotes": "'\"\\" * 500,
    "full-text syntax": 'NEAR("a" AND (b OR',
    "SQL": "' OR 1=1 --",
    "NUL": "a\0b",
    "lone surrogate": b"\xed\xa0\x80",
    "turns": "\u202e" * 500,
    "blanks": " " * 5000,
}
UNKNOWN = {
    "sort": ["password", "score;DROP TABLE deliveries", "-newest", "1", "\0"],
    "class": ["x", "SPAM", "spam,virus", "%"],
    "mailbox": ["x", "1.5", "1 OR 1", "\0", "9" * 5000],
}
FOREIGN = ["0", "-1", "999", "9" * 30]


def list_of(**asked: str | bytes) -> str:
    return f"/quarantine/?{urlencode(asked)}"


@pytest.fixture
def full(store: Store, anna: Mailbox) -> None:
    for number in range(SIZE + 1):
        an_accepted(store, anna, held=True, at=NOON + timedelta(minutes=number))


@pytest.mark.usefixtures("clock", "full")
@pytest.mark.parametrize("show", SHOWN, ids=["held", "over"])
@pytest.mark.parametrize("words", FLOODS.values(), ids=FLOODS)
def test_whatever_is_searched_for_is_answered_at_once(
    browser: FlaskClient, words: str | bytes, show: str
) -> None:
    path = list_of(q=words, show=show)
    # A machine that stalls once says nothing of the search: the quickest of three counts.
    assert min(seconds_for(browser, path) for _ in range(3)) < 1
    answer = browser.get(path)
    assert answer.status_code == 200
    assert len(listed(answer)) <= SIZE


def seconds_for(browser: FlaskClient, path: str) -> float:
    begun = time.monotonic()
    browser.get(path)
    return time.monotonic() - begun


@pytest.mark.usefixtures("clock", "full")
def test_a_wildcard_is_looked_for_as_it_is_written(browser: FlaskClient) -> None:
    for words in ("%", "_", "Pl%ns", "Pl_ns", "*"):
        assert listed(browser.get(list_of(q=words))) == []
    assert len(listed(browser.get(list_of(q="pLANS")))) == SIZE


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in UNKNOWN.items() for value in values]
)
def test_what_no_list_has_is_refused(browser: FlaskClient, name: str, value: str) -> None:
    assert browser.get(list_of(**{name: value})).status_code == 400


@pytest.mark.parametrize("mailbox", FOREIGN)
def test_a_mailbox_of_others_is_not_found(browser: FlaskClient, mailbox: str) -> None:
    assert browser.get(list_of(mailbox=mailbox)).status_code == 404


@pytest.mark.parametrize("sort", Sort)
def test_an_odd_place_breaks_no_order(
    browser: FlaskClient, sort: Sort, subtests: pytest.Subtests
) -> None:
    odd = (
        BAD
        | ODD
        | {"huge": "1e999_1", "not a number": "nan_1", "NUL in front": "\0_1", "name": "Bob_1"}
    )
    for show in SHOWN:
        for name, after in odd.items():
            with subtests.test(f"{show} {name}"):
                answer = browser.get(list_of(sort=sort, show=show, after=after))
                assert answer.status_code in (200, 400)


@pytest.mark.usefixtures("clock", "full")
@pytest.mark.parametrize("sort", Sort)
def test_the_next_page_shows_the_rest_in_every_order(browser: FlaskClient, sort: Sort) -> None:
    first = browser.get(list_of(sort=sort, size="1000000000", limit="-1"))
    second = browser.get(following(first))
    assert (len(listed(first)), len(listed(second))) == (SIZE, 1)
    assert not set(listed(first)) & set(listed(second))
