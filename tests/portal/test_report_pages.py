"""What else a report leads to: all of it at once, the sender, the settings, the end of reports."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from time_machine import Traveller

from mailstore.deliveries import Delivery, State
from mailstore.envelopes import MailClass, Summary
from mailstore.mailboxes import Mailbox
from mailstore.ownlists import BLOCKED
from mailstore.reports import seen
from mailstore.reports.links import CODE_TRIES, FRESH_EVERY
from mailstore.reports.rows import Report
from mailstore.reports.times import NEVER
from mailstore.senders import SenderEntry
from mailstore.store import Store
from tests.factories import NOON, a_held_delivery
from tests.portal.browsing import (
    Links,
    a_report,
    happened,
    know_device,
    post,
    said,
    state,
    wrong_code,
)
from tests.reporting import LINK_LIFE

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

pytestmark = pytest.mark.usefixtures("clock", "speaks_english")

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def stopped(store: Store, mailbox: Mailbox) -> bool:
    with store.read() as db:
        return db.get_one(Mailbox, mailbox.id).report_on == NEVER


def test_several_mails_of_a_report_are_delivered_by_one_tap(
    client: FlaskClient, store: Store, anna: Mailbox
) -> None:
    mails = [a_held_delivery(store, anna) for _ in range(3)]
    phish = a_held_delivery(store, anna, mail_class=MailClass.PHISH)
    links = a_report(store, anna)
    page = client.get(links.everything).text
    assert [f'name="m" value="{each.id}"' in page for each in (*mails, phish)] == [True] * 3 + [
        False
    ]
    chosen = [str(each.id) for each in (*mails[:2], phish)]
    text = said(post(client, links.everything, m=chosen))
    assert "2 messages are on their way" in text
    states = [state(store, each) for each in (*mails, phish)]
    assert states == [State.RELEASING] * 2 + [State.QUARANTINED] * 2


def test_nothing_ticked_delivers_nothing(
    client: FlaskClient, store: Store, held: Delivery, links: Links
) -> None:
    assert "No message was ticked" in said(post(client, links.everything))
    assert state(store, held) is State.QUARANTINED


def test_what_another_report_named_cannot_be_ticked(
    client: FlaskClient, store: Store, held: Delivery, links: Links, anna: Mailbox, beat: Mailbox
) -> None:
    theirs, later = a_held_delivery(store, beat), a_held_delivery(store, anna)
    for other in (theirs, later):
        assert post(client, links.everything, m=str(other.id)).status_code == 404
        assert state(store, other) is State.QUARANTINED


@pytest.mark.parametrize("listed", ["allowed", "blocked"])
def test_allowing_and_blocking_a_sender_want_a_sign_in(
    client: FlaskClient, store: Store, held: Delivery, links: Links, listed: str
) -> None:
    answer = client.get(f"{links.held[0]}/{listed}")
    assert answer.location == f"/sign-in?next=/quarantine/{held.id}/{listed}"
    assert client.get(f"{links.quarantine}/{listed}").status_code == 404
    assert client.post(f"{links.held[0]}/{listed}").status_code == 405
    with store.read() as db:
        assert db.scalar(select(func.count(SenderEntry.id))) == 0


def test_the_settings_of_reports_want_a_sign_in(client: FlaskClient, links: Links) -> None:
    assert client.get(links.settings).location == "/sign-in?next=/profile/reports/"


def test_a_mail_program_stops_reports_without_cookies(
    client: FlaskClient, store: Store, anna: Mailbox, beat: Mailbox, links: Links
) -> None:
    assert client.get(links.unsubscribe).status_code == 200
    for form in ({}, {"List-Unsubscribe": "yes"}):
        assert client.post(links.unsubscribe, data=form).status_code == 400
    assert not stopped(store, anna)
    stranger = client.application.test_client()
    for _ in range(2):
        assert stranger.post(links.unsubscribe, data=ONE_CLICK).status_code == 200
    assert (stopped(store, anna), stopped(store, beat)) == (True, False)
    assert len(happened(store, "report_times_set")) == 1


def test_only_the_link_that_is_for_it_stops_reports(
    client: FlaskClient, store: Store, anna: Mailbox, links: Links
) -> None:
    for path in (*links.held, links.quarantine, links.webmail, links.settings, links.everything):
        moved = path.replace("/l/", "/u/")
        assert client.post(moved, data=ONE_CLICK).status_code == 404
    assert client.get(links.unsubscribe.replace("/u/", "/l/")).status_code == 404
    assert not stopped(store, anna)


def test_what_a_report_only_counted_is_shown_on_known_devices_only(
    client: FlaskClient, store: Store, anna: Mailbox
) -> None:
    blocked = a_held_delivery(store, anna, summary=Summary(subject="Pills"))
    with store.write() as db:
        db.execute(update(Delivery).where(Delivery.id == blocked.id).values(reason=BLOCKED))
    a_held_delivery(store, anna)
    links = a_report(store, anna, ask=False)
    page = client.get(links.everything).text
    assert ("Pills" in page, "1 more message is not listed" in page) == (False, True)
    assert post(client, links.everything, m=str(blocked.id)).status_code == 404
    know_device(client, store, anna)
    assert "Pills" in client.get(links.everything).text
    post(client, links.everything, m=str(blocked.id))
    assert state(store, blocked) is State.RELEASING


def test_the_list_shows_an_unknown_device_what_the_report_named_and_no_more(
    client: FlaskClient, store: Store, anna: Mailbox, held: Delivery, links: Links
) -> None:
    later = a_held_delivery(store, anna, summary=Summary(subject="Secrets"))
    client.get(links.quarantine)
    for path in ("/quarantine/", "/quarantine/?q=secret", "/quarantine/?show=over"):
        assert "Secrets" not in client.get(path).text
    assert client.get(f"/quarantine/{later.id}").status_code == 404
    post(client, f"/quarantine/{later.id}/release", "/quarantine/")
    assert post(client, f"/quarantine/{held.id}/delete", "/quarantine/").location.startswith(
        "/code"
    )
    assert {state(store, each) for each in (held, later)} == {State.QUARANTINED}
    know_device(client, store, anna)
    assert "Secrets" in client.get("/quarantine/").text


def test_who_is_locked_out_of_a_code_gets_a_new_report(
    client: FlaskClient, store: Store, anna: Mailbox, links: Links
) -> None:
    client.get(links.webmail)
    fresh = f"{links.webmail}/fresh"
    for _ in range(CODE_TRIES):
        assert post(client, fresh).status_code == 404
        page = post(client, "/code", "/code", code=wrong_code(links)).text
    assert f'action="{fresh}"' in page
    with store.write() as db:
        db.execute(update(Report).values(slot=NOON - FRESH_EVERY))
    assert post(client, fresh).status_code == 200
    with store.read() as db:
        assert db.get_one(Mailbox, anna.id).report_asked_at is not None


def test_who_stopped_reports_gets_none_by_an_old_link(
    client: FlaskClient, store: Store, anna: Mailbox, links: Links, clock: Traveller
) -> None:
    client.post(links.unsubscribe, data=ONE_CLICK)
    clock.shift(LINK_LIFE)
    assert post(client, f"{links.held[0]}/fresh").status_code == 200
    with store.read() as db:
        assert db.get_one(Mailbox, anna.id).report_asked_at is None
    assert client.get(links.settings).location == "/sign-in?next=/profile/reports/"


def test_whoever_opens_one_link_after_the_other_is_called_a_scanner_and_nobody_else(
    client: FlaskClient, store: Store, anna: Mailbox
) -> None:
    for _ in range(3):
        a_held_delivery(store, anna)
    links = a_report(store, anna)

    def scanned() -> int:
        with store.read() as db:
            (report,) = seen.lately(db, anna.id)
        return report.scanned

    for path in (*links.held[:2], links.held[0]):
        client.get(path)
    assert scanned() == 0
    for path in (links.held[2], links.everything):
        client.get(path)
    assert scanned() == 4
    post(client, links.held[0])
    assert scanned() == 2
