"""From the report mail to the delivered mail: one click and one tap."""

import urllib.request

from playwright.sync_api import Browser, Page, expect

from bench.installation import USER, Installation
from tests.browser.conftest import Links, wait_until_taken

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
