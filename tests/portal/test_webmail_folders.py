from dataclasses import replace
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from mailstore import marks
from mailstore.deliveries import Delivery, State
from mailstore.mailboxes import Mailbox
from mailstore.marks import MarkDeed
from mailstore.scope import Scope
from mailstore.store import Store
from mailstore.tenants import Tenant
from tests.factories import NOON, SUMMARY, an_accepted
from tests.portal.browsing import listed, post, said, state, told
from tests.portal.mails import become, go_down

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

FOLDERS = ["", "pinned", "sent", "hidden"]


@pytest.fixture
def copy(store: Store, anna: Mailbox) -> Delivery:
    return an_accepted(store, anna)


def in_folder(browser: FlaskClient, name: str = "") -> list[int]:
    return listed(browser.get(f"/webmail/{name}"))


def choose(browser: FlaskClient, deed: str, *ids: int, back: str = "/webmail/") -> str:
    chosen = list(map(str, ids))
    answer = post(browser, "/webmail/chosen", "/webmail/", deed=deed, m=chosen, back=back)
    assert answer.location == back
    return told(browser, answer)


@pytest.mark.parametrize("name", FOLDERS)
def test_an_empty_folder_says_why_it_is_empty(browser: FlaskClient, name: str) -> None:
    page = browser.get(f"/webmail/{name}")
    assert page.status_code == 200
    assert 'class="panel empty"' in page.text
    assert page.text.count('aria-current="page"') == 2


@pytest.mark.parametrize("name", ["spam", "inbox", "Pinned"])
def test_there_is_no_other_folder(browser: FlaskClient, name: str) -> None:
    assert browser.get(f"/webmail/{name}").status_code == 404


def test_chosen_mails_are_hidden_and_shown_again(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    ids = [an_accepted(store, anna).id for _ in range(3)]
    assert "Zugestellt wird sie trotzdem" in choose(browser, "hide", *ids[:2])
    assert in_folder(browser) == ids[2:]
    assert in_folder(browser, "hidden") == ids[1::-1]
    choose(browser, "unhide", ids[0], back="/webmail/hidden")
    assert in_folder(browser) == [ids[2], ids[0]]


def test_chosen_mails_are_read_and_pinned(browser: FlaskClient, copy: Delivery) -> None:
    choose(browser, "read", copy.id)
    assert "ungelesen" not in said(browser.get("/webmail/"))
    assert "30 Tage" in choose(browser, "pin", copy.id)
    assert in_folder(browser, "pinned") == in_folder(browser) == [copy.id]
    choose(browser, "unpin", copy.id, back="/webmail/pinned")
    assert in_folder(browser, "pinned") == []


def test_chosen_mails_are_asked_about_before_they_come_back(
    browser: FlaskClient, store: Store, copy: Delivery
) -> None:
    become(store, copy, State.DELIVERED, reply="250 ok", done_at=NOON)
    answer = post(browser, "/webmail/chosen", "/webmail/", deed="restore", m=[str(copy.id)])
    assert answer.location == f"/webmail/restore/?m={copy.id}"
    assert "1 Nachricht zurückholen" in told(browser, answer)


def test_chosen_mails_are_saved_as_one_file(browser: FlaskClient, copy: Delivery) -> None:
    answer = post(browser, "/webmail/chosen", "/webmail/", deed="save", m=[str(copy.id)])
    assert answer.location == f"/webmail/mails.zip?m={copy.id}"
    with browser.get(answer.location) as file:
        assert file.data.startswith(b"PK")


@pytest.mark.parametrize("deed", [*MarkDeed, "restore", "save"])
def test_mail_of_others_cannot_be_chosen(
    browser: FlaskClient, store: Store, beat: Mailbox, copy: Delivery, deed: str
) -> None:
    ids = [str(copy.id), str(an_accepted(store, beat).id)]
    assert post(browser, "/webmail/chosen", "/webmail/", deed=deed, m=ids).status_code == 404


@pytest.mark.parametrize("deed", ["", "delete", "release"])
def test_there_is_no_other_deed(browser: FlaskClient, copy: Delivery, deed: str) -> None:
    ids = [str(copy.id)]
    assert post(browser, "/webmail/chosen", "/webmail/", deed=deed, m=ids).status_code == 400
    assert post(browser, f"/webmail/m/{copy.id}/{deed}x", "/webmail/").status_code == 404


def test_nothing_chosen_is_said(browser: FlaskClient) -> None:
    answer = post(browser, "/webmail/chosen", "/webmail/", deed="hide")
    assert "Wählen Sie zuerst" in told(browser, answer)


def test_one_mail_is_pinned_where_it_is_read_and_says_how_long_it_stays(
    browser: FlaskClient, copy: Delivery
) -> None:
    page = f"/webmail/m/{copy.id}"
    assert "wird in 7 Tagen gelöscht" in said(browser.get(page))
    told(browser, post(browser, f"{page}/pin", page))
    assert "wird in 30 Tagen gelöscht" in said(browser.get(page))


def test_marked_as_unread_a_mail_leads_back_to_its_list(
    browser: FlaskClient, copy: Delivery
) -> None:
    page = f"/webmail/m/{copy.id}"
    browser.get(page)
    answer = post(browser, f"{page}/unread?back=/webmail/pinned", page)
    assert answer.location == "/webmail/pinned"
    assert "ungelesen" in said(browser.get("/webmail/"))


def test_without_longer_keeping_nothing_offers_to_pin(
    browser: FlaskClient, store: Store, anna: Mailbox, copy: Delivery
) -> None:
    with store.write() as db:
        db.get_one(Tenant, anna.tenant_id).pin_days = 0
    page = f"/webmail/m/{copy.id}"
    assert "Anheften" not in said(browser.get(page))
    assert "Mehr kann nicht" in told(browser, post(browser, f"{page}/pin", page))


@pytest.mark.parametrize("deed", MarkDeed)
def test_nothing_here_touches_the_queue(
    browser: FlaskClient, store: Store, copy: Delivery, deed: str
) -> None:
    post(browser, f"/webmail/m/{copy.id}/{deed}", "/webmail/")
    assert state(store, copy) is State.QUEUED


@pytest.mark.parametrize(
    "back", ["https://evil.example/", "//evil.example", "/quarantine/", "/webmail/m/1", "/sign-out"]
)
def test_a_deed_leads_back_to_lists_of_the_webmail_only(
    browser: FlaskClient, copy: Delivery, back: str
) -> None:
    answer = post(browser, f"/webmail/m/{copy.id}/hide", "/webmail/", back=back)
    assert answer.location == "/webmail/"


def test_a_conversation_is_one_row_and_lists_its_mails(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    summary = replace(SUMMARY, thread=7)
    old, new = (
        an_accepted(store, anna, summary=summary, at=NOON + each * timedelta(hours=1))
        for each in range(2)
    )
    assert in_folder(browser) == [new.id]
    page = browser.get(f"/webmail/m/{new.id}").text
    assert "In dieser Unterhaltung" in page
    assert f'href="/webmail/m/{old.id}"' in page


def test_the_folder_that_somebody_came_from_is_kept(
    browser: FlaskClient, store: Store, anna: Mailbox, copy: Delivery
) -> None:
    with store.write() as db:
        marks.do(db, Scope(anna.tenant_id), MarkDeed.HIDE, [copy.id], by="anna")
    assert "?back=/webmail/hidden" in browser.get("/webmail/hidden").text
    page = browser.get(f"/webmail/m/{copy.id}?back=/webmail/hidden").text
    assert f'href="/webmail/hidden#m{copy.id}"' in page
    assert "unhide?back=/webmail/hidden" in page


def test_news_are_told_when_something_came_or_broke_and_only_then(
    browser: FlaskClient, store: Store, anna: Mailbox, copy: Delivery
) -> None:
    states = [browser.get("/webmail/news").text]
    an_accepted(store, anna)
    states.append(browser.get("/webmail/news").text)
    go_down(store, copy, since=NOON)
    states.append(browser.get("/webmail/news").text)
    assert len({*states}) == 3
    for each, status in zip(states, (200, 200, 204), strict=True):
        assert browser.get("/webmail/news", query_string={"state": each}).status_code == status


def test_a_page_of_a_folder_carries_the_state_it_shows(
    browser: FlaskClient, copy: Delivery
) -> None:
    said_so = browser.get("/webmail/news").text
    assert f'data-state="{said_so}"' in browser.get("/webmail/").text


def test_nobody_gets_news_without_signing_in(client: FlaskClient, copy: Delivery) -> None:
    assert client.get("/webmail/news").status_code == 303
