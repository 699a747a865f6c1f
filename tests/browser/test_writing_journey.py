"""Somebody who was never there answers a mail while their server is down, and others write."""

import re
import smtplib
import time
from collections.abc import Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from bench.installation import BY, USER, Installation, free_port
from mailstore import accounts, codes
from tests.browser.office import BOSS, at_sink, join, signed_in, url_of
from tests.browser.pages import opened
from tests.journeys.test_an_outage import wait_for_down

AUTHOR = "bob@sender.example"
QUESTION = (
    f"From: Bob Muster <{AUTHOR}>\r\nTo: {USER}\r\nSubject: Where is the key?\r\n"
    "Message-ID: <key@sender.example>\r\nDate: Mon, 30 Nov 2026 10:00:00 +0100\r\n\r\n"
    "It is not under the pot.\r\n"
).encode()
DROP = """(form) => {
  const files = new DataTransfer();
  files.items.add(new File(["a plan"], "plan.txt", { type: "text/plain" }));
  form.dispatchEvent(new DragEvent("drop", { dataTransfer: files, cancelable: true }));
}"""


@pytest.fixture(scope="module")
def house(browser: Browser) -> Iterator[Installation]:
    """Run an installation whose customer's server is down; strangers' mail goes to the sink."""
    processes = ("relay", "worker", "portal")
    nowhere = f"127.0.0.1:{free_port()}"
    with Installation(processes, sink_keeps=True, next_hop=nowhere) as it:
        join(it, BOSS)
        with smtplib.SMTP("127.0.0.1", it.smtp) as server:
            server.sendmail(AUTHOR, [USER], QUESTION)
        with closing(it.store()) as store:
            wait_for_down(store)
        yield it


@pytest.fixture
def person(browser: Browser, house: Installation) -> Iterator[Page]:
    with signed_in(browser, house) as page:
        yield page


def test_with_an_emergency_card_an_answer_is_sent_in_six_actions_and_a_minute(
    browser: Browser, house: Installation
) -> None:
    code, begun = _card(house), time.monotonic()
    with opened(browser, url_of(house), language="en") as page:
        page.goto("/sign-in")
        page.get_by_label("E-mail address").fill(USER)
        page.get_by_label("Password or emergency code").fill(code)
        page.get_by_role("button", name="Sign in").click()  # 1
        page.get_by_role("link", name="Not now").click()  # 2
        page.get_by_role("link", name="Read mail").click()  # 3
        page.get_by_role("link", name="Where is the key?").click()  # 4
        page.get_by_role("button", name="Answer", exact=True).click()  # 5
        page.get_by_label("Text").press_sequentially("Look behind the door.")
        page.get_by_role("button", name="Send").click()  # 6
        expect(page.locator("h1")).to_have_text("Your message goes out in a moment")
        expect(page.locator(".each")).to_contain_text("delivered", timeout=30_000)
    assert time.monotonic() - begun < 60
    (sent,) = at_sink(house, "Look behind the door.")
    assert b"In-Reply-To: <key@sender.example>" in sent.content
    assert b"Subject: Re: Where is the key?" in sent.content


def test_what_is_typed_is_there_again_and_people_and_files_come_by_themselves(
    person: Page,
) -> None:
    _write(person)
    person.get_by_label("To", exact=True).press_sequentially("bob")
    known = person.get_by_role("listbox")
    expect(known).to_contain_text(AUTHOR)
    person.keyboard.press("ArrowDown")
    person.keyboard.press("Enter")
    expect(person.get_by_label("To", exact=True)).to_have_value(f"Bob Muster <{AUTHOR}>, ")
    expect(person.locator("#outside")).to_contain_text(AUTHOR)
    with person.expect_response(re.compile(r"/webmail/write/\d+$")):
        person.get_by_label("Text").fill("Kept as I type.")
    expect(person.locator("#saved")).to_contain_text("Saved")
    person.locator("#writing").evaluate(DROP)
    expect(person.locator("#files")).to_contain_text("plan.txt")
    person.reload()
    expect(person.get_by_label("Text")).to_have_value("Kept as I type.")
    expect(person.locator("#files")).to_contain_text("plan.txt")


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_mail_with_a_file_is_taken_back_and_then_reaches_a_colleague_at_once(
    browser: Browser, house: Installation, scripts: bool
) -> None:
    subject = f"Menu {scripts}"
    with signed_in(browser, house, java_script_enabled=scripts) as page:
        _write(page)
        page.get_by_label("To", exact=True).fill(BOSS)
        page.get_by_label("Subject").fill(subject)
        menu = FilePayload(name="menu.txt", mimeType="text/plain", buffer=b"Soup")
        page.get_by_label("Add files").set_input_files(menu)
        if not scripts:
            page.get_by_role("button", name="Attach").click()
        expect(page.locator("#files")).to_contain_text("menu.txt")
        page.get_by_role("button", name="Send").click()
        page.get_by_role("button", name="Take it back").click()
        expect(page.locator("main")).to_contain_text("It is a draft again.")
        page.get_by_role("button", name="Send").click()
        expect(page.locator("h1")).to_contain_text("goes out in a moment")
    with signed_in(browser, house, BOSS) as page:
        page.goto("/webmail/")
        expect(page.get_by_role("link", name=subject)).to_have_count(1, timeout=30_000)


def _card(house: Installation) -> str:
    """Return the code of a card that somebody was given."""
    with closing(house.store()) as store, store.write() as db:
        return codes.make_emergency(db, accounts.named(db, USER), by=BY)


def _write(page: Page) -> None:
    page.goto("/webmail/")
    page.get_by_role("button", name="Write").click()
    page.wait_for_url("**/webmail/write/*")
