import threading
from collections.abc import Callable, Iterator
from html import escape

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright
from sqlalchemy import select

from mailstore.mailboxes import Mailbox
from tests.browser.conftest import FLAGS
from tests.browser.hostile import (
    AT_ONCE,
    BARE,
    TELL,
    WALLED,
    Canary,
    Scene,
    Watched,
    in_frames,
    show,
    without_policy,
)
from tests.browser.pages import cookie_of
from tests.browser.seeded import a_world
from tests.corpus.attacking import ELEMENTS, HOST, SHEETS, attacks, beside_html
from tests.factories import ANNA
from tests.portal import vectors
from tests.portal.mails import stored

UNWANTED = ("IsolateSandboxedIframes", "LocalNetworkAccessChecks")
PICTURES = ("picture", "background of a cell", "background in a rule", "style url")
PAGES = vectors.SCRIPTS | vectors.LOADS | SHEETS | ELEMENTS


@pytest.fixture(scope="module")
def canary() -> Iterator[Canary]:
    with Canary() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def scene(canary: Canary, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with a_world(tmp_path_factory.mktemp("hostile")) as world:
        with world.store.read() as db:
            anna = db.scalars(select(Mailbox).where(Mailbox.address == ANNA)).one()
        mails = attacks(canary.host)
        ids = {name: stored(world.store, anna, raw).id for name, raw in mails.items()}
        yield Scene(world, canary, ids, cookie_of(world.store, world.account(ANNA)))


# Where frames in a sandbox have processes of their own, Playwright does not see what they load,
# and pages that the test answers itself may load nothing from loopback.
@pytest.fixture(scope="module")
def browser(needs: Callable[[str], str]) -> Iterator[Browser]:
    flags = [*FLAGS, f"--disable-features={','.join(UNWANTED)}"]
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=needs("chromium"), args=flags)
        yield started
        started.close()


@pytest.fixture
def context(browser: Browser, scene: Scene) -> Iterator[BrowserContext]:
    opened = browser.new_context(base_url=scene.world.url)
    opened.add_cookies([{"name": "session", "value": scene.cookie, "url": scene.world.url}])
    opened.add_init_script(TELL)
    scene.canary.asked.clear()
    yield opened
    opened.close()


def test_the_test_sees_what_runs_and_what_is_loaded(context: BrowserContext, scene: Scene) -> None:
    host = scene.canary.host
    for rights in ("", "sandbox", 'sandbox="allow-scripts"'):
        watched = Watched(context.new_page())
        bad = f'<img src="http://{host}/{rights}"><script>alert(1)</script>'
        show(watched.page, [f'<iframe {rights} srcdoc="{escape(bad)}"></iframe>'])
        assert bool(watched.ran) is (rights != "sandbox")
    assert len(scene.canary.asked) == 3


def test_most_of_the_attacks_are_some(context: BrowserContext, scene: Scene) -> None:
    # An attack that no browser heeds would prove nothing.
    watched = Watched(context.new_page())
    frames = []
    for number, html in enumerate(PAGES.values()):
        marked = html.replace(f"{HOST}/x", f"{scene.canary.host}/{number}")
        marked = escape(marked.replace(vectors.RUN, f"alert({number})"))
        frames.append(f'<iframe srcdoc="{marked}"></iframe>')
    for start in range(0, len(frames), AT_ONCE):
        show(watched.page, frames[start : start + AT_ONCE])
    paths = {path for path, _ in scene.canary.asked}
    heeded = set(watched.ran) | {path[1:] for path in paths}
    assert len(heeded) > len(PAGES) / 3


def test_there_are_enough_attacks(scene: Scene) -> None:
    assert len(scene.ids) >= 150


def test_no_mail_runs_or_loads_anything(context: BrowserContext, scene: Scene) -> None:
    watched = Watched(context.new_page())
    assert in_frames(watched, scene.ids.values(), WALLED) == []
    assert (watched.ran, scene.canary.asked) == ([], [])


def test_no_mail_runs_or_loads_anything_behind_the_sanitiser_alone(
    context: BrowserContext, scene: Scene
) -> None:
    context.route("**/body*", without_policy)
    watched = Watched(context.new_page())
    assert in_frames(watched, scene.ids.values(), BARE) == []
    assert (watched.ran, scene.canary.asked) == ([], [])


def test_no_page_around_a_mail_runs_or_loads_anything(
    context: BrowserContext, scene: Scene
) -> None:
    watched = Watched(context.new_page())
    paths = ["/", "/webmail/", *(f"/webmail/m/{scene.ids[name]}" for name in beside_html(""))]
    for path in [*paths, f"/webmail/m/{scene.ids['Subject of a mail']}/source"]:
        watched.page.goto(path)
        assert watched.page.locator("main").count() == 1
    assert (watched.ran, scene.canary.asked) == ([], [])


def test_pictures_that_were_asked_for_come_and_nothing_else(
    context: BrowserContext, scene: Scene
) -> None:
    context.route("**/body*", without_policy)
    watched = Watched(context.new_page())
    loading = [scene.ids[name] for name, html in PAGES.items() if HOST in html]
    assert in_frames(watched, loading, BARE, "?remote=1") == []
    assert watched.ran == []
    assert {said["Sec-Fetch-Dest"] for _, said in scene.canary.asked} == {"image"}


@pytest.mark.parametrize("frame", [WALLED, BARE], ids=["as shown", "not held back"])
def test_whoever_has_the_pictures_learns_nothing_else(
    context: BrowserContext, scene: Scene, frame: str
) -> None:
    if frame == BARE:
        context.route("**/body*", without_policy)
    page = context.new_page()
    ids = [scene.ids[name] for name in PICTURES]
    in_frames(Watched(page), ids, frame, "?remote=1")
    assert len(scene.canary.asked) == len(PICTURES)
    told = {name for _, said in scene.canary.asked for name in said}
    assert told & {"Cookie", "Referer"} == (set() if frame == WALLED else {"Cookie", "Referer"})


def test_pictures_come_when_the_reader_asks_and_only_then(
    context: BrowserContext, scene: Scene
) -> None:
    page = context.new_page()
    path = f"/webmail/m/{scene.ids['picture']}"
    page.goto(path)
    assert scene.canary.asked == []
    page.click("a[href$='?remote=1']")
    page.wait_for_load_state()
    assert len(scene.canary.asked) == 1
    page.goto(path)
    page.goto(f"/webmail/m/{scene.ids['script']}")
    assert page.locator("a[href$='?remote=1']").count() == 0
    assert len(scene.canary.asked) == 1


def test_a_mail_cannot_leave_its_frame(context: BrowserContext, scene: Scene) -> None:
    page = context.new_page()
    page.goto(f"/webmail/m/{scene.ids['target in a page']}")
    frame = page.frames[1]
    assert page.locator("iframe").get_attribute("sandbox") == (
        "allow-popups allow-popups-to-escape-sandbox"
    )
    with page.expect_popup() as opened:
        frame.click("a")
    opened.value.wait_for_load_state()
    assert page.url.endswith(str(scene.ids["target in a page"]))
    assert opened.value.evaluate("() => window.opener") is None
    assert "Referer" not in scene.canary.asked[0][1]


def test_the_address_of_a_mail_itself_is_as_safe(context: BrowserContext, scene: Scene) -> None:
    watched = Watched(context.new_page())
    for name in ("script", "onload", "picture", "form at once"):
        watched.page.goto(f"/webmail/m/{scene.ids[name]}/body")
        assert watched.page.evaluate("() => self.origin") == "null"
    assert (watched.ran, scene.canary.asked) == ([], [])
