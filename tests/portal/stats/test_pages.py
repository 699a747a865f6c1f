import re
from itertools import product

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from mailstore import stats
from mailstore.mailboxes import Mailbox
from mailstore.store import Store
from portal.stats import drawn, ranges
from tests.databases import on_sqlite
from tests.portal.browsing import in_english, policy_of, said
from tests.portal.stats.reported import busy

pytestmark = pytest.mark.usefixtures("clock")

CHART = "/admin/statistics/chart.svg"
PATHS = ("/admin/statistics/", "/admin/statistics/most", "/admin/statistics/quarantine", CHART,
         "/admin/statistics/numbers.csv", "/admin/statistics/quarantine.csv")  # fmt: skip


def test_the_figures_of_some_days_are_shown(
    office: FlaskClient, store: Store, anna: Mailbox, beat: Mailbox
) -> None:
    busy(store, anna, beat)
    for days in ranges.RANGES:
        page = said(in_english(office).get(PATHS[0], query_string={"days": days}))
        numbers = (0, 0) if days == "yesterday" else (4, 2)
        assert "Received {} Held in quarantine {}".format(*numbers) in page
        page = said(office.get("/admin/statistics/most", query_string={"days": days}))
        assert (anna.address in page) is (days != "yesterday")


def test_what_is_held_for_whom_is_shown(
    office: FlaskClient, store: Store, anna: Mailbox, beat: Mailbox
) -> None:
    assert "Nothing is held" in said(in_english(office).get(PATHS[2]))
    busy(store, anna, beat, beat)
    page = said(office.get(PATHS[2]))
    assert page.index(beat.address) < page.index(anna.address)


def test_a_domain_of_others_is_not_there(office: FlaskClient, stranger: Mailbox) -> None:
    for path, domain in product(PATHS, ("9999", "x", stranger.domain_id)):
        assert office.get(path, query_string={"domain": domain}).status_code == 404


def test_of_other_tenants_nothing_is_counted(
    office: FlaskClient, store: Store, anna: Mailbox, stranger: Mailbox
) -> None:
    before = [bare(office.get(path)) for path in PATHS]
    busy(store, stranger)
    assert [bare(office.get(path)) for path in PATHS] == before


@on_sqlite
def test_a_person_finds_no_statistics(browser: FlaskClient) -> None:
    assert {browser.get(path).status_code for path in PATHS} == {404}


@on_sqlite
def test_a_chart_is_a_picture_in_which_nothing_runs(
    office: FlaskClient, store: Store, anna: Mailbox
) -> None:
    busy(store, anna)
    for chart, theme in product(drawn.CHARTS, drawn.PAPER):
        answer = office.get(CHART, query_string={"chart": chart, "theme": theme, "small": 1})
        assert answer.mimetype == "image/svg+xml"
        policy = policy_of(answer)
        assert policy["default-src"] == ["'none'"]
        assert policy["sandbox"] == []
        assert "script-src" not in policy


@on_sqlite
def test_a_chart_that_there_is_none_of_is_not_found(office: FlaskClient) -> None:
    for name in ("chart", "theme", "days"):
        assert office.get(CHART, query_string={name: "x"}).status_code == 404


@on_sqlite
def test_colours_of_a_legend_are_those_of_the_chart(office: FlaskClient) -> None:
    with office.get("/static/mailhafen.css") as answer:
        style = answer.data.decode()
    names = [*stats.RECEIVED, "refused", "bytes_in", "bytes_out"]
    for name in names:
        colours = f"light-dark({drawn.COLOURS['light'][name]}, {drawn.COLOURS['dark'][name]})"
        (line,) = [each for each in style.splitlines() if f".swatch-{name}" in each]
        assert colours in line


def bare(answer: TestResponse) -> str:
    """Return an answer without the tokens of its forms, which differ from page to page."""
    return re.sub(r'name="csrf_token"[^>]*>', "", answer.data.decode())
