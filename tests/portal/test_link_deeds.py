from collections.abc import Sequence
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from time_machine import Traveller

from mailstore.deliveries import Delivery, State
from mailstore.envelopes import MailClass
from mailstore.mailboxes import Mailbox
from mailstore.reports import LINK_LIFE, Link, Report
from mailstore.store import Store
from tests.factories import RecordedJobs, a_held_delivery
from tests.portal.browsing import (
    Links,
    a_report,
    html_mail,
    in_english,
    know_device,
    post,
    said,
    state,
    stock,
)

pytestmark = pytest.mark.usefixtures("clock")

CONTENT = "Shall we meet at noon?"
SECOND = timedelta(seconds=1)
SELF_SERVICE = [MailClass.SPAM, MailClass.NEWSLETTER, MailClass.CLEAN]
RISKY = [MailClass.PHISH, MailClass.DANGEROUS, MailClass.VIRUS]


@pytest.fixture
def guest(client: FlaskClient) -> FlaskClient:
    """Return a browser that nobody knows, in English."""
    return in_english(client)


@pytest.fixture
def held(store: Store, anna: Mailbox) -> Delivery:
    return a_held_delivery(store, anna)


@pytest.fixture
def links(store: Store, anna: Mailbox, held: Delivery) -> Links:
    return a_report(store, anna)


@pytest.fixture
def link(links: Links) -> str:
    """Return the path of the one held mail."""
    (path,) = links.held
    return path


def reports_of(store: Store) -> Sequence[Report]:
    with store.read() as db:
        return db.scalars(select(Report).order_by(Report.id)).all()


def test_opening_links_again_and_again_changes_nothing_but_their_counter(
    guest: FlaskClient, store: Store, links: Links
) -> None:
    before = stock(store, without="links.opens".__eq__)
    for path in (*links.held, links.quarantine, links.webmail):
        for method in ("GET", "HEAD", "OPTIONS"):
            for _ in range(10):
                assert guest.open(path, method=method).status_code in (200, 303)
    assert stock(store, without="links.opens".__eq__) == before


def test_a_link_still_delivers_after_a_scanner_opened_it(
    guest: FlaskClient, store: Store, held: Delivery, link: str
) -> None:
    for _ in range(10):
        guest.get(link)
    assert post(guest, link).status_code == 200
    assert state(store, held) is State.QUEUED


def test_openings_are_counted(guest: FlaskClient, store: Store, link: str) -> None:
    for _ in range(3):
        guest.get(link)
    with store.read() as db:
        assert sorted(db.scalars(select(Link.opens))) == [0, 0, 3]


@pytest.mark.parametrize("mail_class", SELF_SERVICE)
def test_one_button_delivers(
    guest: FlaskClient, store: Store, anna: Mailbox, jobs: RecordedJobs, mail_class: MailClass
) -> None:
    held = a_held_delivery(store, anna, mail_class=mail_class)
    (link,) = a_report(store, anna).held
    assert f'action="{link}"' in guest.get(link).text
    jobs.asked.clear()
    answer = post(guest, link)
    assert "The message is on its way to you" in said(answer)
    assert (state(store, held), jobs.asked) == (State.QUEUED, [("drain", held.lane_id)])


def test_a_second_press_sends_nothing_more(
    guest: FlaskClient, store: Store, jobs: RecordedJobs, link: str
) -> None:
    post(guest, link)
    asked, before = list(jobs.asked), stock(store)
    answer = post(guest, link)
    assert "Nothing was sent twice." in said(answer)
    assert (jobs.asked, stock(store)) == (asked, before)


def test_a_link_opened_after_the_deed_says_what_became_of_the_mail(
    guest: FlaskClient, link: str
) -> None:
    post(guest, link)
    page = guest.get(link)
    assert "It is on its way to you already." in said(page)
    assert f'action="{link}"' not in page.text


def test_a_known_device_sees_the_html_in_its_frame(
    guest: FlaskClient, store: Store, anna: Mailbox
) -> None:
    know_device(guest, store, anna)
    a_held_delivery(store, anna, raw=html_mail("<b>See you</b>"))
    (link,) = a_report(store, anna).held
    assert f'src="{link}/body"' in guest.get(link).text
    assert "<b>See you</b>" in guest.get(f"{link}/body").text


def test_a_device_of_somebody_else_is_unknown(
    guest: FlaskClient, store: Store, beat: Mailbox, link: str
) -> None:
    know_device(guest, store, beat)
    assert CONTENT not in guest.get(link).text


@pytest.mark.parametrize("mail_class", RISKY)
def test_what_could_do_harm_has_no_button_and_is_not_delivered(
    guest: FlaskClient, store: Store, anna: Mailbox, jobs: RecordedJobs, mail_class: MailClass
) -> None:
    held = a_held_delivery(store, anna, mail_class=mail_class)
    (link,) = a_report(store, anna).held
    jobs.asked.clear()
    assert f'action="{link}"' not in guest.get(link).text
    assert "An administrator must deliver this message" in said(post(guest, link))
    assert (state(store, held), jobs.asked) == (State.QUARANTINED, [])


@pytest.mark.parametrize("kind", ["quarantine", "webmail"])
def test_a_link_to_a_list_delivers_nothing_by_itself(
    guest: FlaskClient, store: Store, links: Links, held: Delivery, kind: str
) -> None:
    assert post(guest, getattr(links, kind)).status_code == 410
    assert state(store, held) is State.QUARANTINED


def test_a_link_lives_to_its_last_second(guest: FlaskClient, clock: Traveller, link: str) -> None:
    clock.shift(LINK_LIFE - SECOND)
    assert guest.get(link).status_code == 200


def test_an_ended_link_shows_nothing_of_the_mail(
    guest: FlaskClient, store: Store, anna: Mailbox, clock: Traveller, link: str
) -> None:
    know_device(guest, store, anna)
    clock.shift(LINK_LIFE)
    page = guest.get(link)
    assert "Plans" not in page.text
    assert f'action="{link}/fresh"' in page.text
    assert guest.get(f"{link}/body").status_code == 404


def test_an_ended_link_gets_one_new_report_an_hour(
    guest: FlaskClient, store: Store, clock: Traveller, link: str
) -> None:
    clock.shift(LINK_LIFE)
    for wait, expected in ((0, 2), (1, 2), (3598, 2), (1, 3)):
        clock.shift(wait)
        assert "A new report is on its way" in said(post(guest, f"{link}/fresh"))
        assert len(reports_of(store)) == expected
    assert {report.sent_at for report in reports_of(store)} == {None}


def test_deeds_end_with_the_mailbox(
    guest: FlaskClient, store: Store, anna: Mailbox, links: Links, held: Delivery
) -> None:
    with store.write() as db:
        db.get_one(Mailbox, anna.id).active = False
    for path in (*links.held, links.quarantine, links.webmail):
        for deed in ("", "/fresh"):
            assert post(guest, path + deed).status_code == 404
    assert state(store, held) is State.QUARANTINED
