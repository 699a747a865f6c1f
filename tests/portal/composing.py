"""What somebody does on the page on which mails are written."""

import io
import re
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from mailstore.store import Store
from mailstore.writing import drafts
from mailstore.writing.drafts import Fields
from mailstore.writing.rows import Draft
from tests.factories import ANNA
from tests.portal.browsing import csrf, post
from tests.writing import again


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


def upload(browser: FlaskClient, path: str, *files: tuple[bytes, str], **form: Any) -> TestResponse:
    sent = [(io.BytesIO(content), name) for content, name in files]
    return browser.post(path, data={"csrf_token": csrf(browser), "files": sent, **form})
