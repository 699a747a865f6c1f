import io
import zipfile
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from time_machine import Traveller

from mailstore.accounts import Account
from mailstore.erasure import exports
from mailstore.erasure.exports import PersonExport
from mailstore.mailboxes import Mailbox
from mailstore.store import Store
from tests.factories import an_accepted
from tests.portal.browsing import happened, in_english, post, said, told

DATABASES = ["sqlite"]
OWN = "/profile/data/"


@pytest.fixture(autouse=True)
def page(clock: Traveller, office: FlaskClient, browser: FlaskClient, user: Account) -> str:
    in_english(office)
    in_english(browser)
    return f"/admin/people/{user.id}/data"


def made(store: Store) -> int:
    """Make what was asked for, and return its id."""
    with store.read() as db:
        number = db.scalars(select(PersonExport.id).order_by(PersonExport.id.desc())).first()
    assert number
    exports.export_person(store, number)
    return number


def test_an_administrator_gets_an_export_for_a_reason_that_is_noted(
    office: FlaskClient, store: Store, anna: Mailbox, page: str
) -> None:
    an_accepted(store, anna)
    assert "Write between 5 and 200" in said(post(office, f"{page}/export", page, reason="x"))
    asked = post(office, f"{page}/export", page, reason="Anna asked <b>")
    assert "being made" in told(office, asked)
    number = made(store)
    shown = office.get(page)
    assert "Anna asked &lt;b&gt;" in shown.text
    assert "1 message" in said(shown)
    saved = office.get(f"{page}/{number}.zip")
    assert len(zipfile.ZipFile(io.BytesIO(saved.data)).namelist()) > 8
    assert len(saved.data) == int(saved.headers["Content-Length"])
    assert saved.headers["Content-Disposition"].startswith("attachment; filename=")
    fetched = [each.by for each in happened(store, "person_export_fetched")]
    assert fetched == ["beat@muster.example"]


def test_people_take_their_own_data_and_nobody_elses(
    office: FlaskClient, browser: FlaskClient, store: Store, anna: Mailbox, page: str
) -> None:
    an_accepted(store, anna)
    assert "being made" in told(browser, post(browser, OWN, OWN))
    number = made(store)
    assert browser.get(f"{OWN}{number}.zip").status_code == 200
    # What people asked for themselves is for them alone.
    assert office.get(f"{page}/{number}.zip").status_code == 404
    assert office.get(f"{OWN}{number}.zip").status_code == 404
    post(office, f"{page}/export", page, reason="A reason.")
    assert browser.get(f"{OWN}{made(store)}.zip").status_code == 404


def test_an_export_is_there_for_a_day(
    browser: FlaskClient, store: Store, user: Account, clock: Traveller
) -> None:
    post(browser, OWN, OWN)
    number = made(store)
    clock.shift(timedelta(hours=25))
    assert browser.get(f"{OWN}{number}.zip").location.startswith("/sign-in")


def test_the_page_says_what_goes_and_what_stays_and_wants_the_address(
    office: FlaskClient, store: Store, anna: Mailbox, user: Account, page: str
) -> None:
    an_accepted(store, anna)
    text = said(office.get(page))
    for words in ("1 message that only this person has", "1 of them still waits",
                  "0 messages that others have as well stay"):  # fmt: skip
        assert words in text
    for typed in ("", "beat@muster.example", "anna"):
        answer = post(office, f"{page}/erase", page, address=typed)
        assert (answer.status_code, "Type the whole address" in said(answer)) == (422, True)
    done = post(office, f"{page}/erase", page, address=" Anna@muster.example ")
    assert "The person is erased." in told(office, done)
    assert office.get(page).status_code == 404
    assert "A person, with 1 message." in said(office.get("/admin/retention"))


def test_the_last_administrator_stays(office: FlaskClient, store: Store, admin: Account) -> None:
    own = f"/admin/people/{admin.id}/data"
    answer = post(office, f"{own}/erase", own, address=admin.email)
    assert (answer.status_code, "last administrator" in said(answer)) == (422, True)


def test_a_fresh_proof_is_asked_for(
    office: FlaskClient, browser: FlaskClient, clock: Traveller, page: str
) -> None:
    clock.shift(timedelta(minutes=11))
    for client, path in ((office, page), (browser, OWN)):
        assert client.get(path).location.startswith("/sign-in/again")


def test_people_of_other_tenants_are_not_there(
    office: FlaskClient, browser: FlaskClient, page: str
) -> None:
    assert browser.get(page).status_code == 404
    assert office.get("/admin/people/999/data").status_code == 404
