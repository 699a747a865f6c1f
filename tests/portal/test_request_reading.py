from datetime import timedelta

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from mailstore.deliveries import Delivery
from mailstore.mailboxes import Mailbox
from mailstore.store import Store
from portal.content import reading
from tests.factories import ANNA, BEAT
from tests.mailstore.requested import a_request, an_administrator, refuse, risky
from tests.portal.browsing import enter, happened, in_english, is_locked, post, said, told
from tests.portal.mails import html_mail

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

REASON = "Anna asked me to."
SECRET = "Shall we meet?"  # noqa: S105 (what only the mail says)


@pytest.fixture
def risk(store: Store, anna: Mailbox) -> Delivery:
    return risky(store, anna, raw=html_mail(f"<p>{SECRET}</p>"))


@pytest.fixture
def page(store: Store, risk: Delivery) -> str:
    """Return the path of the page of a request."""
    return f"/admin/requests/{a_request(store, risk).id}"


@pytest.fixture(autouse=True)
def _english(office: FlaskClient) -> None:
    in_english(office)


def read(client: FlaskClient, page: str, reason: str = REASON) -> TestResponse:
    return post(client, f"{page}/read", page, reason=reason)


def test_without_a_reason_no_byte_of_the_mail_is_shown(
    office: FlaskClient, store: Store, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[object] = []
    monkeypatch.setattr(reading, "whole", opened.append)
    assert SECRET not in office.get(page).text
    assert office.get(f"{page}/body").status_code == 404
    assert opened == []


@pytest.mark.parametrize("reason", ["", "   ", "four", "x" * 201], ids=repr)
def test_a_reason_that_says_nothing_is_refused_next_to_the_field(
    office: FlaskClient, store: Store, page: str, reason: str
) -> None:
    answer = read(office, page, reason)
    assert answer.status_code == 422
    assert "characters" in said(answer)
    assert SECRET not in answer.text
    assert happened(store, "content_read") == []


def test_with_a_reason_it_is_shown_and_the_log_says_so(
    office: FlaskClient, store: Store, page: str, risk: Delivery
) -> None:
    answer = read(office, page)
    assert "It is shown to you for 15 minutes." in told(office, answer)
    body = office.get(f"{page}/body")
    assert SECRET in body.text
    is_locked(body)
    (line,) = happened(store, "content_read")
    assert (line.by, line.mailbox_id, line.delivery_id) == (BEAT, risk.mailbox_id, risk.id)
    assert line.detail["reason"] == REASON


def test_the_line_is_committed_before_the_first_byte_is_read(
    office: FlaskClient, store: Store, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    whole = reading.whole

    def watched(message: object) -> bytes | None:
        # A connection of its own sees only what is committed.
        with store.engine.connect() as other:
            lines = text("SELECT count(*) FROM events WHERE kind = 'content_read'")
            seen.append(other.scalar(lines))
        return whole(message)  # type: ignore[arg-type]  # handed on

    monkeypatch.setattr(reading, "whole", watched)
    assert read(office, page).status_code == 303
    assert seen == []
    office.get(page)
    office.get(f"{page}/body")
    assert seen == [1, 1]


def test_nothing_is_shown_when_the_line_cannot_be_written(
    office: FlaskClient, store: Store, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise OSError("no room")

    monkeypatch.setattr("mailstore.events.record", broken)
    answer = read(office, page)
    assert answer.status_code == 500
    assert SECRET not in answer.text
    assert office.get(f"{page}/body").status_code == 404


def test_after_a_quarter_of_an_hour_it_wants_a_reason_again(office: FlaskClient, page: str) -> None:
    read(office, page)
    with time_machine.travel(timedelta(minutes=15, seconds=1)):
        assert "Show the message" in said(office.get(page))
        assert office.get(f"{page}/body").status_code == 404


def test_it_is_shown_to_nobody_else(office: FlaskClient, store: Store, page: str) -> None:
    read(office, page)
    other = office.application.test_client()
    enter(other, store, an_administrator(store, "carla@muster.example"))
    assert SECRET not in other.get(page).text
    assert other.get(f"{page}/body").status_code == 404


def test_it_opens_no_other_mail(
    office: FlaskClient, store: Store, anna: Mailbox, page: str, risk: Delivery
) -> None:
    read(office, page)
    other = a_request(store, risky(store, anna))
    assert office.get(f"/admin/requests/{other.id}/body").status_code == 404
    for path in (f"/quarantine/{risk.id}", f"/quarantine/{risk.id}/body",
                 f"/webmail/m/{risk.id}"):  # fmt: skip
        assert office.get(path).status_code == 404


def test_after_the_answer_it_is_shown_to_nobody(
    office: FlaskClient, store: Store, risk: Delivery
) -> None:
    request = a_request(store, risk)
    path = f"/admin/requests/{request.id}"
    read(office, path)
    refuse(store, request)
    assert office.get(f"{path}/body").status_code == 404
    assert "not open any more" in told(office, read(office, path))


def test_the_person_sees_who_read_it_and_why(
    office: FlaskClient, browser: FlaskClient, page: str, risk: Delivery
) -> None:
    read(office, page, f"{REASON} <b>")
    asking = said(in_english(browser).get(f"/quarantine/{risk.id}/ask"))
    assert f"{BEAT} read the message" in asking
    assert f"{REASON} <b>" in asking
    text_shown = said(in_english(browser).get(f"/quarantine/{risk.id}"))
    assert "An administrator read it to decide about it." in text_shown
    assert ANNA in text_shown
