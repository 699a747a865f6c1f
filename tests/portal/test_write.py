from html import unescape

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from mailstore.accounts import Account
from mailstore.mailboxes import Mailbox
from mailstore.store import Store
from mailstore.writing import drafts
from mailstore.writing.rows import Draft, DraftState
from tests.factories import BEAT, an_accepted
from tests.mailstore.writing.test_composing import BREAKS
from tests.portal.browsing import csrf, post, said, told
from tests.portal.composing import begun, fields_of, press, the_draft, typed
from tests.writing import a_draft, again

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

pytestmark = pytest.mark.usefixtures("speaks_english")


@pytest.fixture
def draft(store: Store, user: Account) -> Draft:
    return a_draft(store, user)


def test_what_is_typed_is_kept_and_told_to_a_script(
    browser: FlaskClient, store: Store, draft: Draft
) -> None:
    form = typed(text="At one.", csrf_token=csrf(browser), version=draft.version, deed="send")
    answer = browser.post(f"/webmail/write/{draft.id}", data=form,
                          headers={"Accept": "application/json"})  # fmt: skip
    assert answer.json is not None
    assert answer.json["version"] == draft.version + 1
    assert "bob@there.example" in answer.json["outside"]
    assert fields_of(store, draft).text == "At one."
    assert again(store, draft).state is DraftState.WRITING


def test_what_was_typed_in_a_second_window_is_a_draft_of_its_own(
    browser: FlaskClient, store: Store, draft: Draft
) -> None:
    told(browser, press(browser, draft, "save", text="one"))
    assert "of its own" in told(browser, press(browser, draft, "save", text="two"))
    with store.read() as db:
        texts = {drafts.fields_of(store, each).text for each in db.scalars(select(Draft))}
    assert texts == {"one", "two"}


def test_a_draft_is_sent_and_can_be_taken_back(
    browser: FlaskClient, store: Store, draft: Draft
) -> None:
    page = press(browser, draft, "send", bcc="eve@there.example", text="At one.")
    sent = again(store, draft)
    assert sent.state is DraftState.SENDING
    assert sent.recipients == ["bob@there.example", "eve@there.example"]
    raw = b"".join(store.content(sent))
    assert b"At one." in raw
    assert b"eve@" not in raw
    assert "take it back" in told(browser, page).lower()
    assert "draft again" in told(browser, post(browser, page.location))
    assert again(store, draft).state is DraftState.WRITING


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"to": ""}, "Name somebody"),
        ({"to": "bob"}, "not a mail address: bob"),
        ({"cc": "nobody@muster.example"}, "Nobody here has this address: nobody@muster.example"),
        ({"to": ", ".join(f"b{n}@there.example" for n in range(101))}, "At most 100 people"),
        ({"subject": "x" * 501}, "At most 500 characters"),
    ],
    ids=["nobody", "no address", "unknown here", "too many", "long subject"],
)
def test_a_mail_that_cannot_be_sent_stays_a_draft(
    browser: FlaskClient, store: Store, draft: Draft, fields: dict[str, str], why: str
) -> None:
    answer = press(browser, draft, "send", **fields)
    assert answer.status_code == 422
    assert why.lower() in said(answer).lower()
    assert again(store, draft).state is DraftState.WRITING
    assert fields_of(store, draft).text == "At noon."


@pytest.mark.parametrize("field", ["to", "cc", "bcc", "subject", "text", "sender"])
def test_no_field_smuggles_another(
    browser: FlaskClient, store: Store, user: Account, field: str, subtests: pytest.Subtests
) -> None:
    for end in BREAKS:
        with subtests.test(repr(end)):
            draft, evil = a_draft(store, user), f"bob@there.example{end}Bcc: x@evil.example{end}y"
            answer = press(browser, draft, "send", **{field: evil})
            sent = again(store, draft)
            if answer.status_code in (404, 422):
                assert sent.state is DraftState.WRITING
                continue
            head = b"".join(store.content(sent)).partition(b"\r\n\r\n")[0]
            assert sent.recipients == ["bob@there.example"]
            assert b"\nBcc" not in head
            assert (b"evil" in head) is (field == "subject")


def test_nobody_writes_as_somebody_else(
    browser: FlaskClient, store: Store, draft: Draft, beat: Mailbox
) -> None:
    assert press(browser, draft, "send", sender=BEAT).status_code == 404
    assert again(store, draft).state is DraftState.WRITING


def test_an_answer_that_leaves_the_organisation_is_asked_for_once_more(
    browser: FlaskClient, store: Store, anna: Mailbox, beat: Mailbox
) -> None:
    raw = (
        b"From: beat@muster.example\r\nTo: anna@muster.example\r\n"
        b"Subject: Salaries\r\n\r\nSecret\r\n"
    )
    copy = an_accepted(store, anna, raw=raw)
    begun(browser, store, f"/webmail/m/{copy.id}/reply")
    draft = the_draft(store)
    assert press(browser, draft, "send", to=BEAT).status_code == 303
    post(browser, f"/webmail/leaving/{again(store, draft).public_id}")
    answer = press(browser, draft, "send", version=1)
    assert answer.status_code == 422
    assert "leaves your organisation" in said(answer)
    asked = {"version": 2, "outside": "bob@there.example"}
    assert press(browser, draft, "send", **asked).status_code == 303


def test_a_mail_that_is_sent_twice_by_one_press_is_one_mail(
    browser: FlaskClient, store: Store, draft: Draft
) -> None:
    first, second = (press(browser, draft, "send") for _ in range(2))
    assert first.location == second.location
    with store.read() as db:
        assert len(db.scalars(select(Draft)).all()) == 1


def test_what_is_saved_twice_by_one_press_is_one_draft(
    browser: FlaskClient, store: Store, draft: Draft
) -> None:
    for _ in range(2):
        assert press(browser, draft, "save", text="once").status_code == 303
    assert fields_of(store, the_draft(store)).text == "once"


def test_people_of_other_customers_are_not_looked_up(
    browser: FlaskClient, draft: Draft, stranger: Mailbox
) -> None:
    for address in (stranger.address, "nobody@elsewhere.example"):
        version = {"version": draft.version} if address == stranger.address else {}
        answer = press(browser, draft, "save", to=address, **version)
        assert answer.status_code == 303


def test_drafts_are_listed_and_discarded(browser: FlaskClient, store: Store, draft: Draft) -> None:
    assert "bob@there.example" in said(browser.get("/webmail/drafts"))
    assert "discarded" in told(browser, press(browser, draft, "discard"))
    assert "No drafts" in said(browser.get("/webmail/drafts"))


def test_people_are_completed(browser: FlaskClient, store: Store, anna: Mailbox) -> None:
    an_accepted(store, anna)
    assert browser.get("/webmail/write/known?q=bo").json == ["Bob <bob@there.example>"]


def test_whoever_came_by_a_link_signs_in_to_write(guest: FlaskClient, store: Store,
                                                  anna: Mailbox) -> None:  # fmt: skip
    copy = an_accepted(store, anna)
    page = guest.get(f"/webmail/m/{copy.id}").text
    assert f"/webmail/m/{copy.id}/reply" not in page
    assert unescape(f"/sign-in?next=/webmail/m/{copy.id}") in page
    assert post(guest, f"/webmail/m/{copy.id}/reply", "/webmail/").status_code == 401
