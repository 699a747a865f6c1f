"""The place in the quarantine's list is kept on every way that leads away from it and back."""

import re
from html import unescape

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from mailstore.bulk import run_bulk
from mailstore.deliveries import Delivery, State
from mailstore.envelopes import MailClass
from mailstore.mailboxes import Mailbox
from mailstore.senders import Listed
from mailstore.store import Store
from tests.factories import a_held_delivery
from tests.mailstore.holding import held_from, states
from tests.portal.browsing import Links, in_english, know_device, post, said, told
from tests.portal.profiles import an_entry

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

QUARANTINE, PLACE = "/quarantine/", "/quarantine/?q=plans&sort=oldest"
CONTACT = "/profile/contact"


@pytest.fixture(autouse=True)
def _english(client: FlaskClient) -> None:
    in_english(client)


def links_of(answer: TestResponse) -> list[str]:
    """Return where a page leads to, as a browser reads it."""
    found = re.findall(r'(?:href|action|formaction|data-live)="([^"]*)"', answer.text)
    return [unescape(each) for each in found]


def hidden(answer: TestResponse, name: str) -> list[str]:
    """Return what the forms in the middle of a page send unseen under a name."""
    middle = answer.text.partition("<main")[2] or answer.text
    found = re.findall(f'type="hidden" name="{name}" value="([^"]*)"', middle)
    return list(map(unescape, found))


def link_to(answer: TestResponse, beginning: str) -> str:
    return next(each for each in links_of(answer) if each.startswith(beginning))


def back_of(answer: TestResponse) -> str:
    """Return where the way back of a page leads to."""
    found = re.search(r'class="back"><a href="([^"]*)"', answer.text)
    assert found
    return unescape(found[1])


def test_a_deed_on_the_page_of_a_mail_leads_on_to_the_next_row(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    first, second = (held_from(store, anna) for _ in range(2))
    page = browser.get(QUARANTINE + link_to(browser.get(PLACE), f"{first}?"))
    form = {name: hidden(page, name)[-1] for name in ("back", "next")}
    assert form == {"back": PLACE, "next": str(second)}
    answer = post(browser, f"/quarantine/{first}/delete", QUARANTINE, **form)
    assert answer.location == f"{PLACE}#m{second}"


def test_blocking_a_sender_leads_on_to_the_next_row_too(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    first, second = (held_from(store, anna) for _ in range(2))
    mail = browser.get(QUARANTINE + link_to(browser.get(PLACE), f"{first}?"))
    page = browser.get(link_to(mail, f"/quarantine/{first}/blocked"))
    form = {name: hidden(page, name)[-1] for name in ("back", "next")}
    path = f"/quarantine/{first}/blocked"
    answer = post(browser, path, QUARANTINE, form="exact", days="0", **form)
    assert answer.location == f"{PLACE}#m{second}"
    assert back_of(browser.get(back_of(page))) == f"{PLACE}#m{first}"


def test_the_last_row_has_none_that_follows(browser: FlaskClient, held: Delivery) -> None:
    page = browser.get(QUARANTINE)
    assert f'href="{held.id}"' in page.text
    assert hidden(browser.get(f"/quarantine/{held.id}"), "next") == []


def test_asking_for_a_mail_leads_back_to_the_same_place(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    risky = a_held_delivery(store, anna, mail_class=MailClass.PHISH)
    listed = browser.get(PLACE)
    for page in (listed, browser.get(QUARANTINE + link_to(listed, f"{risky.id}?"))):
        found = next(each for each in links_of(page) if f"{risky.id}/ask" in each)
        asking = browser.get(QUARANTINE + found.removeprefix(QUARANTINE))
        assert back_of(browser.get(back_of(asking))) == f"{PLACE}#m{risky.id}"
    answer = post(browser, link_to(asking, f"/quarantine/{risky.id}/ask"), QUARANTINE)
    assert back_of(browser.get(back_of(browser.get(answer.location)))).startswith(PLACE)


def test_the_source_of_a_mail_leads_back_to_the_same_place(
    browser: FlaskClient, held: Delivery
) -> None:
    mail = browser.get(f"/quarantine/{held.id}", query_string={"back": PLACE})
    source = browser.get(link_to(mail, f"/quarantine/{held.id}/source"))
    assert back_of(browser.get(back_of(source))) == f"{PLACE}#m{held.id}"


def test_a_deed_for_all_that_match_leads_back_to_what_was_looked_for(
    browser: FlaskClient, store: Store, held: Delivery
) -> None:
    answer = post(browser, "/quarantine/all?q=plans&sort=oldest", QUARANTINE, deed="delete")
    progress = browser.get(answer.location)
    assert back_of(progress) == PLACE
    run_bulk(store, int(answer.location.partition("?")[0].rpartition("/")[2]))
    undo = link_to(browser.get(answer.location), "/quarantine/bulk/")
    assert back_of(browser.get(post(browser, undo, QUARANTINE).location)) == PLACE


def test_what_renews_itself_keeps_the_place_for_undo(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    one, other = (held_from(store, anna) for _ in range(2))
    post(browser, f"/quarantine/{one}/delete", QUARANTINE)
    post(browser, f"/quarantine/{other}/release", QUARANTINE)
    renewed = browser.get(link_to(browser.get(PLACE), "/quarantine/recent"))
    assert hidden(renewed, "back") == [PLACE]
    assert link_to(renewed, "/quarantine/recent") == link_to(browser.get(PLACE), "/quarantine/rece")


def test_an_unknown_device_finds_its_place_after_the_code(
    client: FlaskClient, held: Delivery, links: Links
) -> None:
    client.get(links.quarantine)
    answer = client.get(f"/quarantine/{held.id}", query_string={"back": PLACE, "next": "5"})
    assert "back%3D" in answer.location
    assert "next%3D5" in answer.location


@pytest.mark.parametrize("shown", ["", "&show=over"], ids=["held", "no longer held"])
def test_the_tabs_keep_what_was_looked_for(browser: FlaskClient, shown: str) -> None:
    page = browser.get(f"/quarantine/?q=a+b{shown}")
    assert {"/quarantine/?q=a+b", "/quarantine/?q=a+b&show=over"} <= {*links_of(page)}
    assert page.text.count('aria-current="page"') == 2


def test_a_removed_sender_is_put_back_from_the_list_and_one_stays_there(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    entry = an_entry(store, anna, "bob@there.example", listed=Listed.BLOCKED)
    page = f"/profile/senders/{anna.id}"
    answer = post(browser, f"{page}/{entry}/remove", CONTACT, q="there")
    shown = browser.get(answer.location)
    assert "Removed from your list: bob@there.example" in said(shown)
    form = {name: hidden(shown, name)[-1] for name in ("first", "last", "back")}
    undone = post(browser, "/quarantine/undo", CONTACT, **form)
    assert undone.location == f"{page}?q=there"
    text = told(browser, undone)
    assert "That is taken back." in text
    assert "bob@there.example blocked" in text


def test_the_page_of_a_mail_never_leads_back_to_a_sender_list(
    browser: FlaskClient, store: Store, anna: Mailbox, held: Delivery
) -> None:
    post(browser, f"/quarantine/{held.id}/release", QUARANTINE)
    page = browser.get(f"/profile/senders/{anna.id}")
    assert f'href="/quarantine/{held.id}"' in page.text


def test_a_guest_on_a_known_device_goes_on_at_the_next_row(
    client: FlaskClient, store: Store, anna: Mailbox, links: Links
) -> None:
    know_device(client, store, anna)
    client.get(links.quarantine)
    ids = [held_from(store, anna) for _ in range(2)]
    mail = client.get(f"/quarantine/{ids[1]}", query_string={"next": ids[0]})
    answer = post(client, f"/quarantine/{ids[1]}/spam", QUARANTINE, next=hidden(mail, "next")[0])
    assert answer.location == f"/quarantine/#m{ids[0]}"
    assert states(store, *ids) == [State.QUARANTINED, State.DELETED]
