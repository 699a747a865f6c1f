import pytest
from flask import Flask
from flask.testing import FlaskClient
from time_machine import Traveller
from werkzeug.test import TestResponse

from mailstore import lessons
from mailstore.accounts import Account
from mailstore.deliveries import Delivery, State
from mailstore.envelopes import MailClass
from mailstore.mailboxes import Mailbox
from mailstore.store import Store
from mailstore.undo import FOR
from tests.factories import RecordedJobs, a_held_delivery
from tests.mailstore.holding import delegate, shut_out, states
from tests.portal.browsing import (
    Links,
    an_owner,
    enter,
    happened,
    in_english,
    know_device,
    listed,
    post,
    said,
    state,
    told,
)
from tests.portal.mails import become

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

QUARANTINE = "/quarantine/"
DEEDS = {
    "release": (State.RELEASING, "released"),
    "delete": (State.DELETED, "deleted"),
    "spam": (State.DELETED, "deleted_as_spam"),
}


@pytest.fixture(autouse=True)
def _english(client: FlaskClient) -> None:
    in_english(client)


def act(browser: FlaskClient, held: Delivery, deed: str, **form: str) -> TestResponse:
    return post(browser, f"/quarantine/{held.id}/{deed}", QUARANTINE, **form)


def undo(browser: FlaskClient, store: Store, kind: str) -> TestResponse:
    """Take back what the last line of the log of a kind says."""
    line = happened(store, kind)[-1].id
    return post(browser, "/quarantine/undo", QUARANTINE, first=line, last=line)


@pytest.mark.parametrize("deed", list(DEEDS))
def test_a_deed_is_done_once_and_noted_with_who_did_it(
    browser: FlaskClient, store: Store, held: Delivery, user: Account, deed: str
) -> None:
    became, kind = DEEDS[deed]
    first, second = (told(browser, act(browser, held, deed)) for _ in range(2))
    assert "not in quarantine any more" not in first
    assert "This message is not in quarantine any more." in second
    assert state(store, held) is became
    assert [event.by for event in happened(store, kind)] == [user.email]
    assert listed(browser.get(QUARANTINE)) == []


def test_only_a_release_asks_for_a_scan(
    browser: FlaskClient, store: Store, anna: Mailbox, jobs: RecordedJobs
) -> None:
    for deed in DEEDS:
        act(browser, a_held_delivery(store, anna), deed)
    assert jobs.asked == [("scan_releases",)]


@pytest.mark.parametrize("deed", list(DEEDS))
@pytest.mark.parametrize("became", [each for each in State if each is not State.QUARANTINED])
def test_nothing_is_done_to_mail_that_is_held_no_more(
    browser: FlaskClient, store: Store, held: Delivery, deed: str, became: State
) -> None:
    become(store, held, became)
    assert "not in quarantine any more" in told(browser, act(browser, held, deed))
    assert state(store, held) is became
    assert happened(store, DEEDS[deed][1]) == []


@pytest.mark.parametrize("deed", list(DEEDS))
def test_only_who_calls_it_spam_teaches_that_it_is(
    browser: FlaskClient, store: Store, held: Delivery, deed: str
) -> None:
    act(browser, held, deed)
    with store.read() as db:
        assert lessons.said_spam(db, held.id) is (deed == "spam")


@pytest.mark.parametrize("mail_class", [MailClass.PHISH, MailClass.DANGEROUS, MailClass.VIRUS])
def test_a_risky_mail_is_not_delivered_by_who_asks_all_the_same(
    browser: FlaskClient, store: Store, anna: Mailbox, mail_class: MailClass
) -> None:
    held = a_held_delivery(store, anna, mail_class=mail_class)
    act(browser, held, "release")
    assert state(store, held) is State.QUARANTINED


def test_an_administrator_is_a_person_too_and_releases_no_risky_mail(
    office: FlaskClient, store: Store, beat: Mailbox
) -> None:
    held = a_held_delivery(store, beat, mail_class=MailClass.PHISH)
    act(office, held, "release")
    assert state(store, held) is State.QUARANTINED


@pytest.mark.parametrize(
    ("form", "target"),
    [
        ({}, "/quarantine/"),
        ({"next": "17"}, "/quarantine/#m17"),
        ({"back": "/quarantine/?q=a%20b&sort=author&after=Bob_7", "next": "17"},
         "/quarantine/?q=a%20b&sort=author&after=Bob_7#m17"),
        ({"back": "/quarantine/?q=x#top", "next": "17"}, "/quarantine/?q=x#m17"),
        ({"back": "/profile/senders/5?q=x"}, "/profile/senders/5?q=x"),
        ({"next": "x"}, "/quarantine/"), ({"next": "-1"}, "/quarantine/"),
        ({"next": "1" * 30}, "/quarantine/"),
        *(({"back": each}, "/quarantine/") for each in (
            "https://evil.example/quarantine/", "//evil.example/quarantine/", "javascript:alert(1)",
            "/quarantine/../sign-out", "/quarantine/../../etc", "/quarantine", "/webmail/",
            "/quarantine/5", "/profile/senders/", "/profile/senders/5/6", "/profile/senders/x",
            "/profile/senders/%35", "/profile/senders/\u0665", "/profile/contact",
            "/quarantine//evil.example", "/quarantine/\\evil", "\\\\evil",
            "/quarantine/?q=\r\nX: y", "http:/quarantine/", "/quarantine/;x?y", "?q=x")),
    ],
)  # fmt: skip
def test_a_deed_leads_back_to_the_same_place_and_nowhere_else(
    browser: FlaskClient, held: Delivery, form: dict[str, str], target: str
) -> None:
    assert act(browser, held, "delete", **form).location == target
    assert (
        post(browser, "/quarantine/undo", QUARANTINE, **form).location == target.partition("#")[0]
    )


def test_what_was_done_just_now_stands_there_with_the_servers_reply(
    browser: FlaskClient, store: Store, held: Delivery
) -> None:
    act(browser, held, "release")
    page = browser.get(QUARANTINE)
    assert "Plans being checked once more" in said(page)
    assert 'data-live="/quarantine/recent"' in page.text
    become(store, held, State.DELIVERED, reply="250 2.0.0 <b>taken</b>")
    recent = browser.get("/quarantine/recent").text
    assert "delivered" in recent
    assert "250 2.0.0 &lt;b&gt;taken&lt;/b&gt;" in recent
    assert "data-live" not in recent


def test_several_at_once_are_told_together(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    ids = [a_held_delivery(store, anna).id for _ in range(3)]
    post(browser, "/quarantine/chosen", QUARANTINE, deed="delete", m=ids)
    assert "3 messages are deleted." in said(browser.get(QUARANTINE))


@pytest.mark.parametrize("deed", ["delete", "spam"])
def test_a_deletion_is_taken_back_once(
    browser: FlaskClient, store: Store, held: Delivery, user: Account, deed: str
) -> None:
    act(browser, held, deed)
    assert "Undo" in said(browser.get(QUARANTINE))
    first, second = (told(browser, undo(browser, store, DEEDS[deed][1])) for _ in range(2))
    assert "That is taken back." in first
    assert "That cannot be taken back any more." in second
    assert state(store, held) is State.QUARANTINED
    assert [each.by for each in happened(store, "undeleted")] == [user.email]
    assert "Undo" not in said(browser.get(QUARANTINE))


def test_a_release_cannot_be_taken_back(browser: FlaskClient, store: Store, held: Delivery) -> None:
    act(browser, held, "release")
    assert "Undo" not in said(browser.get(QUARANTINE))
    assert "cannot be taken back" in told(browser, undo(browser, store, "released"))
    assert state(store, held) is State.RELEASING


@pytest.mark.usefixtures("clock")
def test_after_a_quarter_of_an_hour_nothing_is_taken_back(
    browser: FlaskClient, store: Store, held: Delivery, clock: Traveller
) -> None:
    act(browser, held, "delete")
    clock.shift(FOR)
    clock.shift(1)
    assert "Undo" not in said(browser.get(QUARANTINE))
    assert "cannot be taken back" in told(browser, undo(browser, store, "deleted"))
    assert state(store, held) is State.DELETED


def test_another_delegate_of_the_mailbox_takes_nothing_back(
    browser: FlaskClient, app: Flask, store: Store, held: Delivery, anna: Mailbox, beat: Mailbox
) -> None:
    other, his = in_english(app.test_client()), an_owner(store, beat)
    delegate(store, his, anna)
    enter(other, store, his)
    act(browser, held, "delete")
    assert "Undo" not in said(other.get(QUARANTINE))
    assert "cannot be taken back" in told(other, undo(other, store, "deleted"))
    assert state(store, held) is State.DELETED


def test_who_lost_access_takes_nothing_back(
    browser: FlaskClient, store: Store, user: Account, beat: Mailbox
) -> None:
    delegate(store, user, beat)
    held = a_held_delivery(store, beat)
    act(browser, held, "delete")
    shut_out(store, user, beat)
    assert "cannot be taken back" in told(browser, undo(browser, store, "deleted"))
    assert state(store, held) is State.DELETED


@pytest.mark.parametrize(
    "form",
    [{}, {"first": "x"}, {"first": "1"}, {"first": "-5", "last": "9" * 30},
     {"first": "9" * 30, "last": "9" * 40}],
)  # fmt: skip
def test_lines_that_are_none_take_nothing_back(
    browser: FlaskClient, store: Store, held: Delivery, form: dict[str, str]
) -> None:
    act(browser, held, "delete")
    answer = post(browser, "/quarantine/undo", QUARANTINE, **form)
    assert "cannot be taken back" in told(browser, answer)
    assert state(store, held) is State.DELETED


def test_a_visitor_of_a_link_sees_what_they_did_and_takes_it_back(
    client: FlaskClient, store: Store, anna: Mailbox, held: Delivery, links: Links
) -> None:
    know_device(client, store, anna)
    client.get(links.quarantine)
    act(client, held, "spam")
    assert "Deleted as spam: Plans" in said(client.get(QUARANTINE))
    assert "That is taken back." in told(client, undo(client, store, "deleted_as_spam"))
    assert states(store, held.id) == [State.QUARANTINED]


def test_an_unknown_device_deletes_and_teaches_nothing_without_the_code(
    client: FlaskClient, store: Store, held: Delivery, links: Links
) -> None:
    client.get(links.quarantine)
    assert act(client, held, "spam").status_code == 404
    assert state(store, held) is State.QUARANTINED
    assert act(client, held, "delete").location.startswith("/code")
    assert state(store, held) is State.QUARANTINED
