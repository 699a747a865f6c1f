from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from mailstore import accounts, policies
from mailstore.accounts import Account
from mailstore.mailboxes import Mailbox, Right
from mailstore.policies import PolicyRow
from mailstore.store import Store
from portal.reports.sending import write_reports
from tests.portal.browsing import enter, in_english, post, said, stock, told
from tests.reporting import reports_of

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

PAGE, CONTACT = "/profile/reports/", "/profile/contact"

pytestmark = pytest.mark.usefixtures("clock")


def under(store: Store, mailbox: Mailbox, **values: Any) -> None:
    """Put a mailbox under a policy with these values."""
    with store.write() as db:
        row = PolicyRow(name="own", values=values, parent_id=policies.recommended(db).id)
        db.add(row)
        db.flush()
        db.get_one(Mailbox, mailbox.id).policy_id = row.id


def times(store: Store, mailbox: Mailbox) -> str:
    with store.read() as db:
        return db.get_one(Mailbox, mailbox.id).report_at


def test_the_page_says_when_reports_come_and_when_the_next_one(browser: FlaskClient) -> None:
    page = said(in_english(browser).get(PAGE))
    assert "anna@muster.example" in page
    assert "sends reports daily at 09:00." in page
    assert "The next one: Nov 25 09:00." in page
    assert "Europe/Zurich" in page


@pytest.mark.parametrize(
    ("form", "kept", "words"),
    [
        ({"how": "own", "first": "16:30"}, "16:30", "Yours come daily at 16:30."),
        ({"how": "own", "first": "16:30", "second": "07:15"}, "07:15,16:30", "07:15 and 16:30."),
        ({"how": "own", "first": "16:30", "days": "mon"}, "16:30", "weekly on Monday at 16:30."),
        ({"how": "never"}, "", "You get none: they were stopped."),
        ({"how": "policy"}, "", "daily at 09:00."),
        ({"how": "policy", "first": "09:00"}, "", "daily at 09:00."),
        ({"how": "policy", "first": "16:30"}, "16:30", "Yours come daily at 16:30."),
        ({"how": "policy", "second": "09:00", "first": "07:15"}, "07:15,09:00", "07:15 and 09:00."),
    ],
    ids=[
        "one",
        "two",
        "on Mondays",
        "never",
        "the policy's",
        "as the policy says",
        "filled in only",
        "two filled in",
    ],
)
def test_a_person_chooses_the_times_of_their_reports(
    browser: FlaskClient, store: Store, anna: Mailbox, form: dict[str, str], kept: str, words: str
) -> None:
    page = told(in_english(browser), post(browser, f"{PAGE}{anna.id}", CONTACT, **form))
    assert words in page
    assert times(store, anna) == kept


@pytest.mark.parametrize("first", ["16:30", "17:00"], ids=["as shown", "changed"])
def test_who_goes_back_to_the_policys_times_has_none_of_their_own(
    browser: FlaskClient, store: Store, anna: Mailbox, first: str
) -> None:
    post(browser, f"{PAGE}{anna.id}", CONTACT, how="own", first="16:30")
    post(browser, f"{PAGE}{anna.id}", CONTACT, how="policy", first=first)
    assert times(store, anna) == ""


@pytest.mark.parametrize(
    "form",
    [{}, {"how": "own"}, {"how": "own", "first": "25:00"},
     {"how": "own", "first": "noon"}, {"how": "own", "first": "09:00+02:00"},
     {"how": "own", "first": "07:00", "days": "someday"},
     {"how": "own", "first": "07:00,08:00,09:00"}, {"how": "policy", "first": "noon"}],
    ids=["nothing", "no time", "no hour", "a word", "a zone", "no day", "three", "filled in only"],
)  # fmt: skip
def test_what_is_no_time_is_refused_beside_its_field(
    browser: FlaskClient, store: Store, anna: Mailbox, form: dict[str, str]
) -> None:
    answer = post(in_english(browser), f"{PAGE}{anna.id}", CONTACT, **form)
    assert answer.status_code == 422
    assert "Please name a time of day" in said(answer)
    assert times(store, anna) == ""


def test_a_report_can_be_asked_for_once_an_hour(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    path = f"{PAGE}{anna.id}/now"
    first, second = (told(in_english(browser), post(browser, path, CONTACT)) for _ in range(2))
    assert "A report is on its way to you." in first
    assert "within the last hour" in second
    write_reports(store)
    assert reports_of(store) == 1


def test_where_no_report_is_sent_the_page_says_so_and_takes_no_wish(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    under(store, anna, report=False)
    answer = in_english(browser).get(PAGE)
    assert "You see what is held only here" in said(answer)
    assert f"{PAGE}{anna.id}" not in answer.text
    for path in (f"{PAGE}{anna.id}", f"{PAGE}{anna.id}/now"):
        assert post(browser, path, CONTACT, how="policy").status_code == 404


def test_where_nobody_may_choose_the_page_says_whom_to_ask(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    under(store, anna, report_choice=False)
    assert "Only your administrator" in said(in_english(browser).get(PAGE))
    form = {"how": "own", "first": "16:30"}
    assert post(browser, f"{PAGE}{anna.id}", CONTACT, **form).status_code == 404


@pytest.mark.parametrize("whose", ["beat", "stranger"])
@pytest.mark.parametrize("deed", ["", "/now"])
def test_reports_of_others_cannot_be_touched_not_even_by_a_delegate(
    browser: FlaskClient, store: Store, user: Account, request: pytest.FixtureRequest,
    whose: str, deed: str
) -> None:  # fmt: skip
    mailbox: Mailbox = request.getfixturevalue(whose)
    with store.write() as db:
        accounts.grant(db, user.id, mailbox.id, Right.DELEGATE)
    before = stock(store, without=lambda column: column == "sign_ins.seen_at")
    answer = post(browser, f"{PAGE}{mailbox.id}{deed}", CONTACT, how="own", first="16:30")
    assert answer.status_code == 404
    assert stock(store, without=lambda column: column == "sign_ins.seen_at") == before
    assert mailbox.address not in browser.get(PAGE).text


def test_who_owns_no_mailbox_is_told_why_the_page_is_empty(
    app: Flask, store: Store, anna: Mailbox
) -> None:
    with store.write() as db:
        account = Account(email="x@muster.example", tenant_id=anna.tenant_id)
        db.add(account)
    client = app.test_client()
    enter(client, store, account)
    assert "No mailbox of your own" in said(in_english(client).get(PAGE))
