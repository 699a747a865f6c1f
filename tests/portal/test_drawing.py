from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask, url_for
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from mailstore.messages import Message
from portal import drawing
from portal.sight import shown
from portal.voices import Voice
from tests.factories import NOON

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

ZURICH = "Europe/Zurich"
SCRIPT = "<script>"


def rendered(app: Flask, source: str, path: str = "/sign-in", **values: Any) -> str:
    with app.test_request_context(path):
        return app.jinja_env.from_string(source).render(**values)


@pytest.mark.parametrize(
    ("endpoint", "values"),
    [
        ("quarantine.index", {}),
        ("quarantine.look", {"delivery_id": 17}),
        (".look", {"delivery_id": 2**62}),
        (".index", {"after": "a b&c"}),
        (".index", {"page": 3}),
        (".index", {"after": None}),
        ("files.attachment", {"delivery_id": 1, "number": 0}),
        ("static", {"filename": "mark.svg"}),
        ("quarantine.index", {"_external": True}),
    ],
)
def test_addresses_in_templates_are_those_of_flask(
    app: Flask, endpoint: str, values: dict[str, Any]
) -> None:
    address: Any = app.jinja_env.globals["url_for"]
    for root in ("", "/below"):
        with app.test_request_context("/quarantine/", environ_overrides={"SCRIPT_NAME": root}):
            for _ in range(2):
                assert address(endpoint, **values) == url_for(endpoint, **values)


@pytest.mark.parametrize(
    ("value", "html"),
    [
        (SCRIPT, "&lt;script&gt;"), (Markup("<b>"), "<b>"), (7, "7"), (None, "None"),
        ("a\u202eb", "ab"), (Markup("<b>\u2066x"), "<b>x"), ("Zürich “«", "Zürich “«"),
    ],
)  # fmt: skip
def test_what_is_shown_is_escaped_and_turns_nothing(app: Flask, value: object, html: str) -> None:
    assert shown(value) == html
    assert rendered(app, "{{ value }}", value=value) == html
    assert rendered(app, "{% macro m(v) %}{{ v }}{% endmacro %}{{ m(value) }}", value=value) == html


def test_functions_that_ask_for_the_context_still_get_it(app: Flask) -> None:
    @pass_context
    def asks(context: Context, more: str) -> str:
        return f"{context['word']} {more}"

    source = "{% for each in [1] %}{{ asks(SCRIPT) }}{{ plain(each) }}{% endfor %}"
    values: dict[str, Any] = {
        "asks": asks,
        "word": "here",
        "SCRIPT": SCRIPT,
        "plain": lambda number: number + 1,
    }
    assert rendered(app, source, **values) == "here &lt;script&gt;2"


def test_an_author_cannot_write_html() -> None:
    voice = Voice("en", ZURICH)
    message = Message(author_name=SCRIPT, author=f"{SCRIPT}@a", sender=f"{SCRIPT}@b")
    drawn = drawing.author(voice, message)
    assert SCRIPT not in drawn
    assert drawn.count("&lt;script&gt;") == 3


def test_a_text_escapes_what_fills_its_gaps() -> None:
    said = Voice("de", ZURICH).text("sent by %(sender)s", sender=SCRIPT)
    assert "&lt;script&gt;" in said
    assert SCRIPT not in said


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(
    ("language", "zone", "at", "said"),
    [
        ("de", ZURICH, NOON, "13:00"),
        ("de", "UTC", NOON, "12:00"),
        ("en", ZURICH, NOON - timedelta(days=1), "Nov 23 13:00"),
        ("de", ZURICH, NOON - timedelta(days=1), "23. Nov. 13:00"),
        ("de", ZURICH, NOON - timedelta(days=365), "24. Nov. 2025"),
        # A day begins elsewhere at another time.
        ("en", "Pacific/Auckland", datetime(2026, 11, 24, 23, tzinfo=UTC), "12:00"),
        ("en", "Pacific/Auckland", datetime(2026, 11, 24, 10, tzinfo=UTC), "Nov 24 23:00"),
    ],
)
def test_times_are_said_in_a_language_and_a_zone(
    language: str, zone: str, at: datetime, said: str
) -> None:
    assert Voice(language, zone).moment(at) == said


@pytest.mark.usefixtures("clock")
def test_the_year_is_said_only_where_it_is_another_one() -> None:
    voice = Voice("en", ZURICH)
    assert (voice.day(date(2026, 1, 2)), voice.day(date(2027, 1, 2))) == ("Jan 2", "Jan 2, 2027")
    assert voice.moment(None) == ""


def test_a_macro_of_once_draws_each_thing_once() -> None:
    drawn: list[str] = []

    def macro(what: str) -> str:
        drawn.append(what)
        return what

    draw = drawing.once(macro)
    assert [draw("a"), draw("b"), draw("a")] == ["a", "b", "a"]
    assert drawn == ["a", "b"]
