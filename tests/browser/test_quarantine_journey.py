"""A missing mail is found and delivered, and what was done is followed and taken back."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from bench.installation import USER, Installation
from tests.browser.office import (
    BOSS,
    an_office,
    comes_once,
    hold,
    hold_sample,
    outwait_the_guard,
    row,
    rows,
    signed_in,
    url_of,
)
from tests.browser.pages import opened

QUARANTINE = "/quarantine/"
RECENT = "#recent"
FRAUD = "Message-ID: <mahn-44-1907@inkasso-zentrale.example>"
scripts = pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])


@pytest.fixture(scope="module")
def house(browser: Browser) -> Iterator[Installation]:
    with an_office() as it:
        yield it


@pytest.fixture
def person(browser: Browser, house: Installation) -> Iterator[Page]:
    with signed_in(browser, house) as page:
        yield page


def test_a_missing_mail_is_found_and_delivered_in_three_actions_and_followed(
    browser: Browser, house: Installation
) -> None:
    hold(house, "Offer 4711", "Other things")
    house.flask("report", "send", USER)
    link = _quarantine_link(house)
    with opened(browser, url_of(house), language="en") as page:
        page.goto(link)
        _look_for(page, "4711")
        row(page, "Offer 4711").get_by_role("button", name="Deliver").click()
        page.evaluate("window.stayed = true")
        expect(page.locator(RECENT)).to_contain_text("250 taken", timeout=20_000)
        assert page.evaluate("window.stayed")
    comes_once(house, "Subject: Offer 4711")


@scripts
def test_a_deletion_is_taken_back(browser: Browser, house: Installation, scripts: bool) -> None:
    hold(house, f"Hasty {scripts}")
    with signed_in(browser, house, java_script_enabled=scripts) as page:
        page.goto(QUARANTINE)
        row(page, f"Hasty {scripts}").get_by_role("button", name="Delete").click()
        expect(row(page, f"Hasty {scripts}")).to_have_count(0)
        _undo(page, f"Hasty {scripts}")
        expect(row(page, f"Hasty {scripts}")).to_have_count(1)


@scripts
def test_a_block_is_taken_back(browser: Browser, house: Installation, scripts: bool) -> None:
    hold(house, f"Pest {scripts}")
    with signed_in(browser, house, java_script_enabled=scripts) as page:
        page.goto(QUARANTINE)
        _open(page, f"Pest {scripts}")
        page.get_by_role("link", name="Block sender").click()
        page.get_by_label("Delete this message as spam too").uncheck()
        page.get_by_role("button", name="Block", exact=True).click()
        expect(page.locator("main")).to_contain_text("is refused from now on")
        _undo(page, "Blocked: spam@sender.example")
        page.goto("/profile/senders/")
        expect(page.locator("main")).not_to_contain_text("spam@sender.example")


@scripts
def test_mail_is_delivered_from_the_list_to_the_mail_server(
    browser: Browser, house: Installation, scripts: bool
) -> None:
    hold(house, f"Wanted {scripts}")
    with signed_in(browser, house, java_script_enabled=scripts) as page:
        page.goto(QUARANTINE)
        _look_for(page, f"Wanted {scripts}")
        row(page, f"Wanted {scripts}").get_by_role("button", name="Deliver").click()
        expect(rows(page)).to_have_count(0)
        comes_once(house, f"Subject: Wanted {scripts}")
        page.goto(f"{QUARANTINE}?q=Wanted+{scripts}&show=over")
        expect(rows(page)).to_contain_text(USER)


@scripts
def test_several_are_chosen_and_deleted_at_once(
    browser: Browser, house: Installation, scripts: bool
) -> None:
    hold(house, *(f"Pile {scripts} {number}" for number in range(3)))
    with signed_in(browser, house, java_script_enabled=scripts) as page:
        page.goto(f"{QUARANTINE}?q=Pile+{scripts}")
        for number in (0, 2):
            row(page, f"Pile {scripts} {number}").get_by_role("checkbox").check()
        page.locator(".bulk").get_by_role("button", name="Delete").click()
        expect(rows(page)).to_have_count(1)
        expect(rows(page)).to_contain_text(f"Pile {scripts} 1")
        _undo(page, "2 messages are deleted.")
        expect(rows(page)).to_have_count(3)


@scripts
def test_all_that_match_are_done_to_the_end_and_taken_back(
    browser: Browser, house: Installation, scripts: bool
) -> None:
    hold(house, *(f"Heap {scripts} {number}" for number in range(30)))
    with signed_in(browser, house, java_script_enabled=scripts) as page:
        page.goto(f"{QUARANTINE}?q=Heap+{scripts}")
        page.get_by_role("link", name="All 30 that match").click()
        page.get_by_role("button", name="Delete all", exact=True).click()
        _is_done(page, "30 of 30 messages are deleted.")
        page.get_by_role("button", name="Undo").click()
        _is_done(page, "30 of 30 messages are held again.")
        page.goto(f"{QUARANTINE}?q=Heap+{scripts}")
        expect(page.get_by_role("link", name="All 30 that match")).to_be_visible()


def test_keys_move_choose_delete_and_deliver(house: Installation, person: Page) -> None:
    hold(house, *(f"Keyed {number}" for number in range(4)))
    person.goto(f"{QUARANTINE}?q=Keyed&sort=oldest")
    _press(person, "j", "x", "j", "x")
    assert person.locator("input[name=m]:checked").count() == 2
    _press(person, "#")
    expect(person.locator(RECENT)).to_contain_text("Deleted: Keyed 1")
    expect(person.locator(":focus")).to_have_text("Keyed 2")
    _press(person, "d")
    expect(person.locator(RECENT)).to_contain_text("Keyed 2")
    expect(rows(person)).to_have_count(2)


def test_a_mail_beside_the_list_keeps_its_row_in_sight_and_leads_on_to_the_next(
    house: Installation, person: Page
) -> None:
    hold(house, *(f"Beside {number}" for number in range(12)))
    person.emulate_media(reduced_motion="reduce")
    person.goto(f"{QUARANTINE}?q=Beside&sort=oldest")
    row(person, "Beside 0").get_by_role("button", name="Delete").click()
    expect(row(person, "Beside 0")).to_have_count(0)
    person.set_viewport_size({"width": 1280, "height": 700})
    _open(person, "Beside 7")
    _is_in_sight(person, "Beside 7")
    preview = person.locator("[data-preview]")
    preview.get_by_role("button", name="Delete").click()
    expect(row(person, "Beside 7")).to_have_count(0)
    expect(person.locator(":focus")).to_have_text("Beside 8")
    expect(preview).to_be_hidden()
    _is_in_sight(person, "Beside 8")


def test_what_was_done_stays_in_sight_and_covers_no_focus_on_a_phone(
    house: Installation, person: Page
) -> None:
    hold(house, *(f"Small {number}" for number in range(9)))
    # Where a window glides, what has the focus is covered until it has come to rest.
    person.emulate_media(reduced_motion="reduce")
    person.set_viewport_size({"width": 390, "height": 700})
    person.goto(f"{QUARANTINE}?q=Small&sort=oldest")
    row(person, "Small 8").get_by_role("button", name="Delete").click()
    expect(row(person, "Small 8")).to_have_count(0)
    person.evaluate("scrollTo(0, document.body.scrollHeight)")
    expect(person.locator(RECENT)).to_be_in_viewport(ratio=1)
    for _ in range(12):
        _press(person, "Shift+Tab")
        _is_in_sight(person)


def test_keys_search_and_take_all(house: Installation, person: Page) -> None:
    hold(house, "Sought 1", "Sought 2")
    person.goto(QUARANTINE)
    _press(person, "/")
    person.keyboard.type("Sought")
    person.keyboard.press("Enter")
    expect(rows(person)).to_have_count(2)
    person.locator("h1").click()
    _press(person, "a")
    expect(person.locator("h1")).to_have_text("What is to be done with 2 messages?")


def test_a_fraud_is_asked_for_read_with_a_reason_and_delivered_once(
    browser: Browser, house: Installation, person: Page
) -> None:
    hold_sample(house, "executable_attachment")
    person.goto(f"{QUARANTINE}?class=dangerous")
    rows(person).get_by_role("link", name="Ask for delivery").click()
    person.get_by_label("Why do you expect this message?").fill("It is from our builder.")
    person.get_by_role("button", name="Ask for delivery").click()
    expect(person.locator("main")).to_contain_text("An administrator will answer.")
    with signed_in(browser, house, BOSS) as boss:
        _read_and_deliver(boss)
    person.reload()
    expect(person.locator("main")).to_contain_text("had it delivered")
    expect(person.locator("main")).to_contain_text("The sender was called.")
    comes_once(house, FRAUD)


def _read_and_deliver(boss: Page) -> None:
    boss.goto("/admin/requests/")
    boss.locator("a[data-row]").click()
    expect(boss.locator("#content")).not_to_contain_text("Attachments")
    boss.get_by_label("Why do you have to read it?").fill("To see whether it is real.")
    boss.get_by_role("button", name="Show the message").click()
    expect(boss.locator("#content")).to_contain_text("Attachments")
    boss.get_by_label("What you tell the person").fill("The sender was called.")
    boss.get_by_role("button", name="Deliver", exact=True).click()
    expect(boss.locator("main")).to_contain_text("The message is on its way.")


def _quarantine_link(house: Installation) -> str:
    assert house.sink.wait(1, 20)
    content = house.sink.taken[-1].content.replace(b"=\r\n", b"").replace(b"=3D", b"=").decode()
    *_others, link, _webmail, _settings = dict.fromkeys(
        re.findall(r"http://[^\s\"<>]+/l/[\w.-]+", content)
    )
    outwait_the_guard(house)
    return str(link)


def _look_for(page: Page, words: str) -> None:
    page.get_by_role("searchbox").fill(words)
    page.keyboard.press("Enter")
    expect(rows(page)).to_have_count(1)


def _open(page: Page, subject: str) -> None:
    page.get_by_role("link", name=subject).click()
    expect(page.locator("#mail")).to_be_visible()


def _undo(page: Page, what: str) -> None:
    line = page.locator(f"{RECENT} li").filter(has_text=what)
    line.get_by_role("button", name="Undo").click()
    expect(page.locator("main")).to_contain_text("That is taken back.")


def _is_in_sight(page: Page, subject: str = "") -> None:
    """Check that what has the focus, or a mail of the list, is below what was done just now."""
    found = row(page, subject) if subject else page.locator(":focus")
    expect(found).to_be_in_viewport(ratio=0.9)
    box, above = found.bounding_box(), page.locator(RECENT).bounding_box()
    assert box
    assert above
    outside = page.evaluate("document.activeElement.closest('.split-list, .older') === null")
    assert box["y"] >= above["y"] + above["height"] - 1 or (outside and not subject)


def _is_done(page: Page, words: str) -> None:
    expect(page.locator("h1")).to_have_text("Done", timeout=30_000)
    expect(page.locator("main")).to_contain_text(words)


def _press(page: Page, *keys: str) -> None:
    for each in keys:
        page.keyboard.press(each)
