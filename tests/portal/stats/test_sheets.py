import csv
import sys
from datetime import date
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstore.periods import Period
from mailstore.stats import Statistics
from portal.stats import bars, drawn, sheets
from portal.stats.sheets import Sheet
from portal.stats.words import Words

ZURICH = ZoneInfo("Europe/Zurich")
WORDS = Words.of("en", ZURICH)
WEEK = Period(date(2026, 11, 23), date(2026, 11, 29), ZURICH)
DAYS = (WEEK, Period(date(2026, 10, 25), date(2026, 10, 25), ZURICH))
NAMES = (*sheets.MAIL, *sheets.VOLUME, *sheets.TIMES)


def rows(content: bytes, between: str) -> list[list[str]]:
    text = content.decode()
    assert text.startswith(sheets.MARK)
    return list(csv.reader(StringIO(text.removeprefix(sheets.MARK), newline=""), delimiter=between))


@st.composite
def statistics(draw: st.DrawFn) -> Statistics:
    period = draw(st.sampled_from(DAYS))
    size = len(period.steps)
    counts = st.lists(st.integers(0, 10**6), min_size=size, max_size=size)
    return Statistics(period, draw(st.dictionaries(st.sampled_from(NAMES), counts)))


@given(statistics())
def test_a_file_has_a_row_for_each_step_and_their_sums(found: Statistics) -> None:
    head, *lines = rows(sheets.as_csv(sheets.for_spreadsheet(found, WORDS), "en"), ",")
    assert len(lines) == len(found.period.steps) + 1
    for place in range(1, len(head)):
        column = [int(line[place]) for line in lines]
        assert sum(column[:-1]) == column[-1]


@given(statistics())
def test_no_bar_is_wider_than_its_chart_and_whatever_there_is_is_seen(found: Statistics) -> None:
    charts = bars.kinds(found, WORDS), bars.times(found, WORDS), bars.steps(found, WORDS)
    for bar in (bar for chart in charts for bar in chart):
        widths = [width for _, width in bar.parts]
        assert all(width > 0 for width in widths)
        assert sum(widths) + bar.rest == bars.FULL
        assert bar.rest >= 0
        assert bool(widths) is (bar.said != "0")


@pytest.mark.parametrize("begun", ["=1+1", "+49", "-1", "@sum", "\tx", "\rx"])
@pytest.mark.parametrize(("language", "between"), [("de", ";"), ("en", ",")])
def test_a_spreadsheet_finds_no_formula(begun: str, language: str, between: str) -> None:
    content = sheets.as_csv(Sheet([begun, "Jürg;"], [[begun, 7]]), language)
    assert rows(content, between) == [[f"'{begun}", "Jürg;"], [f"'{begun}", "7"]]


@pytest.mark.parametrize("theme", drawn.PAPER)
@pytest.mark.parametrize("name", drawn.CHARTS)
@pytest.mark.parametrize("series", [{}, {"in_clean": [3] * 7, "in_virus": [1] * 7}])
def test_a_chart_has_no_script_and_loads_nothing(
    name: str, theme: str, series: dict[str, list[int]]
) -> None:
    picture = drawn.chart(name, Statistics(WEEK, series), WORDS, drawn.Look(theme, small=False))
    assert picture.startswith(b"<?xml")
    assert b"<script" not in picture
    assert b"href" not in picture
    assert b"@import" not in picture


def test_drawing_charts_leaves_no_import_hook_behind() -> None:
    assert [each for each in sys.meta_path if type(each).__module__ == "pygal"] == []


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (999, "999 B"), (1500, "2 KB"), (1_500_000, "1.5 MB"), (2 * 10**8, "200 MB")],
)
def test_a_volume_is_said_in_the_unit_that_fits(size: int, text: str) -> None:
    assert WORDS.volume(size) == text
