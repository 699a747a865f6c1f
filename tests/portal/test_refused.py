"""Mail that was refused, and how a mail was decided: who may see what of it."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from mailstore import clock, refusals
from mailstore.deliveries import Delivery
from mailstore.mailboxes import Mailbox
from mailstore.refusals import Refused
from mailstore.senders import Listed
from mailstore.store import Store
from tests.factories import a_held_delivery, let_go
from tests.portal.browsing import a_report, following, in_english, know_device, said
from tests.portal.profiles import an_entry

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

PAGE = "/quarantine/refused"
FORGED = "mandatory rule FORGED_SENDER_DOMAIN"
STEP = "block list: no"


def refuse(
    store: Store, mailbox: Mailbox, reason: str = "score", reply: str = "550 x", *, times: int = 1
) -> None:
    with store.write() as db:
        refusals.record(
            db,
            [
                Refused(
                    at=clock.now() + timedelta(seconds=number),
                    tenant_id=mailbox.tenant_id,
                    domain_id=mailbox.domain_id,
                    mailbox_id=mailbox.id,
                    recipient=mailbox.address,
                    client_ip="192.0.2.7",
                    sender="bounce@platform.example",
                    author=f"bob{number}@there.example",
                    subject="Secret plans",
                    reason=reason,
                    reply=reply,
                )
                for number in range(times)
            ],
        )


@pytest.mark.parametrize(
    ("reason", "reply", "words"),
    [
        (FORGED, "550 5.7.1 x", "must not send mail for the sender's domain."),
        ("mandatory rule VIRUS_FOUND", "550 5.7.1 x", "virus"),
        ("mandatory rule CMR-HDR-OE-EOL", "550 5.7.1 x", "Outlook Express"),
        ("blocked author", "550 5.7.1 x", "on a list of blocked senders."),
        ("score", "550 5.7.1 x", "so clearly spam that it was not taken."),
        ("score", "554 5.4.6 Too many hops", "in a circle between mail servers."),
    ],
    ids=["forged domain", "virus", "old program", "blocked", "spam", "loop"],
)
def test_who_was_refused_when_and_why_is_said_in_plain_words(
    browser: FlaskClient, store: Store, anna: Mailbox, reason: str, reply: str, words: str
) -> None:
    refuse(store, anna, reason, reply)
    text = said(in_english(browser).get(PAGE))
    for each in ("Refused mail", "bob0@there.example", "sent by bounce@platform.example",
                 f"to {anna.address}", "Secret plans", words):  # fmt: skip
        assert each in text


def test_whom_the_person_blocked_leads_to_the_entry(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    refuse(store, anna, "blocked author", times=2)
    an_entry(store, anna, "bob1@there.example", listed=Listed.BLOCKED)
    page = in_english(browser).get(PAGE)
    assert "You blocked bob1@there.example." in said(page)
    assert f'href="/profile/senders/{anna.id}?q=bob1@there.example"' in page.text
    assert "You blocked bob0@" not in said(page)


def test_a_guest_is_led_to_no_list(guest: FlaskClient, store: Store, anna: Mailbox) -> None:
    refuse(store, anna, "blocked author")
    an_entry(store, anna, "there.example", listed=Listed.BLOCKED)
    page = guest.get(PAGE)
    assert "bob0@there.example" in said(page)
    assert "/profile/" not in page.text


def test_it_is_the_third_of_the_three_lists(browser: FlaskClient) -> None:
    page = browser.get(PAGE).text
    assert f'href="{PAGE}" aria-current="page"' in page
    assert 'href="/quarantine/?show=over"' in page


def test_a_list_without_anything_says_so(browser: FlaskClient) -> None:
    assert "Nothing was refused" in said(in_english(browser).get(PAGE))


def test_nobody_sees_what_was_refused_for_others(
    browser: FlaskClient, store: Store, beat: Mailbox, stranger: Mailbox
) -> None:
    for mailbox in (beat, stranger):
        refuse(store, mailbox)
    assert "there.example" not in said(browser.get(PAGE))


def test_a_long_list_is_shown_page_by_page(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    refuse(store, anna, times=53)
    first = browser.get(PAGE)
    second = browser.get(following(first))
    assert "bob52@" in said(first)
    assert [f"bob{number}@" in said(second) for number in (0, 2, 3)] == [True, True, False]
    assert not following(second)


@pytest.mark.parametrize(("known", "status"), [(True, 200), (False, 303)])
def test_a_guest_sees_it_on_a_known_device_only(
    client: FlaskClient, store: Store, anna: Mailbox, known: bool, status: int
) -> None:
    a_held_delivery(store, anna)
    if known:
        know_device(client, store, anna)
    client.get(a_report(store, anna).quarantine)
    assert client.get(PAGE).status_code == status


@pytest.mark.parametrize("path", ["/quarantine/{}", "/webmail/m/{}"], ids=["held", "copy"])
def test_how_a_mail_was_decided_is_for_administrators(
    browser: FlaskClient, office: FlaskClient, store: Store, anna: Mailbox, beat: Mailbox, path: str
) -> None:
    texts = []
    for client, mailbox in ((browser, anna), (office, beat)):
        delivery = a_held_delivery(store, mailbox)
        if path.startswith("/webmail"):
            let_go(store, delivery)
        with store.write() as db:
            db.get_one(Delivery, delivery.id).trail = [STEP]
        texts.append(said(client.get(path.format(delivery.id))))
    assert [STEP in text for text in texts] == [False, True]
