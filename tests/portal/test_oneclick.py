import base64
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from time_machine import Traveller

from mailstore.deliveries import Delivery, State
from mailstore.envelopes import MailClass
from mailstore.mailboxes import Mailbox
from mailstore.reports import CODE_TRIES, LINK_LIFE, Link, LinkKind, Report
from mailstore.store import Store
from portal.links import LinkSigner
from tests.factories import NOON, a_held_delivery
from tests.portal.browsing import (
    Links,
    a_report,
    csrf,
    happened,
    know_device,
    post,
    said,
    state,
    wrong_code,
)

CONTENT = "Shall we meet at noon?"
MALLEABLE = 3


@pytest.fixture
def held(store: Store, anna: Mailbox) -> Delivery:
    return a_held_delivery(store, anna)


@pytest.fixture
def links(store: Store, anna: Mailbox, held: Delivery) -> Links:
    return a_report(store, anna)


def deliver(client: FlaskClient, link: str) -> str:
    return said(post(client, link, link))


def test_what_we_did_not_sign_does_not_exist(
    client: FlaskClient, links: Links, store: Store
) -> None:
    (link,) = links.held
    other = LinkSigner(["another-key-of-more-than-32-characters"])
    with store.read() as db:
        row = db.scalars(select(Link).where(Link.kind == LinkKind.HELD)).one()
    changed = link[:5] + chr(ord(link[5]) ^ 1) + link[6:]
    for forged in ("/l/x", changed, f"{link}x", f"/l/{other.sign(row)}"):
        assert client.get(forged).status_code == 404


def test_a_token_tells_nothing(links: Links) -> None:
    payload = links.held[0].removeprefix("/l/").partition(".")[0]
    decoded = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)).decode()
    assert re.fullmatch(r'\["[\w-]{22}","held"\]', decoded)


def test_opening_changes_nothing_however_often(
    client: FlaskClient, store: Store, held: Delivery, links: Links
) -> None:
    for path in (links.held[0], links.quarantine, links.webmail):
        for _ in range(10):
            assert client.get(path).status_code in (200, 303)
            assert client.head(path).status_code in (200, 303)
    assert state(store, held) is State.QUARANTINED
    with store.read() as db:
        assert db.scalar(select(func.count()).select_from(Report)) == 1


def test_one_tap_delivers_and_a_second_says_that_it_did(
    client: FlaskClient, store: Store, held: Delivery, links: Links
) -> None:
    (link,) = links.held
    token = csrf(client, link)
    first, second = (client.post(link, data={"csrf_token": token}) for _ in range(2))
    assert (first.status_code, second.status_code) == (200, 200)
    assert state(store, held) is State.QUEUED
    assert len(happened(store, "released")) == 1
    assert said(first) != said(second)


def test_a_new_device_sees_what_the_report_said_and_the_deed_is_marked(
    client: FlaskClient, store: Store, held: Delivery, links: Links
) -> None:
    (link,) = links.held
    page = client.get(link).text
    assert "Plans" in page
    assert CONTENT not in page
    assert client.get(f"{link}/body").status_code == 404
    deliver(client, link)
    assert happened(store, "released")[0].by == "report link, unverified device"


def test_a_known_device_sees_the_mail(
    client: FlaskClient, store: Store, anna: Mailbox, links: Links
) -> None:
    know_device(client, store, anna)
    assert CONTENT in client.get(links.held[0]).text
    deliver(client, links.held[0])
    assert happened(store, "released")[0].by == "report link"


def test_a_dangerous_mail_has_no_button_and_is_not_delivered(
    client: FlaskClient, store: Store, anna: Mailbox
) -> None:
    held = a_held_delivery(store, anna, mail_class=MailClass.DANGEROUS)
    (link,) = a_report(store, anna).held
    assert f'action="{link}"' not in client.get(link).text
    post(client, link)
    assert state(store, held) is State.QUARANTINED


def test_an_old_link_offers_a_fresh_one_once_an_hour(
    client: FlaskClient, store: Store, held: Delivery, links: Links, clock: Traveller
) -> None:
    (link,) = links.held
    clock.move_to(NOON + LINK_LIFE)
    assert client.get(link).status_code == 410
    assert post(client, link, link).status_code == 410
    for _ in range(2):
        assert post(client, f"{link}/fresh", link).status_code == 200
    assert state(store, held) is State.QUARANTINED
    with store.read() as db:
        assert db.scalar(select(func.count()).select_from(Report)) == 2


def test_a_link_that_lives_makes_no_fresh_report(
    client: FlaskClient, store: Store, links: Links
) -> None:
    post(client, f"{links.held[0]}/fresh", links.held[0])
    with store.read() as db:
        assert db.scalar(select(func.count()).select_from(Report)) == 1


def test_links_end_with_their_mailbox(
    client: FlaskClient, store: Store, anna: Mailbox, links: Links
) -> None:
    client.get(links.quarantine)
    with store.write() as db:
        db.execute(update(Mailbox).where(Mailbox.id == anna.id).values(active=False))
    for path in (links.held[0], links.quarantine, links.webmail):
        assert client.get(path).status_code == 404
    assert client.get("/quarantine/").location.startswith("/sign-in")


def test_the_quarantine_is_listed_without_the_code_and_read_with_it(
    client: FlaskClient, links: Links, held: Delivery
) -> None:
    listed = client.get(links.quarantine, follow_redirects=True)
    assert "Plans" in listed.text
    look = f"/quarantine/{held.id}"
    asked = client.get(look)
    assert asked.location.startswith("/code")
    assert client.get(f"{look}/body").status_code == 404
    answer = post(client, asked.location, asked.location, code=links.code)
    assert answer.location == look
    assert CONTENT in client.get(look).text


def test_the_webmail_asks_for_the_code_once_and_then_never_again(
    app: Flask, client: FlaskClient, links: Links
) -> None:
    opened = client.get(links.webmail, follow_redirects=True)
    assert opened.request.path == "/code"
    assert post(client, "/code", "/code", code=links.code).location == "/webmail/"
    for _ in range(2):
        again = client.get(links.webmail, follow_redirects=True)
        assert (again.status_code, again.request.path) == (200, "/webmail/")
    stranger = app.test_client()
    assert stranger.get(links.webmail, follow_redirects=True).request.path == "/code"


def test_after_six_wrong_codes_the_right_one_does_not_help_either(
    client: FlaskClient, links: Links
) -> None:
    client.get(links.webmail)
    for _ in range(CODE_TRIES):
        assert post(client, "/code", "/code", code=wrong_code(links)).status_code == 422
    assert post(client, "/code", "/code", code=links.code).status_code == 422


def test_a_code_helps_whichever_report_it_is_of(
    client: FlaskClient, store: Store, anna: Mailbox, links: Links
) -> None:
    later = a_report(store, anna)
    client.get(links.webmail)
    client.get(later.quarantine)
    assert post(client, "/code", "/code", code=later.code).status_code == 303


def test_nobody_is_asked_for_a_code_without_a_link(client: FlaskClient) -> None:
    assert client.get("/code").status_code == 404


def test_a_link_opens_no_settings_and_allows_nobody(
    client: FlaskClient, store: Store, anna: Mailbox, held: Delivery, links: Links
) -> None:
    know_device(client, store, anna)
    client.get(links.quarantine)
    assert post(client, f"/quarantine/{held.id}/allow").status_code == 401
    assert client.get("/admin/retention").location.startswith("/sign-in")
    assert happened(store, "sender_allowed") == []
