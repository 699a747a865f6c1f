from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from mailstore import clock, imap
from mailstore.deliveries import Delivery
from mailstore.domains import Domain
from mailstore.lanes import Lane
from mailstore.mailboxes import Mailbox
from mailstore.messages import Message
from mailstore.sending import homecomings
from mailstore.sending.bringing import bring_home
from mailstore.sending.homecomings import Way
from mailstore.store import Store
from portal.webmail.restore import MOST_ATTEMPTS
from tests.factories import NOON
from tests.mailstore.sending.written import home_of, send
from tests.portal.browsing import post, said, told

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

PAGES = ("/", "/webmail/sent")
WRONG = "geheim-2026"
NOBODY = "127.0.0.1:9"
NOT_YET = "1 message you sent is not in your own mailbox yet"

pytestmark = pytest.mark.usefixtures("speaks_english")


@pytest.fixture
def sent(store: Store, anna: Mailbox) -> Message:
    """Return an answer of Anna's, whose mail server wants her password."""
    with store.write() as db:
        db.execute(update(Domain).values(imap_server=NOBODY))
    message = send(store, anna)
    bring_home(store, anna.id)
    return message


def bring(browser: FlaskClient, mailbox: Mailbox, password: str = WRONG) -> TestResponse:
    return post(browser, f"/webmail/homecoming/{mailbox.id}", password=password)


def look(browser: FlaskClient, store: Store, message: Message) -> str:
    with store.read() as db:
        first = db.scalars(select(Delivery.id).filter_by(message_id=message.id, resend_of=0))
        delivery_id = min(first)
    return said(browser.get(f"/webmail/m/{delivery_id}"))


@pytest.mark.usefixtures("sent")
@pytest.mark.parametrize("path", PAGES)
def test_what_is_not_home_is_told_with_a_place_for_the_password(
    browser: FlaskClient, store: Store, path: str
) -> None:
    assert NOT_YET in said(browser.get(path))
    with store.write() as db:
        db.execute(update(Lane).values(down_since=NOON))
    assert NOT_YET not in said(browser.get(path))


@pytest.mark.usefixtures("sent")
def test_a_server_that_does_not_answer_is_told_and_the_password_is_not_shown_again(
    browser: FlaskClient, anna: Mailbox
) -> None:
    answer = bring(browser, anna)
    assert answer.status_code == 422
    assert "cannot be used now" in said(answer)
    assert WRONG not in answer.text


@pytest.mark.usefixtures("sent")
def test_wrong_passwords_are_slowed_down(
    browser: FlaskClient, anna: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise imap.SignInRefused("no")

    monkeypatch.setattr(imap, "_connected", refused)
    pages = [said(bring(browser, anna)) for _ in range(MOST_ATTEMPTS + 1)]
    assert all("does not accept this password" in page for page in pages[:-1])
    assert "wrong too often" in pages[-1]


def test_where_nothing_is_wanted_nothing_is_done(browser: FlaskClient, anna: Mailbox) -> None:
    assert "There is nothing to put" in told(browser, bring(browser, anna))


@pytest.mark.usefixtures("sent")
def test_nobody_brings_home_the_mail_of_others(
    browser: FlaskClient, beat: Mailbox, stranger: Mailbox
) -> None:
    for other in (beat, stranger):
        assert bring(browser, other).status_code == 404


def test_a_sent_message_says_whether_it_is_in_the_own_mailbox(
    browser: FlaskClient, store: Store, anna: Mailbox, sent: Message
) -> None:
    assert "Not yet: your mail server wants your password." in look(browser, store, sent)
    with store.write() as db:
        (row,) = homecomings.claim_waiting(db, anna.id, 9)
        homecomings.done(db, row, Way.PASSWORD)
    assert "In your own mailbox since" in " ".join(look(browser, store, sent).split())


def test_one_that_waits_or_cannot_come_says_so(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    message = send(store, anna, at=clock.now() - timedelta(days=1))
    assert "As soon as your mail server takes it." in look(browser, store, message)
    with store.write() as db:
        (row,) = homecomings.claim_due(db, anna.id, 9)
        homecomings.give_up(db, row, "never")
    assert home_of(store, message).error == "never"
    assert "your mail server did not take it" in look(browser, store, message)
