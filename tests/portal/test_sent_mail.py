from collections.abc import Sequence
from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from mailstore import marks, recording
from mailstore.accounts import Account
from mailstore.deliveries import Delivery
from mailstore.mailboxes import Mailbox
from mailstore.store import Store
from tests.factories import a_verdict, accepted_by, deliveries_of, the_recipient
from tests.portal.browsing import post, said

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

pytestmark = pytest.mark.usefixtures("speaks_english")
DEEDS = ("hide", "pin", "unread", "spam", "ham", "untag")


@pytest.fixture
def sent(store: Store, anna: Mailbox, user: Account, beat: Mailbox) -> Delivery:
    """Return the delivery of a mail that Anna wrote to Beat."""
    assert user
    with store.read() as db:
        verdict = a_verdict(the_recipient(db, beat.address))
    accepted = replace(accepted_by(store, [verdict]), writer_id=anna.id)
    (place,) = store.packs.append([accepted.sealed.slice])
    with store.write() as db:
        recording.record(db, [(accepted, place)])
        return next(iter(deliveries_of(db, accepted)))


def marks_of(store: Store, delivery: Delivery) -> Sequence[object]:
    with store.read() as db:
        found = marks.of(db, delivery.id)
    return found.read_at, found.hidden_at, found.pinned_at


def test_whoever_wrote_a_mail_sees_what_became_of_it_and_marks_nothing_of_its_reader(
    browser: FlaskClient, store: Store, sent: Delivery
) -> None:
    page = said(browser.get(f"/webmail/m/{sent.id}"))
    assert "beat@muster.example" in page
    for deed in DEEDS:
        answer = post(browser, f"/webmail/m/{sent.id}/{deed}", "/webmail/")
        assert answer.status_code == 404
    assert marks_of(store, sent) == (None, None, None)


def test_its_reader_marks_it_and_its_writer_sees_none_of_that(
    browser: FlaskClient, office: FlaskClient, store: Store, sent: Delivery
) -> None:
    assert office.get(f"/webmail/m/{sent.id}").status_code == 200
    assert post(office, f"/webmail/m/{sent.id}/pin", "/webmail/").status_code == 303
    assert "pinned" not in said(browser.get(f"/webmail/m/{sent.id}"))
    read, hidden, pinned = marks_of(store, sent)
    assert (bool(read), hidden, bool(pinned)) == (True, None, True)
