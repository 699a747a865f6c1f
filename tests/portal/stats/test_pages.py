import pytest
from flask.testing import FlaskClient

from mailstore import stats
from mailstore.mailboxes import Mailbox
from mailstore.store import Store
from portal.stats import drawn, ranges
from tests.portal.browsing import in_english, policy_of, said
from tests.portal.stats.reported import busy

pytestmark = pytest.mark.usefixtures("clock")

PATHS = ("/admin/statistics/", "/admin/statistics/quarantine", "/admin/statistics/chart.svg",
         "/admin/statistics/numbers.csv", "/admin/statistics/quarantine.csv")  # fmt: skip


@pytest.mark.parametrize("days", ranges.RANGES)
def test_the_figures_of_some_days_are_shown(
    office: FlaskClient, store: Store, anna: Mailbox, beat: Mailbox, days: str
) -> None:
    busy(store, anna, beat)
    page = said(in_english(office).get("/admin/statistics/", query_string={"days": days}))
    numbers = (0, 0) if days == "yesterday" else (4, 2)
    assert "Received {} Held in quarantine {}".format(*numbers) in page
    assert (anna.address in page) is (days != "yesterday")


def test_what_is_held_for_whom_is_shown(
    office: FlaskClient, store: Store, anna: Mailbox, beat: Mailbox
) -> None:
    assert "Nothing is held" in said(in_english(office).get(PATHS[1]))
    busy(store, anna, beat, beat)
    page = said(office.get(PATHS[1]))
    assert page.index(beat.address) < page.index(anna.address)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("domain", ["9999", "x", "foreign"])
def test_a_domain_of_others_is_not_there(
    office: FlaskClient, stranger: Mailbox, path: str, domain: str
) -> None:
    wanted = stranger.domain_id if domain == "foreign" else domain
    assert office.get(path, query_string={"domain": wanted}).status_code == 404


@pytest.mark.parametrize("path", PATHS)
def test_of_other_tenants_nothing_is_counted(
    office: FlaskClient, store: Store, anna: Mailbox, stranger: Mailbox, path: str
) -> None:
    before = office.get(path, query_string={"domain": anna.domain_id}).data
    busy(store, stranger)
    assert office.get(path, query_string={"domain": anna.domain_id}).data == before
    assert b"elsewhere.example" not in office.get(path).data


@pytest.mark.parametrize("path", PATHS)
def test_a_person_finds_no_statistics(browser: FlaskClient, path: str) -> None:
    assert browser.get(path).status_code == 404


@pytest.mark.parametrize("chart", drawn.CHARTS)
@pytest.mark.parametrize("theme", drawn.PAPER)
def test_a_chart_is_a_picture_in_which_nothing_runs(
    office: FlaskClient, store: Store, anna: Mailbox, chart: str, theme: str
) -> None:
    busy(store, anna)
    asked = {"chart": chart, "theme": theme, "small": 1}
    answer = office.get("/admin/statistics/chart.svg", query_string=asked)
    assert answer.mimetype == "image/svg+xml"
    policy = policy_of(answer)
    assert policy["default-src"] == ["'none'"]
    assert policy["sandbox"] == []
    assert "script-src" not in policy


@pytest.mark.parametrize("asked", [{"chart": "x"}, {"theme": "x"}, {"days": "x"}])
def test_a_chart_that_there_is_none_of_is_not_found(
    office: FlaskClient, asked: dict[str, str]
) -> None:
    assert office.get("/admin/statistics/chart.svg", query_string=asked).status_code == 404


def test_colours_of_a_legend_are_those_of_the_chart(office: FlaskClient) -> None:
    with office.get("/static/mailhafen.css") as answer:
        style = answer.text
    names = [*stats.RECEIVED, "refused", "bytes_in", "bytes_out"]
    for name in names:
        colours = f"light-dark({drawn.COLOURS['light'][name]}, {drawn.COLOURS['dark'][name]})"
        (line,) = [each for each in style.splitlines() if f".swatch-{name}" in each]
        assert colours in line
