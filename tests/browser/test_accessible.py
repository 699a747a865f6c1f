"""Every page can be used by everybody: axe by WCAG 2.2 AA, light and dark, desktop and phone."""

from collections.abc import Iterator
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, ViewportSize
from werkzeug.routing import Rule

from portal.languages import COOKIE
from tests.browser.administered import ROOT
from tests.browser.axe import ALL, complaints, measured
from tests.browser.going import Visit
from tests.browser.pages import cookie_of, give_cookie, opened
from tests.browser.seeded import World, a_world
from tests.browser.visits import STATES
from tests.factories import ANNA, BEAT
from tests.portal.browsing import path_to, rules_of

DESKTOP: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 390, "height": 844}
# Files, frames and fragments, and addresses that only lead on.
NO_PAGES = {
    "quarantine.body", "webmail.body", "webmail.news", "oneclick.body", "requests.body",
    "held.body",
    "files.eml", "files.attachment", "files.attachments", "files.to_print", "files.mails",
    "profile_files.export", "lists.export", "person_data.fetch",
    "profile_data.fetch", "quarantine.recent", "profile.index",
    "admin.index", "profile_lists.index", "oneclick.show", "oneclick.sender", "unsubscribe.show",
    "code.ask", "second.ask", "restore.ask", "restore.resending", "look.logo",
    "write.suggest", "statistics.chart", "statistics.numbers", "statistics.held_numbers",
    "people.export",
}  # fmt: skip
SHOWS = "(theme) => document.documentElement.dataset.bsTheme === theme"
Theme = Literal["light", "dark"]
VISITORS = {"outside": "", "person": ANNA, "administrator": BEAT, "operator": ROOT}
OUTSIDE = ("/sign-in", "/password/forgot", "/password/asked", "/password/new/<secret>")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[World]:
    with a_world(tmp_path_factory.mktemp("world")) as made:
        yield made


@pytest.fixture(scope="module")
def only_page(browser: Browser, world: World) -> Iterator[Page]:
    # Opening one and reading axe into it takes longer than all that is looked for.
    with opened(browser, world.url) as page:
        yield page


@pytest.fixture
def page(only_page: Page, world: World, who: str) -> Page:
    """Return a page in which nobody has been, signed in if `who` is somebody."""
    only_page.context.clear_cookies()
    only_page.set_viewport_size(DESKTOP)
    if who:
        give_cookie(only_page.context, world.url, cookie_of(world.store, world.account(who)))
    return only_page


@pytest.mark.parametrize("who", VISITORS.values(), ids=list(VISITORS))
def test_every_page_with_an_address_is_accessible(
    page: Page, world: World, who: str, subtests: pytest.Subtests
) -> None:
    assert world.app
    for rule in rules_of(world.app):
        if who != _visitor(rule):
            continue
        with subtests.test(rule.endpoint):
            answer = page.goto(path_to(world.app, rule, **_values(world, rule)))
            assert answer
            assert answer.status == 200
            found = found_on(page)
            assert not found, "\n".join(found)


@pytest.mark.parametrize(("who", "visit"), STATES.values(), ids=list(STATES))
def test_every_state_of_a_page_is_accessible(page: Page, world: World, visit: Visit) -> None:
    visit(page, world)
    found = found_on(page)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("who", [BEAT])
@pytest.mark.parametrize("language", ["fr", "it"])
def test_pages_of_an_administrator_fit_a_phone_in_longer_languages(
    page: Page, world: World, language: str
) -> None:
    page.set_viewport_size(PHONE)
    page.context.add_cookies([{"name": COOKIE, "value": language, "url": world.url}])
    for path in ("start", "people/", "policies/tenant", "domains/1/dns", "lists/", "held/"):
        page.goto(f"/admin/{path}")
        assert page.locator("html").get_attribute("lang") == language
        assert measured(page) == []


def found_on(page: Page) -> list[str]:
    """Return what is wrong with a page; each theme and each size meets all rules once."""
    found = _in(page, "light", page.viewport_size or DESKTOP, ALL) + measured(page)
    found += _in(page, "dark", PHONE, ALL)
    return found + [f"phone: {each}" for each in measured(page)]


def _in(page: Page, theme: Theme, size: ViewportSize, rules: dict[str, Any]) -> list[str]:
    page.emulate_media(color_scheme=theme)
    page.set_viewport_size(size)
    page.wait_for_function(SHOWS, arg=theme)
    return [f"{theme} {size['width']}: {each}" for each in complaints(page, rules)]


def _visitor(rule: Rule) -> str | None:
    """Return who sees the page of a route; None if it is no page."""
    if rule.endpoint in NO_PAGES or "GET" not in (rule.methods or ()):
        return None
    if rule.rule.startswith("/operator/"):
        return ROOT
    if rule.rule.startswith("/admin/"):
        return BEAT
    return "" if rule.rule in OUTSIDE else ANNA


def _values(world: World, rule: Rule) -> dict[str, object]:
    by_webmail = rule.endpoint.startswith("webmail.")
    number = world.copies[0] if by_webmail else world.held["phish"]
    return world.ids | {"delivery_id": number}
