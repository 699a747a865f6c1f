"""Newsletters that a person does not want marked."""

from flask.testing import FlaskClient
from sqlalchemy import select

from mailstore.deliveries import Delivery
from mailstore.mailboxes import Mailbox
from mailstore.senders import Listed, SenderEntry
from mailstore.store import Store
from tests.factories import an_accepted
from tests.portal.browsing import in_english, post, said, told


def test_a_person_says_that_a_sender_is_not_marked_any_more(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    copy = an_accepted(store, anna)
    page = f"/webmail/m/{copy.id}"
    in_english(browser)
    assert "Do not mark this sender" not in said(browser.get(page))
    with store.write() as db:
        db.get_one(Delivery, copy.id).tag = "[PUB]"
    assert "Do not mark this sender" in said(browser.get(page))
    text = told(browser, post(browser, f"{page}/untag", page))
    assert "Newsletters of bob@there.example are not marked any more." in text
    with store.read() as db:
        entry = db.scalars(select(SenderEntry)).one()
    assert (entry.listed, entry.pattern) == (Listed.UNTAGGED, "bob@there.example")
    assert (entry.mailbox_id, entry.delivery_id) == (anna.id, copy.id)
