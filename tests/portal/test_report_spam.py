import pytest
from flask.testing import FlaskClient

from mailstore.accounts import Account
from mailstore.deliveries import Delivery, State
from mailstore.mailboxes import Mailbox
from mailstore.store import Store
from tests.factories import a_held_delivery, an_accepted
from tests.portal.browsing import happened, in_english, listed, post, said, told
from tests.portal.mails import become


@pytest.fixture
def copy(store: Store, anna: Mailbox) -> Delivery:
    """Return the copy of a mail that the mail server took."""
    taken = an_accepted(store, anna)
    become(store, taken, State.DELIVERED)
    return taken


def test_a_mail_is_reported_as_spam_once_and_stays(
    browser: FlaskClient, store: Store, copy: Delivery, user: Account
) -> None:
    in_english(browser)
    path = f"/webmail/m/{copy.id}"
    assert "Report as spam" in said(browser.get(path))
    first, second = (told(browser, post(browser, f"{path}/spam", path)) for _ in range(2))
    assert "The filter learns from this message." in first
    assert "You reported this message as spam." in first
    assert "Report as spam" not in first
    assert "reported as spam already" in second
    assert [event.by for event in happened(store, "reported_spam")] == [user.email]
    assert listed(browser.get("/webmail/")) == [copy.id]


def test_held_mail_and_mail_of_others_cannot_be_reported(
    browser: FlaskClient, store: Store, anna: Mailbox, beat: Mailbox
) -> None:
    for other in (a_held_delivery(store, anna), an_accepted(store, beat)):
        assert post(browser, f"/webmail/m/{other.id}/spam", "/webmail/").status_code == 404
    assert happened(store, "reported_spam") == []
