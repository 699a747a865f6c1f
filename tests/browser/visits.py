"""States of pages that no address leads to: forms filled in wrongly, things shown once."""

import pyotp
from playwright.sync_api import Page

from tests.browser.deskvisits import DESK
from tests.browser.going import Visit, at, sent
from tests.browser.pages import send, sign_in
from tests.browser.seeded import CHRIS, FABIA, PASSWORD, World
from tests.factories import ANNA
from tests.portal.browsing import wrong_code


def _second(page: Page, world: World) -> None:
    sign_in(page, FABIA, PASSWORD)


def _second_wrong(page: Page, world: World) -> None:
    _second(page, world)
    send(page, "/sign-in/code", code="000000")


def _by_code(page: Page, world: World) -> None:
    page.goto(world.links.quarantine)
    page.goto(f"/quarantine/{world.held['spam']}")


def _wrong_code(page: Page, world: World) -> None:
    _by_code(page, world)
    send(page, "/code", code=wrong_code(world.links))


def _webmail(page: Page, world: World) -> None:
    page.goto(world.links.webmail)
    send(page, "/code", code=world.links.code)


def _link(name: str) -> Visit:
    def visit(page: Page, world: World) -> None:
        _webmail(page, world)
        page.goto(_to(world, name))

    return visit


def _to(world: World, name: str) -> str:
    """Return the link to a held mail."""
    return world.links.of[world.held[name]]


def _done(page: Page, world: World) -> None:
    page.goto(_to(world, "spam"))
    send(page, page.url)


def _code_before(page: Page, world: World) -> None:
    page.goto(_to(world, "no subject"))
    send(page, page.url, code=wrong_code(world.links))


def _gone(page: Page, world: World) -> None:
    # What is held no more was the newest, and a report names what it named before oldest first.
    page.goto(world.links.held[-1])
    send(page, page.url)


def _several_done(page: Page, world: World) -> None:
    page.goto(world.links.everything)
    send(page, page.url, m=str(world.held["no subject"]))


def _several_none(page: Page, world: World) -> None:
    page.goto(world.links.everything)
    send(page, page.url)


def _unsubscribed(page: Page, world: World) -> None:
    page.goto(world.links.unsubscribe)
    send(page, page.url, **{"List-Unsubscribe": "One-Click"})


def _fresh(page: Page, world: World) -> None:
    page.goto(world.old.held[0])
    send(page, f"{page.url}/fresh")


def _recovery(page: Page, world: World) -> None:
    page.goto("/profile/password/factor")
    secret = page.locator(".to-type").inner_text().replace(" ", "")
    offer = page.locator("[name=offer]").input_value()
    send(page, "/profile/password/factor", offer=offer, code=pyotp.TOTP(secret).now())


def _beside(page: Page, world: World) -> None:
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto("/quarantine/")
    page.click(f"#s{world.held['phish']}")
    page.wait_for_selector("#mail")


def _keys(page: Page, world: World) -> None:
    page.goto("/quarantine/")
    page.keyboard.press("?")


def _menu(page: Page, world: World) -> None:
    page.goto("/")
    page.locator(".menu summary").last.click()


def _everywhere(page: Page, world: World) -> None:
    page.goto("/profile/devices/")
    send(page, "/profile/devices/everywhere")


def _factor_wrong(page: Page, world: World) -> None:
    page.goto("/profile/password/factor")
    page.fill("#code", "000000")
    page.keyboard.press("Enter")
    page.wait_for_selector("#wrong-code")


WRONG = "wrong"
WEAK = {"password": "short", "once_more": "other"}
LISTS = "/profile/senders/{mailbox_id}"

# Who comes, by the address of their account, and what they see.
STATES: dict[str, tuple[str, Visit]] = {
    "wrong password": ("", sent("/sign-in", email=ANNA, password=WRONG)),
    "second step": ("", _second),
    "second step, wrong": ("", _second_wrong),
    "reset asked for": ("", sent("/password/forgot", email="nobody@muster.example")),
    "reset, weak password": ("", sent("/password/new/{secret}", **WEAK)),
    "dead reset link": ("", at("/password/new/nothing")),
    "link to a held mail": ("", lambda page, world: page.goto(_to(world, "no subject"))),
    "link, known device": ("", _link("no subject")),
    "link to a fraud": ("", _link("phish")),
    "link, delivered": ("", _done),
    "link, not held any more": ("", _gone),
    "link, code before the deed": ("", _code_before),
    "all of a report": ("", lambda page, world: page.goto(world.links.everything)),
    "several delivered": ("", _several_done),
    "none of several delivered": ("", _several_none),
    "reports, when": ("", lambda page, world: page.goto(world.links.unsubscribe)),
    "reports, stopped": ("", _unsubscribed),
    "ended link": ("", lambda page, world: page.goto(world.old.held[0])),
    "fresh report": ("", _fresh),
    "code of a report": ("", _by_code),
    "wrong code of a report": ("", _wrong_code),
    "quarantine by link": ("", lambda page, world: page.goto(world.links.quarantine)),
    "webmail by link": ("", _webmail),
    "not found": ("", at("/nowhere")),
    "not found, signed in": (ANNA, at("/quarantine/999999")),
    "form without token": (ANNA, sent("/profile/contact", csrf_token=WRONG)),
    "mail beside the list": (ANNA, _beside),
    "keys": (ANNA, _keys),
    "account menu": (ANNA, _menu),
    "nothing matches": (ANNA, at("/quarantine/?q=nothing+like+it")),
    "no longer held": (ANNA, at("/quarantine/?show=over")),
    "held dangerous": (ANNA, at("/quarantine/{held_dangerous}")),
    "held virus": (ANNA, at("/quarantine/{held_virus}")),
    "held and refused": (ANNA, at("/quarantine/{held_parcel}")),
    "held newsletter": (ANNA, at("/quarantine/{held_newsletter}")),
    "allow a sender": (ANNA, at("/quarantine/{held_newsletter}/allowed")),
    "asked": (ANNA, at("/quarantine/{held_fraud}/ask")),
    "answered": (ANNA, at("/quarantine/{held_parcel}/ask")),
    "ask, too long": (ANNA, sent("/quarantine/{held_phish}/ask", why="x" * 3000)),
    "copy, taken": (ANNA, at("/webmail/m/{taken}")),
    "copy, failed": (ANNA, at("/webmail/m/{failed}")),
    "several back": (ANNA, at("/webmail/restore/?all=1")),
    "delivered again": (
        ANNA, sent("/webmail/restore/deliver", "/webmail/restore/?all=1", all="1", again="yes"),
    ),
    "found": (ANNA, at("/find?q=before:gestan+a")),
    "found, nothing": (ANNA, at("/find?q=nothing+at+all")),
    "one back": (ANNA, at("/webmail/restore/?m={taken}")),
    "contact, wrong": (ANNA, sent("/profile/contact", private_address="none")),
    "language, wrong": (ANNA, sent("/profile/language", "/profile/contact", language="xx")),
    "sender, wrong": (ANNA, sent(LISTS, pattern="?", listed="allowed", life="ever")),
    "sender, not found": (ANNA, at(f"{LISTS}?q=nothing")),
    "file, none": (ANNA, sent(f"{LISTS}/import", LISTS)),
    "report time, wrong": (
        ANNA, sent("/profile/reports/{mailbox_id}", "/profile/reports/", how="own", first="x"),
    ),
    "factor, wrong code": (ANNA, _factor_wrong),
    "recovery codes": (ANNA, _recovery),
    "password, weak": (ANNA, sent("/password/change", **WEAK)),
    "factor on": (FABIA, at("/profile/password/")),
    "new recovery codes": (FABIA, sent("/profile/password/codes", "/profile/password/")),
    "logged out everywhere": (FABIA, _everywhere),
    "nothing at all": (CHRIS, at("/")),
    "nothing held": (CHRIS, at("/quarantine/")),
    "nothing over": (CHRIS, at("/quarantine/?show=over")),
    "nothing refused": (CHRIS, at("/quarantine/refused")),
    "no mail": (CHRIS, at("/webmail/")),
    "no entries": (CHRIS, at("/profile/senders/")),
    **DESK,
}  # fmt: skip
