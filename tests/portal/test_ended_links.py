from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from time_machine import Traveller

from mailstore.deliveries import Delivery, State
from mailstore.mailboxes import Mailbox
from mailstore.store import Store
from portal.reports.sending import write_reports
from tests.portal.browsing import Links, post, said, state
from tests.reporting import LINK_LIFE, reports_of

HOUR = timedelta(hours=1)


def test_an_ended_link_offers_a_new_report_and_does_nothing_else(
    clock: Traveller, client: FlaskClient, store: Store, held: Delivery, link: str
) -> None:
    clock.shift(LINK_LIFE)
    page = client.get(link)
    assert page.status_code == 410
    assert f'action="{link}/fresh"' in page.text
    assert "Plans" not in page.text
    assert post(client, link, link).status_code == 410
    assert state(store, held) is State.QUARANTINED


@pytest.mark.parametrize("kind", ["held", "quarantine", "webmail"])
def test_a_link_works_until_its_last_second(
    clock: Traveller, client: FlaskClient, links: Links, kind: str
) -> None:
    path = {"held": links.held[0], "quarantine": links.quarantine, "webmail": links.webmail}[kind]
    clock.shift(LINK_LIFE - timedelta(seconds=1))
    assert client.get(path).status_code in {200, 303}
    clock.shift(1)
    assert client.get(path).status_code == 410


def test_a_new_report_is_sent_once_an_hour(
    clock: Traveller, client: FlaskClient, store: Store, link: str
) -> None:
    clock.shift(LINK_LIFE)
    for _ in range(3):
        answer = post(client, f"{link}/fresh", link)
        assert "Ein neuer Bericht ist unterwegs" in said(answer)
        write_reports(store)
    assert reports_of(store) == 2
    clock.shift(HOUR)
    post(client, f"{link}/fresh", link)
    write_reports(store)
    assert reports_of(store) == 3


def test_a_link_that_still_works_sends_no_report(
    client: FlaskClient, store: Store, link: str
) -> None:
    post(client, f"{link}/fresh", link)
    write_reports(store)
    assert reports_of(store) == 1


def test_links_end_with_their_mailbox(
    client: FlaskClient, store: Store, anna: Mailbox, held: Delivery, links: Links
) -> None:
    client.get(links.quarantine)
    with store.write() as db:
        db.get_one(Mailbox, anna.id).active = False
    for path in links.paths:
        assert client.get(path).status_code == 404
        assert post(client, path).status_code == 404
    assert client.get("/quarantine/").status_code == 303
    assert state(store, held) is State.QUARANTINED


def test_a_link_leads_nowhere_once_its_mail_is_purged(
    client: FlaskClient, store: Store, held: Delivery, link: str
) -> None:
    with store.write() as db:
        db.delete(db.get_one(Delivery, held.id))
    assert client.get(link).status_code == 404


@pytest.mark.parametrize("kind", ["quarantine", "webmail"])
def test_what_a_link_opened_closes_when_the_link_ends(
    clock: Traveller, client: FlaskClient, links: Links, kind: str
) -> None:
    client.get(links.quarantine if kind == "quarantine" else links.webmail)
    path = f"/{kind}/"
    assert "/sign-in" not in client.get(path).headers.get("Location", "")
    clock.shift(LINK_LIFE)
    assert "/sign-in" in client.get(path).location
    assert client.get("/code").status_code == 404
