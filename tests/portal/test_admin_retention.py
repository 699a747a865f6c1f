from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update
from time_machine import Traveller

from mailstore import retention
from mailstore.accounts import Account
from mailstore.deliveries import Delivery, State
from mailstore.mailboxes import Mailbox
from mailstore.messages import Message
from mailstore.store import Store
from mailstore.tenants import Tenant
from tests.factories import a_held_delivery, an_accepted
from tests.portal.browsing import enter, happened, in_english, post, said, told

DATABASES = ["sqlite"]
PAGE = "/admin/retention"
DAYS = {"keep_days": "7", "held_days": "30", "pin_days": "30", "webmail_on": "y"}
SURE = {"sure": "7-30"}
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _long(clock: Traveller, office: FlaskClient, store: Store, anna: Mailbox) -> None:
    in_english(office)
    with store.write() as db:
        db.execute(update(Tenant).where(Tenant.id == anna.tenant_id).values(keep_days=20))


@pytest.fixture
def old(
    store: Store, anna: Mailbox, office: FlaskClient, admin: Account, clock: Traveller
) -> Delivery:
    """Return a mail that came nine days ago, of a size that is told."""
    found = an_accepted(store, anna)
    with store.write() as db:
        db.execute(update(Delivery).where(Delivery.id == found.id).values(state=State.DELIVERED))
        db.execute(update(Message).values(length=9 * 2**30))
    clock.shift(9 * DAY)
    enter(office, store, admin)
    return found


def keep_days(store: Store, mailbox: Mailbox) -> int:
    with store.read() as db:
        return db.get_one(Tenant, mailbox.tenant_id).keep_days


def save(office: FlaskClient, **form: str) -> str:
    answer = post(office, PAGE, PAGE, **DAYS | form)
    return told(office, answer) if answer.status_code == 303 else said(answer)


def test_the_page_says_what_is_stored_and_what_other_days_would_need(
    office: FlaskClient, store: Store, anna: Mailbox, old: Delivery
) -> None:
    assert "9.0 GB, 1 message" in said(office.get(PAGE))
    page = save(office, keep_days="30", deed="preview")
    assert "With these days about 30.0 GB" in page
    assert keep_days(store, anna) == 20


def test_a_shorter_time_says_first_what_it_erases_and_then_erases_it(
    office: FlaskClient, store: Store, anna: Mailbox, old: Delivery
) -> None:
    page = save(office)
    assert "1 copy can no longer be read" in page
    assert "The oldest came on" in page
    assert keep_days(store, anna) == 20
    assert "The settings are saved" in save(office, **SURE)
    retention.expire(store)
    with store.read() as db:
        assert db.get_one(Message, old.message_id).place is None
    assert "The content of 1 message, by a shorter time." in said(office.get(PAGE))
    assert happened(store, "retention_set")[-1].by == "beat@muster.example"


def test_held_mail_that_would_be_deleted_is_named_as_well(
    office: FlaskClient, store: Store, anna: Mailbox, admin: Account, clock: Traveller
) -> None:
    for _ in range(2):
        a_held_delivery(store, anna)
    clock.shift(9 * DAY)
    enter(office, store, admin)
    assert "2 held messages are deleted." in save(office, keep_days="20", held_days="8")


def test_only_the_days_that_were_shown_are_confirmed(
    office: FlaskClient, store: Store, anna: Mailbox, old: Delivery
) -> None:
    assert "A shorter time erases mail" in save(office, keep_days="8", **SURE)
    assert keep_days(store, anna) == 20


def test_nothing_is_asked_where_nothing_is_stored(
    office: FlaskClient, store: Store, anna: Mailbox
) -> None:
    assert "The settings are saved" in save(office)
    assert keep_days(store, anna) == 7


@pytest.mark.parametrize(
    "days", ["9" * 400, "9" * 5000, "1e400", "nan"],
    ids=["no float", "no number", "endless", "not a number"],
)  # fmt: skip
def test_days_that_are_no_number_are_refused(
    office: FlaskClient, store: Store, anna: Mailbox, days: str
) -> None:
    for name in ("keep_days", "held_days", "pin_days"):
        assert post(office, PAGE, PAGE, **DAYS | SURE | {name: days}).status_code == 422
    assert keep_days(store, anna) == 20


def test_a_fresh_proof_is_asked_for(office: FlaskClient, clock: Traveller) -> None:
    clock.shift(timedelta(minutes=11))
    assert office.get(PAGE).location.startswith("/sign-in/again")
