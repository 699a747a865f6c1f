import base64
import json
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy import text as sql

from mailstore.deliveries import Delivery, State
from mailstore.envelopes import MailClass
from mailstore.mailboxes import Mailbox
from mailstore.quarantine import SELF_SERVICE
from mailstore.reports.rows import Link, LinkKind
from mailstore.store import Store
from tests.factories import ANNA, RecordedJobs, a_held_delivery
from tests.portal.browsing import (
    READING,
    Links,
    a_report,
    happened,
    know_device,
    post,
    said,
    state,
    stock,
)
from tests.portal.mails import become, html_mail, stored

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

RISKY = sorted(set(MailClass) - SELF_SERVICE - {MailClass.REPORT})
BESIDE = ("body", "allow", "block")
CONTENT = "Shall we meet at noon?"


def break_down(store: Store) -> None:
    with store.write() as db:
        db.execute(sql("ALTER TABLE messages RENAME TO elsewhere"))


def noted(column: str) -> bool:
    """Whether a column is what an opening may write."""
    return column == "links.opens" or column.startswith("openings.")


def opens(store: Store) -> int:
    with store.read() as db:
        return db.scalar(select(func.sum(Link.opens))) or 0


def test_a_link_shows_what_the_report_said_and_one_focused_button(
    client: FlaskClient, link: str
) -> None:
    answer = client.get(link)
    for words in ("Bob bob@there.example", "Plans", f"an {ANNA}", "Spam", "Mehrere kleine"):
        assert words in said(answer)
    (form,) = re.findall(r"(?s)<form.*?</form>", answer.text.partition("<main")[2])[:-1]
    assert f'action="{link}"' in form
    assert "autofocus" in form


def test_an_unknown_device_sees_no_content(client: FlaskClient, link: str) -> None:
    page = client.get(link).text
    assert CONTENT not in page
    assert "iframe" not in page
    assert client.get(f"{link}/body").status_code == 404


def test_a_known_device_sees_the_content(
    client: FlaskClient, store: Store, anna: Mailbox, link: str
) -> None:
    know_device(client, store, anna)
    assert CONTENT in said(client.get(link))
    assert client.get(f"{link}/body").status_code == 200


def test_a_known_device_sees_html_in_a_frame_of_its_own(
    client: FlaskClient, store: Store, anna: Mailbox
) -> None:
    stored(store, anna, html_mail("<p>Guten Tag</p>"), held=True)
    (link,) = a_report(store, anna).held
    know_device(client, store, anna)
    assert f'src="{link}/body"' in client.get(link).text
    body = client.get(f"{link}/body")
    assert "<p>Guten Tag</p>" in body.text
    assert "sandbox" in body.headers["Content-Security-Policy"]


def test_a_device_that_somebody_else_is_known_by_is_unknown(
    client: FlaskClient, store: Store, beat: Mailbox, link: str
) -> None:
    know_device(client, store, beat)
    assert CONTENT not in client.get(link).text
    assert client.get(f"{link}/body").status_code == 404


@pytest.mark.parametrize("method", sorted(READING))
def test_fetching_a_link_ten_times_changes_nothing_and_burns_nothing(
    client: FlaskClient, store: Store, links: Links, jobs: RecordedJobs, method: str
) -> None:
    before = stock(store, without=noted)
    for path in (*links.paths, *(f"{links.held[0]}/{each}" for each in BESIDE)) * 10:
        assert client.open(path, method=method).status_code in {200, 303, 404}
    assert stock(store, without=noted) == before
    assert jobs.asked == []
    assert "Zustellen" in said(client.get(links.held[0]))


def test_openings_are_counted(client: FlaskClient, store: Store, link: str) -> None:
    for _ in range(3):
        client.get(link)
    assert opens(store) == 3


def test_the_button_delivers_and_the_event_says_that_the_device_is_unknown(
    client: FlaskClient, store: Store, held: Delivery, link: str, jobs: RecordedJobs
) -> None:
    assert "Die Nachricht ist unterwegs zu Ihnen" in said(post(client, link, link))
    assert state(store, held) is State.RELEASING
    assert jobs.asked == [("scan_releases",)]
    (event,) = happened(store, "released")
    assert event.by == "report link, unverified device"


def test_what_a_known_device_delivers_is_not_marked(
    client: FlaskClient, store: Store, anna: Mailbox, link: str
) -> None:
    know_device(client, store, anna)
    post(client, link, link)
    assert [event.by for event in happened(store, "released")] == ["report link"]


def test_a_second_tap_sends_nothing_more_and_says_so(
    client: FlaskClient, link: str, jobs: RecordedJobs
) -> None:
    post(client, link, link)
    text = said(post(client, link, link))
    assert "nicht mehr in der Quarantäne" in text
    assert "Es wurde nichts doppelt gesendet" in text
    assert len(jobs.asked) == 1


def test_of_many_taps_at_once_one_delivers(
    app: Flask, link: str, jobs: RecordedJobs, store: Store, anna: Mailbox
) -> None:
    def tap(_: int) -> str:
        client = app.test_client()
        know_device(client, store, anna)
        return said(post(client, link, link))

    with ThreadPoolExecutor(4) as pool:
        texts = list(pool.map(tap, range(20)))
    assert sum("Die Nachricht ist unterwegs" in text for text in texts) == 1
    assert sum("nicht mehr in der Quarantäne" in text for text in texts) == 19
    assert len(jobs.asked) == len(happened(store, "released")) == 1


@pytest.mark.parametrize(
    ("became", "words"),
    [(State.QUEUED, "bereits unterwegs"), (State.RELEASING, "bereits unterwegs"),
     (State.DELIVERED, "Ihr Mailserver hat sie angenommen"),
     (State.FAILED, "Mailserver hat sie abgelehnt"), (State.DELETED, "gelöscht")],
)  # fmt: skip
def test_a_link_to_a_mail_that_is_held_no_more_says_what_became_of_it(
    client: FlaskClient, store: Store, held: Delivery, link: str, became: State, words: str
) -> None:
    become(store, held, became)
    answer = client.get(link)
    assert words in said(answer)
    assert f'action="{link}"' not in answer.text


def test_a_deleted_mail_cannot_be_delivered_by_its_link(
    client: FlaskClient, store: Store, held: Delivery, link: str
) -> None:
    become(store, held, State.DELETED)
    assert "gelöscht" in said(post(client, link, link))
    assert state(store, held) is State.DELETED


@pytest.mark.parametrize("mail_class", RISKY)
def test_a_dangerous_mail_has_no_button_and_is_delivered_by_nobody(
    client: FlaskClient, store: Store, anna: Mailbox, jobs: RecordedJobs, mail_class: MailClass
) -> None:
    held = a_held_delivery(store, anna, mail_class=mail_class)
    (link,) = a_report(store, anna).held
    know_device(client, store, anna)
    page = client.get(link)
    assert f'action="{link}"' not in page.text
    words = "Nur Ihre Administration kann diese Nachricht zustellen"
    if mail_class is MailClass.VIRUS:
        words = "Diese Nachricht wird nie zugestellt"
    assert words in said(page)
    assert words in said(post(client, link, link))
    assert (state(store, held), jobs.asked) == (State.QUARANTINED, [])


def test_a_link_to_a_list_delivers_nothing(
    client: FlaskClient, store: Store, held: Delivery, links: Links
) -> None:
    for path in links.paths:
        if path not in links.held:
            post(client, path)
    assert state(store, held) is State.QUARANTINED


def test_tokens_say_nothing_of_whose_they_are(links: Links, anna: Mailbox, held: Delivery) -> None:
    for path in links.paths:
        payload = path[3:].partition(".")[0]
        decoded = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        assert len(decoded) == 2
        assert decoded[1] in set(LinkKind)
        assert len(decoded[0]) >= 22
        assert "@" not in f"{path}{decoded}"


@pytest.mark.usefixtures("clock")
def test_tokens_get_into_no_log(
    client: FlaskClient, store: Store, held: Delivery, links: Links,
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    caplog.set_level("DEBUG")
    paths = links.paths
    for path in (*paths, f"{links.held[0]}x"):
        client.get(path)
        post(client, path)
    break_down(store)
    assert client.get(paths[0]).status_code == 500
    written = "".join(capfd.readouterr()) + caplog.text
    assert "page_failed" in written
    assert not any(path[3:] in written for path in paths)


def test_no_site_learns_a_token_as_its_referer(client: FlaskClient, links: Links) -> None:
    for path in links.paths:
        assert client.get(path).headers["Referrer-Policy"] == "no-referrer"
        assert post(client, path).headers["Referrer-Policy"] == "no-referrer"
