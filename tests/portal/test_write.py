import io
import re
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from mailstore import accounts
from mailstore.accounts import Account
from mailstore.mailboxes import Mailbox, Right
from mailstore.store import Store
from mailstore.writing import drafts
from mailstore.writing.drafts import Fields
from mailstore.writing.rows import Draft, DraftFile, DraftState
from tests.factories import ANNA, BEAT, a_mailbox, an_accepted
from tests.mailstore.writing.test_composing import BREAKS
from tests.portal.browsing import csrf, post, said, told
from tests.portal.mails import SAMPLES
from tests.writing import a_draft, again

pytestmark = pytest.mark.usefixtures("speaks_english")


@pytest.fixture
def draft(store: Store, user: Account) -> Draft:
    return a_draft(store, user)


def typed(**fields: Any) -> dict[str, Any]:
    usual = {"sender": ANNA, "to": "bob@there.example", "subject": "Plans", "text": "At noon."}
    return usual | {"cc": "", "bcc": ""} | fields


def press(browser: FlaskClient, draft: Draft, deed: str, **fields: Any) -> TestResponse:
    form = typed(**fields) | {"version": fields.get("version", draft.version), "deed": deed}
    return post(browser, f"/webmail/write/{draft.id}", **form)


def begun(browser: FlaskClient, store: Store, path: str) -> Fields:
    """Return what the draft begins with that a button leads to."""
    answer = post(browser, path)
    assert answer.status_code == 303
    (number,) = re.findall(r"/webmail/write/(\d+)", answer.location)
    with store.read() as db:
        return drafts.fields_of(store, db.get_one(Draft, int(number)))


def the_draft(store: Store) -> Draft:
    with store.read() as db:
        return db.scalars(select(Draft)).one()


def fields_of(store: Store, draft: Draft) -> Fields:
    return drafts.fields_of(store, again(store, draft))


def test_a_new_mail_is_begun_with_a_signature(browser: FlaskClient, store: Store) -> None:
    told(browser, post(browser, "/profile/signatures/", address=ANNA, name="A. Keller",
                       text="A. Keller\nMuster AG"))  # fmt: skip
    fields = begun(browser, store, "/webmail/write")
    assert (fields.sender, fields.to) == (ANNA, "")
    assert fields.text == "\n\n-- \nA. Keller\nMuster AG\n"


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("reply", ("Bob <bob@there.example>", "", "Re: Plans")),
        ("all", ("Bob <bob@there.example>", "eve@there.example", "Re: Plans")),
        ("forward", ("", "", "Fwd: Plans")),
        ("again", ("anna@muster.example", "eve@there.example, Anna <anna@muster.example>",
                   "AW: Plans")),
    ],
)  # fmt: skip
def test_an_answer_knows_what_it_answers(
    browser: FlaskClient, store: Store, anna: Mailbox, how: str, expected: tuple[str, str, str]
) -> None:
    raw = (
        b"From: Bob <bob@there.example>\r\nTo: anna@muster.example\r\n"
        b"Cc: eve@there.example, Anna <anna@muster.example>\r\nSubject: AW: Plans\r\n"
        b"Message-ID: <2@there.example>\r\nReferences: <1@there.example>\r\n\r\nAt noon?\r\n"
    )
    copy = an_accepted(store, anna, raw=raw)
    fields = begun(browser, store, f"/webmail/m/{copy.id}/{how}")
    assert (fields.to, fields.cc, fields.subject) == expected
    chain = ("<1@there.example>", "<2@there.example>")
    assert (
        (fields.references, fields.in_reply_to) == ((), "") if how == "again" else (chain, chain[1])
    )
    assert ("> At noon?" if how in ("reply", "all") else "At noon?") in fields.text


def test_an_answer_goes_where_its_author_wants_it(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    raw = (
        b"From: bob@there.example\r\nReply-To: Desk <desk@there.example>\r\nSubject: x\r\n\r\nx\r\n"
    )
    copy = an_accepted(store, anna, raw=raw)
    assert begun(browser, store, f"/webmail/m/{copy.id}/reply").to == "Desk <desk@there.example>"


def test_a_mail_that_is_handed_on_has_its_files(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    copy = an_accepted(store, anna, raw=SAMPLES["invoice_pdf_de"])
    begun(browser, store, f"/webmail/m/{copy.id}/forward")
    with store.read() as db:
        (file,) = db.scalars(select(DraftFile)).all()
    assert file.name.endswith(".pdf")
    assert b"".join(store.content(file)).startswith(b"%PDF")


def test_somebody_answers_as_whom_the_mail_was_for(
    browser: FlaskClient, store: Store, user: Account, anna: Mailbox
) -> None:
    with store.write() as db:
        info = a_mailbox(db, "info@muster.example")
        accounts.grant(db, user.id, info.id, Right.DELEGATE)
    copy = an_accepted(store, info)
    assert begun(browser, store, f"/webmail/m/{copy.id}/reply").sender == "info@muster.example"


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


def upload(browser: FlaskClient, path: str, *files: tuple[bytes, str], **form: Any) -> TestResponse:
    sent = [(io.BytesIO(content), name) for content, name in files]
    return browser.post(path, data={"csrf_token": csrf(browser), "files": sent, **form})


def test_files_go_along_by_the_form_and_by_a_script(
    browser: FlaskClient, store: Store, draft: Draft
) -> None:
    path = f"/webmail/write/{draft.id}"
    form = typed(version=draft.version, deed="attach")
    assert "plan.txt" in told(browser, upload(browser, path, (b"12:00", "plan.txt"), **form))
    evil = "../../März\u2028X-Evil: 1.pdf"
    page = told(browser, upload(browser, f"{path}/files", (b"%PDF", evil)))
    assert ".._März" in page
    told(browser, press(browser, draft, "send", version=draft.version + 1))
    raw = b"".join(store.content(again(store, draft)))
    assert b"12:00" not in raw  # It is in base64.
    assert b'filename="plan.txt"' in raw
    assert b"\nX-Evil" not in raw


def test_a_file_is_taken_out_and_what_was_typed_stays(
    browser: FlaskClient, store: Store, draft: Draft
) -> None:
    upload(browser, f"/webmail/write/{draft.id}/files", (b"12:00", "plan.txt"))
    with store.read() as db:
        file = db.scalars(select(DraftFile)).one()
    page = told(browser, press(browser, draft, f"remove-{file.id}", text="At one."))
    assert "plan.txt" not in page
    assert again(store, file) is None
    assert fields_of(store, draft).text == "At one."


def test_files_that_are_too_large_stay_out_and_say_so(
    browser: FlaskClient, store: Store, draft: Draft, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = store.settings.model_copy(update={"max_message_bytes": 100_000})
    monkeypatch.setattr(store, "settings", small)
    monkeypatch.setitem(browser.application.extensions, "settings", small)
    path = f"/webmail/write/{draft.id}/files"
    answer = upload(browser, path, (bytes(80_000), "film"))
    assert "Too large to go along: film" in told(browser, answer)
    assert upload(browser, path, (bytes(100_000), "film")).status_code == 413


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
