"""docs/tour.md, followed to the letter: each command, each click, and what is then to be seen."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, expect

from bench.installation import free_port
from mailstore.sandbox import ROOT
from tests.browser.pages import opened

TOUR = (ROOT / "docs" / "tour.md").read_text()
STEP = re.compile(r"^(\d+)\. (.*(?:\n(?:   .*)?)*)", re.MULTILINE)
COMMANDS = re.compile(r"^ *```\n *(.+)\n *```$", re.MULTILINE)
PART = re.compile(
    r"\bopen `(?P<address>[^`]+)`"
    r"|`(?P<text>[^`]+)` into \*\*(?P<field>[^*]+)\*\*"
    r"|\bclick \*\*(?P<click>[^*]+)\*\*"
    r"|\bpress `(?P<key>Ctrl-C)`"
    r"|“(?P<words>[^”]+)”",
    re.IGNORECASE,
)
ELSEWHERE = {"2525": "--relay", "8080": "--web", "2526": "--sink"}
PATIENCE = 30


class Demo:
    """The demo in its terminal, on other ports than the tour says."""

    def __init__(self, data: Path) -> None:
        self._ports = {port: str(free_port()) for port in ELSEWHERE}
        self._options = [f"--data {data}"] + [
            f"{option} 127.0.0.1:{self._ports[port]}" for port, option in ELSEWHERE.items()
        ]
        self._process: subprocess.Popen[str] | None = None
        self._said: list[str] = []
        self._news = threading.Condition()

    def elsewhere(self, text: str) -> str:
        """Return a text of the tour with the ports that are used here."""
        return re.sub("|".join(self._ports), lambda port: self._ports[port[0]], text)

    def start(self) -> None:
        """Do what `make run` does, with the environment that there is."""
        make = ["make", "run", f"--old-file={sys.prefix}/.run", f"VENV={sys.prefix}"]
        self._process = subprocess.Popen(  # noqa: S603 (our own command)
            [*make, f"ARGS={' '.join(self._options)}"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._ear = threading.Thread(target=self._hear, args=(self._process,))
        self._ear.start()

    def says(self, words: str) -> None:
        """Wait until the terminal shows words."""
        with self._news:
            assert self._news.wait_for(lambda: words in "".join(self._said), PATIENCE), self._said

    def interrupt(self) -> None:
        """Press Ctrl-C, which everything that runs in a terminal hears; return once it ended."""
        if self._process is None:
            return
        os.killpg(self._process.pid, signal.SIGINT)
        self._ear.join(PATIENCE)
        self._process.wait(PATIENCE)
        self._process = None

    def _hear(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout
        with process.stdout as said:
            for line in said:
                with self._news:
                    self._said.append(line)
                    self._news.notify()


def test_the_tour_is_what_happens(browser: Browser, tmp_path: Path) -> None:
    steps = STEP.findall(TOUR)
    assert [int(number) for number, _ in steps] == list(range(1, 16))
    with a_demo(tmp_path) as demo, opened(browser, "", locale="de-CH") as page:
        for number, step in steps:
            try:
                follow(demo, page, step)
            except Exception as error:
                error.add_note(f"Step {number} of docs/tour.md: {' '.join(step.split())}")
                raise


@contextmanager
def a_demo(data: Path) -> Iterator[Demo]:
    demo = Demo(data)
    try:
        yield demo
    finally:
        demo.interrupt()


def follow(demo: Demo, page: Page, step: str) -> None:
    """Do what a step says and see what it promises, one after the other."""
    commands = COMMANDS.findall(step)
    if commands:
        type_command(demo, commands)
    for part in PART.finditer(" ".join(COMMANDS.sub("", step).split())):
        if part["words"]:
            see(demo, page, part["words"])
        elif part["address"]:
            page.goto(demo.elsewhere(part["address"]))
        elif part["field"]:
            page.get_by_label(part["field"], exact=True).fill(part["text"])
        elif part["click"]:
            named(page, part["click"]).click()
        else:
            demo.interrupt()


def type_command(demo: Demo, commands: list[str]) -> None:
    """Type the first command whose program there is."""
    if commands == ["make run"]:
        demo.start()
        return
    command = next(each for each in commands if shutil.which(shlex.split(each)[0]))
    spoken = shlex.split(demo.elsewhere(command))
    subprocess.run(spoken, check=True, timeout=PATIENCE)  # noqa: S603 (the tour is our own)


def see(demo: Demo, page: Page, words: str) -> None:
    """Wait until words are to be seen: on the page, or in the terminal before it is open."""
    if page.url == "about:blank":
        demo.says(words)
    else:
        expect(page.get_by_text(words).first).to_be_visible(timeout=PATIENCE * 1000)


def named(page: Page, name: str) -> Locator:
    """Return the link or button of a name."""
    links = page.get_by_role("link", name=name, exact=True)
    return links.or_(page.get_by_role("button", name=name, exact=True)).first
