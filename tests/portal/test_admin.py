from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from mailstore import scanners
from mailstore.accounts import Account
from mailstore.mailboxes import Mailbox
from mailstore.store import Store
from mailstore.tenants import Tenant
from tests.portal.browsing import happened, post, said, stock, told

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

PAGE = "/admin/retention"
KEPT = {"keep_days": "14", "held_days": "60", "pin_days": "90", "webmail_on": "y"}
SENTENCE = "mindestens 7 Tage"


def save(office: FlaskClient, **changed: str) -> TestResponse:
    return post(office, PAGE, PAGE, **KEPT | changed)


def tenant_of(store: Store, mailbox: Mailbox) -> Tenant:
    with store.read() as db:
        return db.get_one(Tenant, mailbox.tenant_id)


def kept(store: Store, mailbox: Mailbox) -> tuple[int, int, bool]:
    tenant = tenant_of(store, mailbox)
    return tenant.keep_days, tenant.held_days, tenant.webmail_on


def test_the_administration_leads_to_its_first_page(office: FlaskClient) -> None:
    answer = office.get("/admin/")
    assert (answer.status_code, answer.location) == (303, "/admin/delivery/")


def test_the_form_shows_what_is_kept_now(office: FlaskClient, store: Store) -> None:
    answer = office.get(PAGE)
    assert "Aufbewahrung" in said(answer)
    for field in ('name="keep_days" ', 'value="7"', 'value="30"', "checked"):
        assert field in answer.text


def test_an_administrator_finds_the_settings_and_a_user_does_not(
    office: FlaskClient, browser: FlaskClient
) -> None:
    assert 'href="/admin/"' in office.get("/").text
    assert 'href="/admin/"' not in browser.get("/").text


def test_what_was_decided_is_kept_and_told(
    office: FlaskClient, store: Store, beat: Mailbox, admin: Account
) -> None:
    assert "Die Einstellungen sind gespeichert" in told(office, save(office))
    assert kept(store, beat) == (14, 60, True)
    (event,) = happened(store, "retention_set")
    assert (event.by, event.tenant_id) == (admin.email, beat.tenant_id)
    assert event.detail == {"keep_days": 14, "held_days": 60, "pin_days": 90}


@pytest.mark.parametrize("days", ["6", "0", "-7", "3651", "99999999999999999999", "7.5", "x", "",
                         " ", "1e3", "0x10", "٦", "NaN"])  # fmt: skip
def test_days_that_cannot_be_are_refused_and_nothing_is_saved(
    office: FlaskClient, store: Store, days: str
) -> None:
    before = stock(store)
    for field in ("keep_days", "held_days"):
        assert save(office, **{field: days, "webmail_on": ""}).status_code == 422
    assert stock(store) == before


@pytest.mark.parametrize("field", ["keep_days", "held_days"])
def test_less_than_seven_days_are_refused_with_a_sentence(office: FlaskClient, field: str) -> None:
    text = said(save(office, **{field: "6"}))
    assert SENTENCE in text
    assert "niemand etwas verliert" in text


def test_a_number_that_is_none_is_refused_in_the_language_of_the_page(
    office: FlaskClient,
) -> None:
    assert "Not a valid" not in said(save(office, keep_days="x"))


def test_what_was_typed_stays_in_a_form_that_is_refused(office: FlaskClient) -> None:
    answer = save(office, keep_days="6", held_days="45")
    assert 'value="6"' in answer.text
    assert 'value="45"' in answer.text


@pytest.mark.parametrize("days", ["7", "3650"])
def test_the_shortest_and_the_longest_time_are_taken(
    office: FlaskClient, store: Store, beat: Mailbox, days: str
) -> None:
    assert save(office, keep_days=days, held_days=days).status_code == 303
    assert kept(store, beat)[:2] == (int(days), int(days))


def test_the_webmail_is_switched_off_and_on_with_an_event_each(
    office: FlaskClient, store: Store, beat: Mailbox, admin: Account
) -> None:
    for form in ({"webmail_on": ""}, {"webmail_on": "y"}):
        data: dict[str, Any] = KEPT | form
        post(office, PAGE, PAGE, **{name: value for name, value in data.items() if value})
    switched = happened(store, "webmail_switched")
    assert [event.detail for event in switched] == [{"on": False}, {"on": True}]
    assert {event.by for event in switched} == {admin.email}
    assert kept(store, beat)[2]


def test_a_switch_that_stays_as_it_is_is_no_event(office: FlaskClient, store: Store) -> None:
    save(office)
    assert happened(store, "webmail_switched") == []


def test_the_settings_of_other_tenants_stay_as_they_are(
    office: FlaskClient, store: Store, stranger: Mailbox
) -> None:
    before = kept(store, stranger)
    post(office, PAGE, PAGE, **KEPT, tenant_id=str(stranger.tenant_id), id="1", name="Evil")
    assert kept(store, stranger) == before
    assert tenant_of(store, stranger).name != "Evil"


def test_what_the_form_does_not_show_cannot_be_changed(
    office: FlaskClient, store: Store, beat: Mailbox
) -> None:
    before = tenant_of(store, beat)
    post(office, PAGE, PAGE, **KEPT, name="Evil", language="xx", policy_id="99", zone="x")
    after = tenant_of(store, beat)
    for field in ("name", "language", "policy_id", "zone"):
        assert getattr(after, field) == getattr(before, field)


def test_an_administrator_is_told_of_a_scanner_that_does_not_answer(
    office: FlaskClient, store: Store
) -> None:
    assert "antwortet nicht" not in said(office.get(PAGE))
    with store.write() as db:
        scanners.note(db, "clamav", "no answer within 10 s")
        scanners.note(db, "clamav", "connection refused")
    assert "clamav" in said(office.get(PAGE))
    assert "no answer within 10 s" in said(office.get(PAGE))
    with store.write() as db:
        scanners.note(db, "clamav", None)
    assert "clamav" not in said(office.get(PAGE))
