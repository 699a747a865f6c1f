from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.exceptions import BadRequest

from mailstore.deliveries import Delivery
from mailstore.pages import SIZE, Page
from portal.paging import LARGEST_ID, Listing, asked_page, one_page
from tests.factories import NOON
from tests.portal.browsing import listed

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

Asking = Callable[[str], AbstractContextManager[object]]

BAD = {
    "word": "x",
    "no number": "2026-11-24T12:00:00+00:00",
    "empty number": "2026-11-24T12:00:00+00:00_",
    "no moment": "_7",
    "no zone": "2026-11-24T12:00:00_7",
    "no such day": "2026-02-30T12:00:00+00:00_7",
    "negative": "2026-11-24T12:00:00+00:00_-1",
    "fraction": "2026-11-24T12:00:00+00:00_1.5",
    "too large": f"2026-11-24T12:00:00+00:00_{LARGEST_ID}",
    "far too large": "2026-11-24T12:00:00+00:00_" + "9" * 5000,
    "SQL": "2026-11-24T12:00:00+00:00_1;DROP TABLE deliveries",
    "offset": "50",
    "NUL": "2026-11-24T12:00:00+00:00_7\0",
    "long": "x" * 10_000,
}
ODD = {
    "nothing": "",
    "long ago": "0001-01-01T00:00:00+00:00_0",
    "before the beginning": "0001-01-01T00:00:00+23:59_0",
    "after the end": "9999-12-31T23:59:59-23:59_0",
    "another zone": "2026-11-24T13:00:00+01:00_7",
}


def a_delivery(number: int) -> Delivery:
    return Delivery(id=number, accepted_at=NOON + timedelta(minutes=number))


@pytest.fixture
def asking() -> Asking:
    """Return what asks for a place in a list."""
    bare = Flask("paging")
    return lambda after: bare.test_request_context("/", query_string={"after": after})


@pytest.mark.parametrize("after", BAD.values(), ids=BAD)
def test_a_place_that_no_list_has_is_refused(asking: Asking, after: str) -> None:
    with asking(after), pytest.raises(BadRequest):
        asked_page()


def test_every_list_answers_whatever_place_is_asked_for(
    browser: FlaskClient, subtests: pytest.Subtests
) -> None:
    for path in ("/quarantine/", "/webmail/"):
        for name, after in (BAD | ODD).items():
            with subtests.test(f"{path} {name}"):
                answer = browser.get(path, query_string={"after": after})
                assert answer.status_code == 400 or name in ODD
                assert answer.status_code < 500


def test_without_a_place_a_list_begins_at_the_newest(asking: Asking) -> None:
    with asking(""):
        assert asked_page() == Page()


def test_a_place_is_read_as_it_was_written(asking: Asking) -> None:
    moment = datetime(2026, 11, 24, 12, 0, 0, 123456, tzinfo=UTC)
    with asking(f"{moment.isoformat()}_7"):
        assert asked_page() == Page((moment, 7))


def test_a_blank_for_a_plus_is_refused_and_not_guessed(asking: Asking) -> None:
    with asking("2026-11-24T12:00:00 00:00_7"), pytest.raises(BadRequest):
        asked_page()


def by_age(found: list[Delivery]) -> Listing[Delivery]:
    return one_page(found, lambda each: (each.accepted_at, each.id))


@pytest.mark.parametrize("count", [0, 1, SIZE])
def test_a_list_that_fits_goes_on_nowhere(count: int) -> None:
    found = [a_delivery(number) for number in range(count)]
    assert by_age(found).items == found
    assert by_age(found).following is None


def test_a_list_that_does_not_fit_goes_on_after_its_last(asking: Asking) -> None:
    shown = by_age([a_delivery(number) for number in range(SIZE + 1)])
    last = a_delivery(SIZE - 1)
    assert len(shown.items) == SIZE
    with asking(shown.following or ""):
        assert asked_page() == Page((last.accepted_at, last.id))


def test_the_size_of_a_page_is_not_for_visitors_to_choose(browser: FlaskClient) -> None:
    answer = browser.get("/webmail/?size=1000000000&limit=-1&page=-1&sort=password")
    assert (answer.status_code, listed(answer)) == (200, [])
