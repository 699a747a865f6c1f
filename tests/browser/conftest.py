"""A browser, and an installation with a held mail and its report."""

import re
import smtplib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, sync_playwright

from bench.installation import USER, Installation
from tests.browser.office import outwait_the_guard, spam

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass(frozen=True, slots=True)
class Links:
    """What the report mail, as it came to the sink, leads to."""

    held: str
    webmail: str
    quarantine: str
    code: str


# Playwright keeps an event loop running in this thread, which no other test may find.
@pytest.fixture(scope="module")
def browser(needs: Callable[[str], str]) -> Iterator[Browser]:
    executable = needs("chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield started
        started.close()


@pytest.fixture(scope="module")
def it() -> Iterator[Installation]:
    with Installation(("relay", "worker", "portal"), sink_keeps=True) as running:
        yield running


@pytest.fixture
def links(it: Installation) -> Links:
    """Return the links of a report about one held mail, read from the mail itself.

    Mail that an earlier test left held stands below it in the report, which came a while ago.
    """
    it.sink.taken.clear()
    with smtplib.SMTP("127.0.0.1", it.smtp) as server:
        server.sendmail("spam@sender.example", [USER], spam("Gewinn"))
    said = it.flask("report", "send", USER, "--print")
    assert it.sink.wait(1, 20)
    content = it.sink.taken[0].content.replace(b"=\r\n", b"").replace(b"=3D", b"=").decode()
    held, *_others, quarantine, webmail, _settings = dict.fromkeys(
        re.findall(r"http://[^\s\"<>]+/l/[\w.-]+", content)
    )
    outwait_the_guard(it)
    code = re.search(r"Code: (\d{4})", said)
    assert code
    return Links(held, webmail, quarantine, code[1])


def wait_until_taken(it: Installation, count: int, seconds: float = 15) -> None:
    """Return once the sink has so many mails and no more arrive."""
    assert it.sink.wait(count, seconds)
    time.sleep(1.5)
    assert len(it.sink.taken) == count
