"""From the report mail to the delivered mail: one click and one tap."""

import re
import urllib.request
from contextlib import closing
from email import message_from_bytes
from email.policy import default

from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from bench.installation import USER, Installation
from mailstore.deliveries import Delivery
from mailstore.mailboxes import Mailbox
from mailstore.senders import SenderEntry
from tests.browser.axe import OF_MAIL, complaints
from tests.browser.conftest import Links, wait_until_taken
from tests.browser.office import hold_sample

DELIVER = "main form button[type=submit]"


def test_one_click_and_one_tap_on_a_new_device_deliver_the_held_mail_once(
    browser: Browser, it: Installation, links: Links
) -> None:
    page = browser.new_page(locale="de-CH")
    page.goto(links.held)
    assert "Gratuliere" not in page.content()

    page.keyboard.press("Enter")

    expect(page.locator("main")).to_contain_text("unterwegs")
    wait_until_taken(it, 2)
    assert it.sink.taken[1].recipient == USER
    assert b"Subject: Gewinn" in it.sink.taken[1].content


def test_a_second_tap_sends_nothing_more(browser: Browser, it: Installation, links: Links) -> None:
    first, second = browser.new_page(), browser.new_page()
    first.goto(links.held)
    second.goto(links.held)
    first.locator(DELIVER).first.click()
    second.locator(DELIVER).first.click()
    expect(second.locator("main")).to_be_visible()
    wait_until_taken(it, 2)


def test_fetching_a_link_ten_times_changes_nothing(it: Installation, links: Links) -> None:
    for method in ("GET", "HEAD"):
        for _ in range(10):
            for url in (links.held, links.quarantine, links.webmail):
                request = urllib.request.Request(url, method=method)  # noqa: S310 (our own)
                with urllib.request.urlopen(request) as answer:  # noqa: S310 (our own)
                    assert answer.status == 200
    wait_until_taken(it, 1)


def test_the_webmail_link_asks_a_new_device_for_the_code_once_and_then_never_again(
    browser: Browser, it: Installation, links: Links
) -> None:
    context = browser.new_context(locale="de-CH")
    page = context.new_page()
    page.goto(links.webmail)
    page.fill("input[name=code]", links.code)
    page.keyboard.press("Enter")
    shows_the_webmail(page)
    for _ in range(2):
        again = context.new_page()
        again.goto(links.webmail)
        shows_the_webmail(again)


def shows_the_webmail(page: Page) -> None:
    expect(page.locator("h1")).to_have_text("Notfall-Webmail")
    assert page.locator("input[name=code]").count() == 0


def test_on_a_device_that_is_known_one_click_and_one_tap_deliver_at_once(
    browser: Browser, it: Installation, links: Links
) -> None:
    page = browser.new_page(locale="de-CH")
    page.goto(links.webmail)
    page.fill("input[name=code]", links.code)
    page.keyboard.press("Enter")
    shows_the_webmail(page)

    page.goto(links.held)
    expect(page.locator("main")).to_contain_text("Gratuliere")
    page.keyboard.press("Enter")

    expect(page.locator("main")).to_contain_text("unterwegs")
    wait_until_taken(it, 2)


def test_a_scanner_that_presses_every_button_delivers_nothing_and_changes_no_list(
    browser: Browser, it: Installation, links: Links
) -> None:
    """It opens each link of the fresh mail, runs scripts, fills in forms and submits them all."""
    hold_sample(it, "executable_attachment")
    it.sink.taken.clear()
    it.flask("report", "send", USER)
    assert it.sink.wait(1, 20)
    mail = message_from_bytes(it.sink.taken[0].content, policy=default)
    html = mail.get_body(("html",))
    assert html is not None
    urls = set(re.findall(r'href="([^"]+)"', html.get_content()))
    can_be_read_by_everybody(browser, html.get_content())
    before = standing(it)
    scanner = browser.new_page()
    for url in (*urls, str(mail["List-Unsubscribe"]).strip("<>")):
        scanner.goto(url)
        for number in range(scanner.locator("main form").count()):
            scanner.goto(url)
            form = scanner.locator("main form").nth(number)
            for field in form.locator("input:not([type=hidden])").all():
                if (kind := field.get_attribute("type")) in {"checkbox", "radio"}:
                    field.check()
                elif kind != "submit":
                    field.fill("1234")
            with scanner.expect_navigation():
                form.evaluate("(form) => HTMLFormElement.prototype.submit.call(form)")
    assert len(urls) > 8
    assert standing(it) == before


def can_be_read_by_everybody(browser: Browser, html: str) -> None:
    """Assert that a report has no barriers, by day and by night, on a telephone."""
    for scheme in ("light", "dark"):
        page = browser.new_page(color_scheme=scheme, viewport={"width": 390, "height": 800})
        page.set_content(html)
        assert complaints(page, OF_MAIL) == []


def standing(it: Installation) -> tuple[list[str], ...]:
    """Return what is held, what lists say, and who gets reports."""
    with closing(it.store()) as store, store.read() as db:
        asked = (
            select(Delivery.id, Delivery.state).where(Delivery.held_until.is_not(None)),
            select(SenderEntry.id),
            select(Mailbox.id, Mailbox.report_on),
        )
        return tuple(sorted(map(repr, db.execute(each))) for each in asked)
