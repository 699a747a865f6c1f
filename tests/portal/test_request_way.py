"""The whole way of a request: asked, told, answered, scanned before delivery, and told again."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from filter.releasing import scan_releases
from mailstore import requests
from mailstore.deliveries import State
from mailstore.mailboxes import Mailbox
from mailstore.store import Store
from mailstore.tenants import Tenant
from portal.requests import SUBJECTS
from tests.factories import ANNA, BEAT, RAW
from tests.filter.test_session import EICAR
from tests.mailstore.requested import risky
from tests.portal.browsing import post, state
from tests.portal.mails import mail
from tests.portal.test_request_mails import mails, run

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]


@pytest.mark.parametrize(
    ("raw", "end"),
    [(RAW, (State.QUEUED, SUBJECTS["delivered"])),
     (mail(body=EICAR), (State.QUARANTINED, SUBJECTS["stopped"]))],
    ids=["harmless", "known as a virus by now"],
)  # fmt: skip
def test_a_request_goes_its_way(
    browser: FlaskClient, office: FlaskClient, store: Store, anna: Mailbox,
    raw: bytes, end: tuple[State, str],
) -> None:  # fmt: skip
    with store.write() as db:
        db.execute(update(Tenant).values(language="en"))
    held = risky(store, anna, raw=raw)
    page = f"/quarantine/{held.id}/ask"
    assert post(browser, page, page, why="My order").status_code == 303
    run(store)
    with store.read() as db:
        admin_page = f"/admin/requests/{requests.of(db, [held.id])[held.id].id}"
    assert post(office, f"{admin_page}/deliver", admin_page).status_code == 303
    scan_releases(store)
    run(store)
    assert len(mails(store, BEAT)) == 1
    (told,) = mails(store, ANNA)
    assert (state(store, held), told["Subject"]) == end
