from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from mailstore.store import Store
from tests.factories import RecordedJobs
from tests.portal.browsing import (
    READING,
    Own,
    csrf,
    methods_of,
    path_to,
    post,
    rules_of,
    stock,
)

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

# What may be written by whoever only looks: audit, open counter, last seen and read mark.
MARKED = {"links.opens", "sign_ins.seen_at"}
# Signing out ends the token, and a language must be named.
# What some forms choose always, as a button or among options.
CHOSEN = {"deed": "delete", "form": "exact", "days": "0", "List-Unsubscribe": "One-Click"}
NOT_BARE = {"auth.sign_out", "home.language", "profile_devices.everywhere"}


def seen_only(column: str) -> bool:
    return column in MARKED or column.startswith(("events.", "marks.", "openings."))


@pytest.mark.parametrize("way", ["no token", "foreign token", "as JSON", "in the address"])
def test_no_form_is_taken_without_its_token(
    app: Flask, browser: FlaskClient, own: Own, store: Store, way: str, subtests: pytest.Subtests
) -> None:
    sent: dict[str, Any] = {
        "no token": {"data": {"x": "y"}},
        "foreign token": {"data": {"csrf_token": csrf(app.test_client())}},
        "as JSON": {"json": {"csrf_token": csrf(browser)}},
        "in the address": {"query_string": {"csrf_token": csrf(browser)}},
    }[way]
    before = stock(store)
    for rule in rules_of(app):
        for method in set(methods_of(rule)) - READING:
            with subtests.test(rule.endpoint):
                path = path_to(app, rule, **own.values(rule))
                assert browser.open(path, method=method, **sent).status_code == 400
    assert stock(store) == before


def test_every_form_is_taken_with_its_token(
    app: Flask, browser: FlaskClient, own: Own, subtests: pytest.Subtests
) -> None:
    token = csrf(browser)
    for rule in rules_of(app):
        if "POST" in methods_of(rule) and rule.endpoint not in NOT_BARE:
            with subtests.test(rule.endpoint):
                path = path_to(app, rule, **own.values(rule))
                answer = post(browser, path, token=token, **CHOSEN)
                assert answer.status_code in {200, 303, 404, 422}


def test_a_form_that_was_open_for_too_long_says_so(client: FlaskClient) -> None:
    answer = client.post("/sign-in", data={"csrf_token": "old"})
    assert answer.status_code == 400
    assert "zu lange" in answer.text


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE"])
def test_other_methods_do_not_exist(
    app: Flask, browser: FlaskClient, own: Own, store: Store, method: str
) -> None:
    before, token = stock(store), csrf(browser)
    for rule in rules_of(app):
        path = path_to(app, rule, **own.values(rule))
        answer = browser.open(path, method=method, headers={"X-CSRFToken": token})
        assert answer.status_code in {400, 405}, path
    assert stock(store) == before


def test_looking_changes_nothing_but_marks_and_counters(
    app: Flask, browser: FlaskClient, own: Own, store: Store, jobs: RecordedJobs
) -> None:
    before = stock(store, without=seen_only)
    jobs.asked.clear()
    for rule in rules_of(app):
        if "GET" in methods_of(rule):
            path = path_to(app, rule, **own.values(rule))
            answers = [browser.get(path), browser.head(path), browser.options(path),
                       browser.get(path, headers={"X-HTTP-Method-Override": "POST"}),
                       browser.get(path, query_string={"_method": "POST"})]  # fmt: skip
            assert {answer.status_code for answer in answers} <= {200, 303, 404}, path
    assert stock(store, without=seen_only) == before
    assert jobs.asked == []


def test_a_page_that_is_only_asked_for_its_head_says_the_same(
    app: Flask, client: FlaskClient, own: Own, subtests: pytest.Subtests
) -> None:
    for rule in rules_of(app):
        if "GET" in methods_of(rule):
            with subtests.test(rule.endpoint):
                path = path_to(app, rule, **own.values(rule))
                assert client.head(path).status_code == client.get(path).status_code


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/admin/people/welcome", "a"), ("/admin/lists/undo", "line"),
        ("/webmail/restore/deliver", "m"), ("/quarantine/chosen", "m"),
        ("/admin/lists/import/", "file"), ("/admin/import/", "file"),
    ],
)  # fmt: skip
def test_what_no_browser_sends_in_a_field_fails_nothing(
    office: FlaskClient, path: str, field: str
) -> None:
    answer = post(office, path, **{field: "9" * 21})
    assert answer.status_code in {303, 400, 404, 422}


@pytest.mark.parametrize("size", [500_001, 2**20 + 1], ids=["a field", "a whole form"])
def test_a_form_that_is_too_large_is_not_read(client: FlaskClient, size: int) -> None:
    form = {"csrf_token": csrf(client), "email": "x" * size}
    kind = "multipart/form-data" if size < 2**20 else None
    assert client.post("/sign-in", data=form, content_type=kind).status_code == 413


def test_a_form_of_too_many_parts_is_not_read(client: FlaskClient) -> None:
    form = {f"x{number}": "" for number in range(1001)} | {"csrf_token": csrf(client)}
    answer = client.post("/sign-in", data=form, content_type="multipart/form-data")
    assert answer.status_code == 413
