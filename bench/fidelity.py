"""How much of HTML mail is left when the webmail shows it: its words, and its height.

    python -m bench.fidelity --mail easy-ham-1 --mail spam-1 --worst 5

Opens each HTML mail of the folders in Chromium twice, without network and scripts: as it was
sent, and as the webmail shows it. Prints the share of the words that are left, for how many
mails the height is within a tenth, and how long cleaning takes.
"""

import argparse
import shutil
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, Route, sync_playwright

from bench.corpus import read
from bench.measured import say
from mailstore.mime import Mail
from portal.content import reading, rendering

ADDRESS = "http://mail.test/"
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
WIDTH, HEIGHT = 800, 100
TENTH = 0.1
MEASURE = "() => [document.documentElement.scrollHeight, document.body.innerText]"


@dataclass(frozen=True, slots=True)
class Compared:
    """A mail as sent and as shown: words of both, heights in CSS pixels, seconds of cleaning."""

    name: str
    words: int
    kept: int
    sent: int
    shown: int
    seconds: float

    @property
    def is_near(self) -> bool:
        """Whether it is as high as it was sent, within a tenth."""
        return abs(self.shown - self.sent) <= TENTH * self.sent


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the bench; 1 if there is no HTML mail."""
    args = _arguments(arguments)
    raws = [(each.path.name, each.raw) for each in read(args.mail, "")]
    with a_page() as page:
        compared = [each for name, raw in raws if (each := compare(page, name, raw))]
    if not compared:
        say("no HTML mail")
        return 1
    for each in sorted(compared, key=_distance)[-args.worst :] if args.worst else ():
        say(f"{each.name}: {each.kept} of {each.words} words, {each.sent} px, now {each.shown} px")
    say("\n".join(report(compared)))
    return 0


def report(compared: Sequence[Compared]) -> Iterator[str]:
    """Yield the figures, a line each."""
    words, kept = (sum(getattr(each, name) for each in compared) for name in ("words", "kept"))
    near = sum(each.is_near for each in compared)
    times = sorted(each.seconds * 1000 for each in compared)
    yield f"HTML mails: {len(compared)}"
    yield f"words left: {kept / max(words, 1):.2%}"
    yield f"height within a tenth: {near / len(compared):.1%}"
    yield f"cleaning: {times[len(times) // 2]:.1f} ms (median), {times[-1]:.0f} ms (longest)"


@contextmanager
def a_page() -> Iterator[Page]:
    """Open a page of Chromium that reaches nothing; raises FileNotFoundError without one."""
    executable = shutil.which("chromium")
    if executable is None:
        raise FileNotFoundError("chromium")
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=executable, args=flags)
        try:
            yield browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        finally:
            browser.close()


def compare(page: Page, name: str, raw: bytes) -> Compared | None:
    """Return a mail as sent and as shown, or None if it has no HTML."""
    html = Mail(raw).html
    if not html.strip():
        return None
    begun = time.perf_counter()
    said = rendering.body({"links": True, "remote": False, "seconds": 10.0}, raw, lambda _: None)
    seconds = time.perf_counter() - begun
    sent, text = _opened(page, html)
    shown, left = _opened(page, reading.document(reading.PLAIN | said, links=True))
    words = Counter(text.split())
    kept = words & Counter(left.split())
    return Compared(name, words.total(), kept.total(), sent, shown, seconds)


def _opened(page: Page, html: str) -> tuple[int, str]:
    """Return height and text of a document that loads and runs nothing."""

    def answer(route: Route) -> None:
        if route.request.url != ADDRESS:
            return route.abort()
        headers = {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": POLICY}
        return route.fulfill(body=html.encode("utf-8", "replace"), headers=headers)

    page.route("**/*", answer)
    page.goto(ADDRESS)
    height, text = page.evaluate(MEASURE)
    page.unroute("**/*")
    return height, text


def _distance(each: Compared) -> float:
    return max(abs(each.shown - each.sent) / max(each.sent, 1), 1 - each.kept / max(each.words, 1))


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--mail", type=Path, action="append", required=True, help="a folder")
    parser.add_argument("--worst", type=int, default=0, help="also name the mails that differ most")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
