"""Getting in and out, in a browser: password, second step, emergency code, reset, signing out."""

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from urllib.parse import quote, urlsplit

import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect

from bench.installation import PASSWORD, USER, Installation
from mailstore import accounts, clock
from tests.browser.office import BOSS, an_office, at_sink, comes_once, hold, join, signed_in, url_of
from tests.browser.pages import opened, sign_in

SECRET = pyotp.random_base32()
CAREFUL, FORGETFUL, LOST = "careful@rcpt.example", "forgetful@rcpt.example", "lost@rcpt.example"
PRIVATE = "at.home@privat.example"
NEW = "a lantern over quiet water"
HOSTILE = [
    "//evil.example", "/\\evil.example", "https:evil.example", "https:///evil.example",
    "\t//evil.example", "/\t/evil.example", "javascript:alert(1)", "https://a@evil.example",
    "\\@evil.example",
]  # fmt: skip


@pytest.fixture(scope="module")
def house(browser: Browser) -> Iterator[Installation]:
    with an_office() as it:
        join(it, CAREFUL, secret=SECRET)
        join(it, FORGETFUL, private=PRIVATE)
        join(it, LOST)
        hold(it, "Readable by nobody")
        yield it


@contextmanager
def a_browser(browser: Browser, house: Installation) -> Iterator[Page]:
    with opened(browser, url_of(house), language="en") as page:
        yield page


@pytest.fixture
def page(browser: Browser, house: Installation) -> Iterator[Page]:
    with a_browser(browser, house) as opened_page:
        yield opened_page


def test_a_password_leads_home_and_a_wrong_one_says_so_where_it_was_typed(page: Page) -> None:
    sign_in(page, USER, "not the password")
    expect(page.locator("main")).to_contain_text("Address and password do not fit together.")
    expect(page.get_by_label("E-mail address")).to_have_value(USER)
    expect(page.locator("input[name=password]")).to_be_focused()
    sign_in(page, USER, PASSWORD)
    _is_home(page)


def test_a_second_factor_is_turned_on_and_asked_for_and_a_recovery_code_works_once(
    page: Page,
) -> None:
    sign_in(page, LOST, PASSWORD)
    secret, codes = _turn_on(page)
    for code in (_next_code(secret), codes[0], codes[1]):
        _sign_out(page)
        _in_two_steps(page, LOST, code)
        _is_home(page)
    _sign_out(page)
    _in_two_steps(page, LOST, codes[0])
    expect(page.locator("main")).to_contain_text("This code does not fit.")


def test_an_emergency_code_works_once_and_leads_to_a_new_password(
    browser: Browser, house: Installation, page: Page
) -> None:
    code = _made_by_administrator(browser, house, FORGETFUL)
    sign_in(page, FORGETFUL, code)
    expect(page.locator("h1")).to_have_text("Set a new password")
    _set_password(page)
    expect(page.locator("main")).to_contain_text("Your new password is set.")
    with a_browser(browser, house) as other:
        sign_in(other, FORGETFUL, code)
        expect(other.locator("main")).to_contain_text("do not fit together")
        sign_in(other, FORGETFUL, NEW)
        _is_home(other)


def test_a_mailed_link_sets_a_new_password_once(house: Installation, page: Page) -> None:
    page.goto("/sign-in")
    page.get_by_role("link", name="Forgot your password?").click()
    page.get_by_label("E-mail address").fill(FORGETFUL)
    page.get_by_role("button", name="Send the link").click()
    expect(page.locator("h1")).to_have_text("Look at your mail")
    link = _mailed_link(house)
    page.goto(link)
    _set_password(page, f"{NEW} again")
    sign_in(page, FORGETFUL, f"{NEW} again")
    _is_home(page)
    page.goto(link)
    expect(page.locator("h1")).to_have_text("This link does not work any more")


def test_logging_out_everywhere_ends_another_browser(browser: Browser, house: Installation) -> None:
    with signed_in(browser, house) as one, signed_in(browser, house) as other:
        other.goto("/quarantine/")
        one.goto("/profile/devices/")
        one.get_by_role("button", name="Log out everywhere").click()
        expect(one.locator("main")).to_contain_text("You are logged out everywhere.")
        other.reload()
        expect(other.locator("h1")).to_have_text("Sign in")


@pytest.mark.parametrize("way", ["back", "reload"])
def test_after_signing_out_nothing_is_readable_by_going_back(
    browser: Browser, house: Installation, way: str
) -> None:
    with signed_in(browser, house) as page:
        page.goto("/quarantine/")
        page.get_by_role("link", name="Readable by nobody").click()
        page.goto("/webmail/")
        _sign_out(page)
        for _ in range(2):
            page.go_back()
            if way == "reload":
                page.reload()
            expect(page.locator("body")).not_to_contain_text("Readable by nobody")
            expect(page.locator("h1")).to_have_text("Sign in")


def test_a_cookie_copied_before_signing_out_is_worth_nothing(
    browser: Browser, house: Installation, page: Page
) -> None:
    sign_in(page, USER, PASSWORD)
    _is_home(page)
    copied = page.context.cookies()
    _sign_out(page)
    with a_browser(browser, house) as thief:
        thief.context.add_cookies(copied)  # type: ignore[arg-type]  # what one gives, another takes
        thief.goto("/quarantine/")
        expect(thief.locator("h1")).to_have_text("Sign in")


@pytest.mark.parametrize("target", HOSTILE)
def test_a_hostile_address_to_go_on_to_never_leaves_the_portal(
    browser: Browser, house: Installation, target: str
) -> None:
    asked: list[str] = []
    with a_browser(browser, house) as page:
        page.on("request", lambda request: asked.append(request.url))
        path = f"/sign-in?next={quote(target, safe='')}"
        _forget_codes(house)
        _in_two_steps(page, CAREFUL, pyotp.TOTP(SECRET).now(), path)
        _is_home(page)
    assert {urlsplit(each).netloc for each in asked} == {urlsplit(url_of(house)).netloc}


def test_a_path_of_ours_is_gone_on_to_through_both_steps(house: Installation, page: Page) -> None:
    _forget_codes(house)
    _in_two_steps(page, CAREFUL, pyotp.TOTP(SECRET).now(), "/sign-in?next=/profile/devices/")
    expect(page.locator("h1")).to_have_text("Devices")


def _is_home(page: Page) -> None:
    expect(page.locator("h1")).to_contain_text("Hello")
    assert urlsplit(page.url).path == "/"


def _sign_out(page: Page) -> None:
    page.locator(".menu summary").last.click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("main")).to_contain_text("You are signed out.")


def _in_two_steps(page: Page, email: str, code: str, path: str = "/sign-in") -> None:
    sign_in(page, email, PASSWORD, path)
    page.get_by_label("Code of your app, or a recovery code").fill(code)
    page.keyboard.press("Enter")


def _turn_on(page: Page) -> tuple[str, list[str]]:
    """Turn on the second factor; return its secret and the recovery codes."""
    page.goto("/profile/password/")
    page.get_by_role("link", name="Turn it on").click()
    secret = page.locator(".to-type").inner_text().replace(" ", "")
    page.get_by_label("Code of six digits").fill(pyotp.TOTP(secret).now())
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("The second factor is on.")
    return secret, page.locator(".codes code").all_inner_texts()


def _next_code(secret: str) -> str:
    """Return a code that was not typed yet; one may be half a minute early."""
    app = pyotp.TOTP(secret)
    return app.generate_otp(app.timecode(clock.now()) + 1)


def _set_password(page: Page, password: str = NEW) -> None:
    page.get_by_label("New password").fill(password)
    page.get_by_label("The same once more").fill(password)
    page.get_by_role("button", name="Set the password").click()


def _made_by_administrator(browser: Browser, house: Installation, email: str) -> str:
    with signed_in(browser, house, BOSS) as boss:
        boss.goto(f"/admin/people/?q={email}")
        boss.locator("a[data-row]").click()
        boss.get_by_role("button", name="Make an emergency code").click()
        return "".join(boss.locator(".emergency-code").inner_text().split())


def _mailed_link(house: Installation) -> str:
    comes_once(house, f"To: forgetful <{PRIVATE}>")
    (mail,) = at_sink(house, f"To: forgetful <{PRIVATE}>")
    assert mail.recipient == PRIVATE
    content = mail.content.replace(b"=\r\n", b"").decode()
    found = re.search(r"http://\S+/password/new/[\w-]+", content)
    assert found
    return found[0]


def _forget_codes(house: Installation) -> None:
    """Let the code of this half minute be typed once more."""
    with closing(house.store()) as store, store.write() as db:
        accounts.named(db, CAREFUL).totp_step = 0
