"""Hostile mail shown in a browser, with all walls or with the sanitiser alone, and who listens."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from playwright.sync_api import Page, Route

from tests.browser.seeded import World

AT_ONCE = 20
LATE = 100  # Milliseconds in which a page may still go elsewhere.
RAN = "ran "
# What the mails call: a dialog would stop the page, and in a sandbox none opens.
TELL = f"window.alert = (what) => console.log('{RAN}' + what)"
GIF = b"GIF89a\x01\0\x01\0\0\0\0!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;"
# What shows a mail as a frame: the webmail's way, and one without any wall but the sanitiser.
WALLED = '<iframe sandbox="allow-popups allow-popups-to-escape-sandbox" src="{}"></iframe>'
BARE = '<iframe src="{}"></iframe>'
# Whatever could still run once somebody clicks or points.
ARMED = """() => [...document.querySelectorAll("*")].flatMap((each) => [
  ...each.getAttributeNames().filter((name) => name.startsWith("on") || name === "srcdoc"),
  ...["href", "src", "action", "background"].map((name) => each.getAttribute(name)).filter(
    (value) => value && !/^(https?:|mailto:|tel:|data:image\\/(png|jpeg|gif|webp);|data:,$)/i
      .test(value)),
  ...(getComputedStyle(each).position === "static" ? [] : ["position"]),
])"""


class Canary(ThreadingHTTPServer):
    """Listens to whatever a mail would load, and notes it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Noting)
        self.host = f"127.0.0.1:{self.server_port}"
        self.asked: list[tuple[str, dict[str, str]]] = []


class Noting(BaseHTTPRequestHandler):
    """Notes a request and gives it a picture."""

    def do_GET(self) -> None:
        assert isinstance(self.server, Canary)
        if self.path != "/favicon.ico":
            self.server.asked.append((self.path, dict(self.headers)))
        self.send_response(200)
        self.send_header("Content-Type", "image/gif")
        self.end_headers()
        self.wfile.write(GIF)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (its name there)
        pass


class Watched:
    """A page, and what ran in it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.ran: list[str] = []
        page.on("console", lambda said: self._note(said.text))

    def _note(self, text: str) -> None:
        if text.startswith(RAN):
            self.ran.append(text.removeprefix(RAN))


@dataclass(frozen=True, slots=True)
class Scene:
    """A portal with all hostile mails in Anna's mailbox, and who listens."""

    world: World
    canary: Canary
    ids: dict[str, int]
    cookie: str


def show(page: Page, frames: Sequence[str]) -> None:
    """Open a page of the portal's own address that has these frames, and wait for them."""

    def answer(route: Route) -> None:
        route.fulfill(content_type="text/html", body=f"<!doctype html>{''.join(frames)}")

    page.route("**/harness", answer)
    page.goto("/harness", wait_until="load")
    page.unroute("**/harness")
    page.wait_for_timeout(LATE)


def without_policy(route: Route) -> None:
    """Answer as the portal does, without the headers that hold a mail back."""
    answer = route.fetch()
    headers = {name: value for name, value in answer.headers.items()
               if name in {"content-type", "content-disposition"}}  # fmt: skip
    route.fulfill(response=answer, headers=headers)


def in_frames(watched: Watched, ids: Iterable[int], frame: str, query: str = "") -> list[str]:
    """Show mails in frames; return what could run there once somebody clicks."""
    urls = [f"/webmail/m/{number}/body{query}" for number in ids]
    armed = []
    for start in range(0, len(urls), AT_ONCE):
        show(watched.page, [frame.format(url) for url in urls[start : start + AT_ONCE]])
        frames = watched.page.frames[1:]
        assert len(frames) == len(urls[start : start + AT_ONCE])
        armed += [f"{each.url}: {found}" for each in frames for found in each.evaluate(ARMED)]
    return armed
