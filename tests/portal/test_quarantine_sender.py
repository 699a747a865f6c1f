from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from mailstore import clock as clocks
from mailstore import lessons
from mailstore.accounts import Account
from mailstore.deliveries import Delivery, State
from mailstore.envelopes import HeldRight, MailClass
from mailstore.mailboxes import Mailbox
from mailstore.senders import SenderEntry
from mailstore.store import Store
from tests.factories import ANNA
from tests.mailstore.holding import delegate, held_from, let, states
from tests.portal.browsing import (
    Links,
    happened,
    in_english,
    know_device,
    post,
    said,
    state,
    told,
)
from tests.portal.mails import become

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

HELD, DELETED, RELEASING = State.QUARANTINED, State.DELETED, State.RELEASING
CHANGING = "bounce-4711-x7@news.shop.example"
PROVEN = [["AUTHENTICATED", "dmarc dkim", 0.0]]


@pytest.fixture(autouse=True)
def _english(client: FlaskClient) -> None:
    in_english(client)


def page(held: int, listed: str) -> str:
    return f"/quarantine/{held}/{listed}"


def enter(browser: FlaskClient, held: int, listed: str, **form: Any) -> TestResponse:
    wanted = {"form": "exact", "days": "0"} | form
    return post(browser, page(held, listed), "/quarantine/", **wanted)


def entries(store: Store) -> list[SenderEntry]:
    with store.read() as db:
        return list(db.scalars(select(SenderEntry)))


@pytest.mark.parametrize("listed", ["allowed", "blocked"])
@pytest.mark.parametrize(
    ("form", "pattern"),
    [("exact", CHANGING), ("stable", "bounce-#-x7@news.shop.example"),
     ("domain", "news.shop.example")],
)  # fmt: skip
def test_who_is_meant_is_chosen_and_entered_for_the_mailbox_of_the_mail(
    browser: FlaskClient, store: Store, anna: Mailbox, listed: str, form: str, pattern: str
) -> None:
    held = held_from(store, anna, CHANGING)
    assert f"<strong>{pattern}</strong>" in browser.get(page(held, listed)).text
    enter(browser, held, listed, form=form)
    (entry,) = entries(store)
    assert (entry.listed, entry.pattern, entry.mailbox_id) == (listed, pattern, anna.id)
    assert (entry.by, entry.delivery_id, entry.domain_id) == (ANNA, held, None)


def test_a_delegate_enters_it_for_the_other_mailbox_only(
    browser: FlaskClient, store: Store, user: Account, beat: Mailbox
) -> None:
    delegate(store, user, beat)
    enter(browser, held_from(store, beat), "blocked")
    assert [each.mailbox_id for each in entries(store)] == [beat.id]


@pytest.mark.parametrize(
    ("author", "listed", "words"),
    [
        ("bob@gmail.com", "blocked", "Anybody can get an address at this domain"),
        ("bob@muster.example", "allowed", "forged mail in its name is the most dangerous"),
        ("bob@muster.example", "blocked", "mail of your own people could be refused"),
        (CHANGING, "blocked", "This address looks different in every message"),
        ("4711471147@shop.example", "blocked", "Nothing stays of this address but its domain"),
        ("bob@there.example", "allowed", "No recent message from there was proven by DMARC"),
    ],
)  # fmt: skip
def test_careless_choices_come_with_advice(
    browser: FlaskClient, store: Store, anna: Mailbox, author: str, listed: str, words: str
) -> None:
    assert words in said(browser.get(page(held_from(store, anna, author), listed)))


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("days", [90, 365, 0])
def test_an_entry_lives_as_long_as_was_chosen(
    browser: FlaskClient, store: Store, anna: Mailbox, days: int
) -> None:
    enter(browser, held_from(store, anna), "blocked", days=str(days))
    ends = clocks.now() + timedelta(days=days) if days else None
    assert [each.expires_at for each in entries(store)] == [ends]


def test_what_proves_the_mail_is_what_the_entry_asks_for(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    held = held_from(store, anna, symbols=PROVEN)
    assert "Nothing proves who wrote" not in said(browser.get(page(held, "allowed")))
    text = told(browser, enter(browser, held, "allowed"))
    assert "bob@there.example is allowed from now on, whenever" in text
    assert [each.proof for each in entries(store)] == ["dkim dmarc"]


def test_without_any_proof_one_is_warned_before_and_after(
    browser: FlaskClient, store: Store, held: Delivery
) -> None:
    assert "Nothing proves who wrote this message." in said(browser.get(page(held.id, "allowed")))
    assert "nothing proves that they wrote" in told(browser, enter(browser, held.id, "allowed"))
    assert [each.proof for each in entries(store)] == [""]


def test_a_wider_entry_that_still_blocks_is_named(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    held = held_from(store, anna, symbols=PROVEN)
    enter(browser, held, "blocked", form="domain")
    text = told(browser, enter(browser, held, "allowed", form="exact"))
    assert "But there.example is blocked, and that goes before." in text
    assert "is blocked" not in told(browser, enter(browser, held, "allowed", form="domain"))


def test_who_wrote_a_mail_can_be_listed_after_it_was_delivered(
    browser: FlaskClient, store: Store, held: Delivery
) -> None:
    become(store, held, State.DELIVERED)
    assert page(held.id, "allowed") in browser.get(f"/quarantine/{held.id}").text


def test_blocking_needs_no_proof(browser: FlaskClient, store: Store, held: Delivery) -> None:
    text = told(browser, enter(browser, held.id, "blocked"))
    assert "Mail from bob@there.example is refused from now on." in text
    assert [each.proof for each in entries(store)] == [None]


@pytest.mark.parametrize(
    ("listed", "mail", "became"),
    [("allowed", "yes", RELEASING), ("allowed", "", HELD), ("allowed", "on", HELD),
     ("blocked", "yes", DELETED), ("blocked", "", HELD)],
)  # fmt: skip
def test_the_mail_is_delivered_or_deleted_too_if_that_is_wished(
    browser: FlaskClient, store: Store, held: Delivery, listed: str, mail: str, became: State
) -> None:
    enter(browser, held.id, listed, mail=mail)
    assert state(store, held) is became
    assert len(entries(store)) == 1
    with store.read() as db:
        assert lessons.said_spam(db, held.id) is (became is DELETED)


def test_entering_twice_enters_and_sends_once(
    browser: FlaskClient, store: Store, held: Delivery
) -> None:
    for _ in range(2):
        enter(browser, held.id, "allowed", mail="yes")
    assert len(entries(store)) == 1
    assert len(happened(store, "released")) == len(happened(store, "sender_allowed")) == 1


@pytest.mark.parametrize("mail_class", [MailClass.PHISH, MailClass.DANGEROUS, MailClass.VIRUS])
def test_a_risky_mail_is_not_delivered_with_its_sender(
    browser: FlaskClient, store: Store, anna: Mailbox, mail_class: MailClass
) -> None:
    held = held_from(store, anna, mail_class=mail_class)
    assert 'name="mail"' not in browser.get(page(held, "allowed")).text
    enter(browser, held, "allowed", mail="yes")
    assert states(store, held) == [HELD]


@pytest.mark.parametrize(
    "form",
    [{"form": ""}, {"form": "stable"}, {"form": "*"}, {"form": "evil@there.example"},
     {"days": "1"}, {"days": "-90"}, {"days": "9" * 30}],
)  # fmt: skip
def test_what_was_not_offered_is_refused(
    browser: FlaskClient, store: Store, held: Delivery, form: dict[str, str]
) -> None:
    assert enter(browser, held.id, "blocked", mail="yes", **form).status_code == 400
    assert entries(store) == []
    assert state(store, held) is HELD


def test_a_mail_of_nobody_names_nobody(browser: FlaskClient, store: Store, anna: Mailbox) -> None:
    held = held_from(store, anna, "", sender="")
    look = browser.get(f"/quarantine/{held}").text
    assert page(held, "allowed") not in look
    assert page(held, "blocked") not in look
    assert "names nobody who could be meant" in said(browser.get(page(held, "blocked")))
    assert enter(browser, held, "blocked").status_code == 400


def test_without_an_author_the_senders_address_is_meant(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    enter(browser, held_from(store, anna, "", sender="x@relay.example"), "blocked")
    assert [each.pattern for each in entries(store)] == ["x@relay.example"]


@pytest.mark.parametrize("word", ["untagged", "allow", "Blocked", "trusted"])
def test_other_lists_are_not_entered_here(browser: FlaskClient, held: Delivery, word: str) -> None:
    assert browser.get(page(held.id, word)).status_code == 404
    assert enter(browser, held.id, word).status_code == 404


@pytest.mark.parametrize("whose", ["a colleague's", "another tenant's", "hidden"])
def test_foreign_mail_does_not_exist(
    browser: FlaskClient, store: Store, anna: Mailbox, beat: Mailbox, stranger: Mailbox, whose: str
) -> None:
    let(store, anna, spam=HeldRight.HIDDEN)
    owner = {"a colleague's": beat, "another tenant's": stranger, "hidden": anna}[whose]
    held = held_from(store, owner)
    assert browser.get(page(held, "blocked")).status_code == 404
    assert enter(browser, held, "blocked", mail="yes").status_code == 404
    assert entries(store) == []
    assert states(store, held) == [HELD]


@pytest.mark.parametrize("known", [True, False], ids=["known device", "unknown device"])
def test_who_came_by_a_link_is_sent_to_sign_in(
    client: FlaskClient, store: Store, anna: Mailbox, held: Delivery, links: Links, known: bool
) -> None:
    if known:
        know_device(client, store, anna)
    client.get(links.quarantine)
    answer = client.get(page(held.id, "blocked"))
    assert (answer.status_code, answer.location.partition("?")[0]) == (303, "/sign-in")
    assert enter(client, held.id, "blocked").status_code == 401
    assert entries(store) == []


def test_the_entry_is_taken_back_from_the_list(
    browser: FlaskClient, store: Store, held: Delivery
) -> None:
    back = "/quarantine/?q=plans"
    assert enter(browser, held.id, "blocked", back=back).location == back
    assert "Blocked: bob@there.example" in said(browser.get("/quarantine/"))
    line = happened(store, "sender_blocked")[0].id
    answer = post(browser, "/quarantine/undo", "/quarantine/", first=line, last=line)
    assert "That is taken back." in told(browser, answer)
    assert entries(store) == []
