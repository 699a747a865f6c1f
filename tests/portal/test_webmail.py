from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from mailstore import tailoring
from mailstore.accounts import Account
from mailstore.deliveries import Delivery, State
from mailstore.envelopes import Summary
from mailstore.mailboxes import Mailbox
from mailstore.store import Store
from mailstore.tenants import Tenant
from portal.content.turns import TURNS
from tests.factories import (
    NOON,
    RecordedJobs,
    a_domain,
    a_held_delivery,
    a_mailbox,
    an_accepted,
)
from tests.portal.browsing import following, happened, listed, post, said, state, told
from tests.portal.mails import become, go_down, mail, many, stored, with_attachment

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

BIDI = frozenset(map(chr, TURNS))

HOSTILE = "<script>alert(1)</script>\"'<img src=x>"
PAGES = ["", "/body", "/source", "/mail.eml", "/attachments/0"]
LONG_AGO = NOON - timedelta(days=2)


@pytest.fixture
def copy(store: Store, anna: Mailbox, jobs: RecordedJobs) -> Delivery:
    """Return the copy of a mail that the mail server took."""
    taken = an_accepted(store, anna)
    become(store, taken, State.DELIVERED, reply="250 2.0.0 ok")
    jobs.asked.clear()
    return taken


@pytest.fixture
def waiting(store: Store, anna: Mailbox) -> Delivery:
    """Return the copy of a mail that the mail server has not taken yet."""
    return an_accepted(store, anna)


def sent_again(store: Store, copy: Delivery) -> list[Delivery]:
    with store.read() as db:
        again = Delivery.message_id == copy.message_id, Delivery.resend_of != 0
        return list(db.scalars(select(Delivery).where(*again).order_by(Delivery.id)))


def switch_off(store: Store, mailbox: Mailbox, by: str = "tenant") -> None:
    with store.write() as db:
        if by == "policy":
            box = db.get_one(Mailbox, mailbox.id)
            tailoring.tailor(db, box, {"webmail": "no"}, by="test")
        else:
            db.get_one(Tenant, mailbox.tenant_id).webmail_on = False


@pytest.mark.usefixtures("clock")
def test_the_list_says_in_german_what_came_when_and_what_became_of_it(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    an_accepted(store, anna, at=LONG_AGO)
    text = said(browser.get("/webmail/"))
    for words in ("Notfall-Webmail", "Bob", "Plans", "wartet", "22. Nov. 13:00", "ungelesen",
                  "noch 5 Tage", "7 Tage lang"):  # fmt: skip
        assert words in text


@pytest.mark.usefixtures("clock")
def test_the_list_says_the_same_in_english(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    an_accepted(store, anna, at=LONG_AGO)
    browser.set_cookie("language", "en")
    text = said(browser.get("/webmail/"))
    for words in ("Emergency webmail", "Bob", "Plans", "waiting", "Nov 22 13:00", "unread",
                  "5 days left", "for 7 days"):  # fmt: skip
        assert words in text


def test_an_empty_list_says_so(browser: FlaskClient) -> None:
    assert "Keine Nachrichten" in said(browser.get("/webmail/"))


def test_the_list_shows_the_beginning_of_a_mail_and_that_it_has_attachments(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    stored(store, anna, with_attachment(b"; filename=x.pdf"))
    text = said(browser.get("/webmail/"))
    assert "Shall we meet?" in text
    assert "1 Anhang" in text


@pytest.mark.parametrize("path", ["/", "/webmail/", "/webmail/m/{}", "/webmail/m/{}/source"])
def test_what_others_wrote_is_text_and_no_markup(
    browser: FlaskClient, store: Store, anna: Mailbox, path: str
) -> None:
    summary = Summary(author_name=HOSTILE, subject=HOSTILE, snippet=HOSTILE)
    head = f'X-Evil: {HOSTILE}\r\nContent-Type: text/html; name="{HOSTILE}"'.encode()
    raw = mail(head, f"To: {HOSTILE}".encode(), body=f"{HOSTILE}\r\n".encode())
    copy = an_accepted(store, anna, raw=raw, summary=summary)
    become(store, copy, State.FAILED, reply=HOSTILE)
    page = browser.get(path.format(copy.id)).text
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    assert "<img src=x>" not in page


@pytest.mark.parametrize("path", ["/", "/webmail/", "/webmail/m/{}"])
def test_no_character_turns_the_direction_of_the_page(
    browser: FlaskClient, store: Store, anna: Mailbox, path: str
) -> None:
    name = b"; filename*=utf-8''x%E2%80%AEfdp.exe"
    raw = with_attachment(name).replace(b"Plans", "x\u202egpj.exe\u2066\u200f".encode())
    copy = stored(store, anna, raw.replace(b"Bob", "B\u202eob".encode()))
    assert not BIDI & {*browser.get(path.format(copy.id)).text}


def test_a_long_list_is_shown_page_by_page_newest_first(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    ids = many(store, anna, 53, held=False)[::-1]
    first = browser.get("/webmail/")
    assert listed(first) == ids[:50]
    second = browser.get(following(first))
    assert listed(second) == ids[50:]
    assert not following(second)


def test_held_and_deleted_mail_and_mail_of_others_is_not_listed(
    browser: FlaskClient, store: Store, anna: Mailbox, beat: Mailbox, copy: Delivery
) -> None:
    held = a_held_delivery(store, anna)
    become(store, a_held_delivery(store, anna), State.DELETED)
    an_accepted(store, beat)
    assert listed(browser.get("/webmail/")) == [copy.id]
    assert browser.get(f"/webmail/m/{held.id}").status_code == 404


def test_a_mail_shows_who_what_when_and_its_delivery(browser: FlaskClient, copy: Delivery) -> None:
    text = said(browser.get(f"/webmail/m/{copy.id}"))
    for words in ("Plans", "Von Bob bob@there.example", "An anna@muster.example", "zugestellt",
                  "Ihr Mailserver hat sie angenommen", "250 2.0.0 ok", "Shall we meet at noon?",
                  "Erneut zustellen", "Ausblenden", "Quelltext", ".eml"):  # fmt: skip
        assert words in text


def test_a_mail_that_was_refused_shows_the_servers_reply(
    browser: FlaskClient, store: Store, waiting: Delivery
) -> None:
    become(store, waiting, State.FAILED, reply="550 5.7.1 no <thanks>")
    text = said(browser.get(f"/webmail/m/{waiting.id}"))
    assert "Ihr Mailserver hat sie abgelehnt" in text
    assert "550 5.7.1 no <thanks>" in text


def test_a_mail_is_read_once_it_was_opened(browser: FlaskClient, copy: Delivery) -> None:
    assert "ungelesen" in said(browser.get("/webmail/"))
    browser.get(f"/webmail/m/{copy.id}")
    assert "ungelesen" not in said(browser.get("/webmail/"))


def test_hiding_takes_a_mail_out_of_sight_and_not_out_of_the_queue(
    browser: FlaskClient, store: Store, waiting: Delivery, user: Account
) -> None:
    answer = post(browser, f"/webmail/m/{waiting.id}/hide", f"/webmail/m/{waiting.id}")
    assert "Zugestellt wird sie trotzdem" in told(browser, answer)
    assert listed(browser.get("/webmail/")) == []
    assert "Wieder anzeigen" in said(browser.get(f"/webmail/m/{waiting.id}"))
    assert state(store, waiting) is State.QUEUED
    assert [event.by for event in happened(store, "hidden")] == [user.email]


@pytest.mark.parametrize("by", ["tenant", "policy"])
def test_switched_off_the_webmail_hides_what_was_delivered_and_shows_what_waits(
    browser: FlaskClient, store: Store, copy: Delivery, waiting: Delivery, anna: Mailbox, by: str
) -> None:
    switch_off(store, anna, by)
    page = browser.get("/webmail/")
    assert listed(page) == [waiting.id]
    assert "Ihre Organisation zeigt hier nur" in said(page)
    for each in PAGES:
        assert browser.get(f"/webmail/m/{copy.id}{each}").status_code == 404
    assert browser.get(f"/webmail/m/{waiting.id}").status_code == 200


@pytest.mark.parametrize("deed", ["deliver", "hide"])
def test_switched_off_the_webmail_does_nothing_to_what_was_delivered(
    browser: FlaskClient, store: Store, copy: Delivery, anna: Mailbox, deed: str
) -> None:
    switch_off(store, anna)
    answer = post(browser, f"/webmail/m/{copy.id}/{deed}", "/webmail/")
    assert answer.status_code == 404
    assert sent_again(store, copy) == []


@pytest.mark.usefixtures("clock")
def test_an_outage_is_told_on_every_page_with_what_waits_and_then_no_more(
    browser: FlaskClient, store: Store, waiting: Delivery
) -> None:
    go_down(store, waiting, since=NOON - timedelta(hours=3))
    for path in ("/", "/quarantine/", "/webmail/", f"/webmail/m/{waiting.id}"):
        page = browser.get(path).text
        assert "Ihr Mailserver antwortet seit 10:00 nicht." in page
        assert "1 Nachricht ist sicher bei uns" in page
    go_down(store, waiting, since=None)
    assert "antwortet seit" not in browser.get("/").text


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "Neue Nachrichten sind sicher bei uns"), (2, "2 Nachrichten sind sicher bei uns")],
)
def test_an_outage_counts_what_waits_for_the_reader(
    browser: FlaskClient, store: Store, copy: Delivery, anna: Mailbox, count: int, words: str
) -> None:
    with store.write() as db:
        other = a_mailbox(db, "chris@muster.example")
    for mailbox in (anna,) * count + (other,):
        an_accepted(store, mailbox)
    go_down(store, copy, since=NOON)
    assert words in browser.get("/").text


def test_an_outage_of_others_is_told_to_nobody_else(
    browser: FlaskClient, store: Store, copy: Delivery
) -> None:
    with store.write() as db:
        a_domain(db, "elsewhere.example", next_hop="192.0.2.99:25")
        other = a_mailbox(db, "eve@elsewhere.example")
    go_down(store, an_accepted(store, other), since=NOON)
    assert "antwortet seit" not in browser.get("/").text


def test_an_outage_is_not_told_before_signing_in(
    client: FlaskClient, store: Store, copy: Delivery
) -> None:
    go_down(store, copy, since=NOON)
    assert "antwortet seit" not in client.get("/sign-in").text


def test_the_home_page_shows_the_five_newest_and_what_waits(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    for number in range(7):
        an_accepted(store, anna, summary=Summary(subject=f"Number {number}"),
                    at=NOON + timedelta(minutes=number))  # fmt: skip
    text = said(browser.get("/"))
    assert "7 Nachrichten warten auf Ihren Mailserver" in text
    assert [f"Number {each}" in text for each in range(7)] == [False] * 2 + [True] * 5
