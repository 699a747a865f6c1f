"""A person's settings in a browser: their language everywhere, and lists of senders as a file."""

import csv
from collections.abc import Iterator, Sequence, Set
from functools import cache
from io import StringIO
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from playwright.sync_api import Browser, Page, expect

from bench.installation import Installation
from mailstore.sandbox import ROOT
from portal.languages import SPOKEN
from tests.browser.office import an_office, hold, hold_sample, signed_in, url_of
from tests.browser.pages import opened

CATALOGUES = ROOT / "portal" / "translations"
PAGES = [
    "/", "/quarantine/", "/quarantine/1", "/quarantine/1/blocked", "/quarantine/2/ask",
    "/quarantine/refused", "/quarantine/all", "/webmail/", "/profile/contact",
    "/profile/reports/", "/profile/senders/", "/profile/password/", "/profile/devices/",
]  # fmt: skip
SENDERS = "/profile/senders/"
FORMULA = "=1+1@evil.example"
FEWEST_WORDS = 3


@pytest.fixture(scope="module")
def house(browser: Browser) -> Iterator[Installation]:
    with an_office() as it:
        hold(it, "4711")
        hold_sample(it, "executable_attachment")
        yield it


@pytest.fixture
def page(browser: Browser, house: Installation) -> Iterator[Page]:
    with signed_in(browser, house) as opened_page:
        yield opened_page


@pytest.mark.parametrize("language", SPOKEN)
def test_all_pages_speak_the_language_that_was_chosen_and_no_other(
    browser: Browser, house: Installation, language: str, subtests: pytest.Subtests
) -> None:
    foreign = foreign_to(language)
    with signed_in(browser, house, language="") as page:
        _choose(page, language)
        for path in PAGES:
            with subtests.test(path):
                page.goto(path)
                expect(page.locator("html")).to_have_attribute("lang", language)
                said = " ".join(page.locator("body").inner_text().split())
                assert [each for each in texts(language) if each in said]
                assert not [each for each in foreign if each in said]


def test_the_menu_changes_the_language_before_anybody_signs_in(
    browser: Browser, house: Installation
) -> None:
    with opened(browser, url_of(house), locale="de-CH") as page:
        page.goto("/sign-in")
        expect(page.locator("html")).to_have_attribute("lang", "de")
        page.locator(".menu summary").first.click()
        page.get_by_role("button", name="Italiano").click()
        expect(page.locator("html")).to_have_attribute("lang", "it")


def test_an_entry_is_added_found_and_removed(page: Page) -> None:
    _add(page, "bob@there.example")
    expect(page.locator("main")).to_contain_text("bob@there.example is on the list.")
    page.get_by_label("Find a sender").fill("bob")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Remove").click()
    expect(page.locator("main")).to_contain_text("The entry is removed.")
    expect(page.locator(".entries")).to_have_count(0)


def test_a_list_is_saved_with_no_formula_in_it_and_read_back(page: Page, tmp_path: Path) -> None:
    _add(page, FORMULA)
    saved = _saved(page, tmp_path)
    table = csv.reader(StringIO(saved.read_text("utf-8-sig")), delimiter=";")
    cells = [cell for line in table for cell in line]
    assert any("1+1@evil.example" in each for each in cells)
    assert not [each for each in cells if each.startswith(("=", "+", "-", "@", "\t"))]
    page.get_by_role("button", name="Remove").click()
    _import(page, saved)
    expect(page.locator("main")).to_contain_text("1 entry is added.")
    page.get_by_role("link", name="Back to the list").click()
    expect(page.locator(".entries")).to_contain_text(FORMULA)


def test_a_file_with_a_wrong_line_is_read_but_for_that(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    file.write_text("list,sender\nblocked,pest@evil.example\nblocked,no address at all\n")
    page.goto(SENDERS)
    _import(page, file)
    expect(page.locator("main")).to_contain_text("“no address at all” is neither a mail address")
    page.get_by_role("link", name="Back to the list").click()
    expect(page.locator(".entries")).to_contain_text("pest@evil.example")


def foreign_to(language: str) -> Set[str]:
    """Return the sentences of the other languages' catalogues."""
    others = [texts(each) for each in SPOKEN if each != language]
    return frozenset().union(*others) - texts(language)


@cache
def texts(language: str) -> Set[str]:
    """Return what a catalogue says in several words without gaps."""
    with (CATALOGUES / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        found = read_po(file)
    said = [text for each in found if each.id for text in _forms(each.string)]
    assert all(said), f"the catalogue of {language} is not complete"
    return frozenset(
        text for text in said if "%(" not in text and len(text.split()) >= FEWEST_WORDS
    )


def _forms(string: str | Sequence[str] | None) -> Sequence[str]:
    return [string] if isinstance(string, str) else string or [""]


def _choose(page: Page, language: str) -> None:
    page.goto("/profile/contact")
    page.locator("#language").select_option(language)
    page.locator("form", has=page.locator("#language")).locator("button").click()
    expect(page.locator("html")).to_have_attribute("lang", language)


def _add(page: Page, pattern: str) -> None:
    page.goto(SENDERS)
    page.get_by_label("Address or domain").fill(pattern)
    page.get_by_role("button", name="Add", exact=True).click()


def _saved(page: Page, folder: Path) -> Path:
    with page.expect_download() as coming:
        page.get_by_role("link", name="Save the list").click()
    coming.value.save_as(folder / "saved.csv")
    return folder / "saved.csv"


def _import(page: Page, file: Path) -> None:
    page.get_by_label("Add the entries of a file").set_input_files(file)
    page.get_by_role("button", name="Add them").click()
