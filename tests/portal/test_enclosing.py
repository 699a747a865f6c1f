import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from mailstore.accounts import Account
from mailstore.store import Store
from mailstore.writing.rows import Draft, DraftFile
from tests.portal.browsing import told
from tests.portal.composing import fields_of, press, typed, upload
from tests.writing import a_draft, again

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

pytestmark = pytest.mark.usefixtures("speaks_english")


@pytest.fixture
def draft(store: Store, user: Account) -> Draft:
    return a_draft(store, user)


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


def test_a_file_goes_along_with_whatever_was_pressed(
    browser: FlaskClient, store: Store, draft: Draft
) -> None:
    path, form = f"/webmail/write/{draft.id}", typed(version=draft.version, deed="send")
    assert upload(browser, path, (b"12:00", "plan.txt"), **form).status_code == 303
    assert b'filename="plan.txt"' in b"".join(store.content(again(store, draft)))
