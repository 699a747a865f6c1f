import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from mailstore import accounts
from mailstore.accounts import Account
from mailstore.mailboxes import Mailbox, Right
from mailstore.store import Store
from mailstore.writing import addressing
from mailstore.writing.rows import DraftFile
from tests.factories import ANNA, a_mailbox, an_accepted
from tests.portal.browsing import post, said, told
from tests.portal.composing import begun, press, the_draft
from tests.portal.mails import SAMPLES

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

pytestmark = pytest.mark.usefixtures("speaks_english")


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


def test_an_answer_goes_to_somebody_with_a_long_or_odd_name_too(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    raw = "From: {}\u202e\u2028x <bob@there.example>\r\nSubject: x\r\n\r\nx\r\n".format(
        "long " * 40
    )
    copy = an_accepted(store, anna, raw=raw.encode())
    (bob,) = addressing.read(begun(browser, store, f"/webmail/m/{copy.id}/reply").to).found
    assert str(bob.address) == "bob@there.example"


def test_a_draft_shows_nothing_of_a_mailbox_that_is_closed_by_now(
    browser: FlaskClient, store: Store, user: Account, beat: Mailbox
) -> None:
    with store.write() as db:
        accounts.add_delegate(db, user, beat, by="test")
    copy = an_accepted(store, beat)
    begun(browser, store, f"/webmail/m/{copy.id}/forward")
    draft = the_draft(store)
    assert browser.get(f"/webmail/write/{draft.id}").status_code == 200
    with store.write() as db:
        accounts.remove_delegate(db, user, beat, by="test")
    assert browser.get(f"/webmail/write/{draft.id}").status_code == 404
    assert press(browser, draft, "send").status_code == 404
    assert "No drafts" in said(browser.get("/webmail/drafts"))
