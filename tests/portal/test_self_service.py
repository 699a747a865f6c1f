import re
from collections.abc import Callable
from urllib.parse import urljoin

import pytest
from flask.testing import FlaskClient

from mailstore.deliveries import Delivery, State
from mailstore.envelopes import MailClass
from mailstore.mailboxes import Mailbox
from mailstore.quarantine import SELF_SERVICE
from mailstore.senders import Listed, SenderEntry
from mailstore.store import Store
from tests.factories import RecordedJobs, a_held_delivery
from tests.portal.browsing import a_report, know_device, post, state

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

Way = Callable[[Store, Delivery], tuple[str, str]]


def by_link(store: Store, held: Delivery) -> tuple[str, str]:
    """Return the page of a held mail's link, and where its button leads."""
    with store.read() as db:
        mailbox = db.get_one(Mailbox, held.mailbox_id)
    (path,) = a_report(store, mailbox).held
    return path, path


def from_the_list(_: Store, held: Delivery) -> tuple[str, str]:
    return "/quarantine/", f"/quarantine/{held.id}/release"


def from_the_mail(_: Store, held: Delivery) -> tuple[str, str]:
    return f"/quarantine/{held.id}", f"/quarantine/{held.id}/release"


WAYS = [by_link, from_the_list, from_the_mail]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("mail_class", sorted(SELF_SERVICE))
def test_every_class_that_people_may_deliver_has_a_button_that_does(
    browser: FlaskClient, store: Store, anna: Mailbox, jobs: RecordedJobs, mail_class: MailClass,
    way: Way,
) -> None:  # fmt: skip
    held = a_held_delivery(store, anna, mail_class=mail_class)
    page, path = way(store, held)
    jobs.asked.clear()
    # Where it leads is said from the page's own address.
    offered = re.findall(r'action="([^"]+)"', browser.get(page).text)
    assert path in {urljoin(page, each) for each in offered}
    post(browser, path, page)
    assert (state(store, held), jobs.asked) == (State.RELEASING, [("scan_releases",)])


@pytest.mark.parametrize("mail_class", sorted(SELF_SERVICE))
def test_a_sender_is_allowed_for_the_mailbox_that_got_the_mail_and_for_no_other(
    browser: FlaskClient, store: Store, anna: Mailbox, beat: Mailbox, mail_class: MailClass
) -> None:
    held = a_held_delivery(store, anna, mail_class=mail_class)
    form = {"form": "exact", "days": "0", "mail": "yes"}
    post(browser, f"/quarantine/{held.id}/allowed", **form)
    assert state(store, held) is State.RELEASING
    with store.read() as db:
        (entry,) = db.query(SenderEntry)
    assert (entry.mailbox_id, entry.listed, entry.delivery_id) == (
        anna.id,
        Listed.ALLOWED,
        held.id,
    )


@pytest.mark.parametrize("known", [True, False], ids=["known", "unknown"])
def test_a_guest_may_delete_what_is_held_on_a_known_device_only(
    client: FlaskClient, store: Store, anna: Mailbox, known: bool
) -> None:
    held = a_held_delivery(store, anna)
    if known:
        know_device(client, store, anna)
    client.get(a_report(store, anna).quarantine)
    post(client, f"/quarantine/{held.id}/delete", "/quarantine/")
    assert state(store, held) is (State.DELETED if known else State.QUARANTINED)
