"""Takes the pictures of README.md and the guides from a running demo, in Chromium.

Run it by `make screenshots`; it needs chromium, fonts-noto-color-emoji for complete pictures, and
pngquant for small ones.
"""

import re
import shutil
import smtplib
import subprocess
import sys
import tempfile
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from html import escape
from pathlib import Path
from typing import Self

from playwright.sync_api import Browser, Page, sync_playwright

from bench.installation import free_port
from filter.demo.samples import FOLDER
from filter.demo.seed import ANNA, PASSWORD
from mailstore.commands import flask
from mailstore.sandbox import ROOT

IMAGES = Path(__file__).parent / "images"
DESKTOP, PHONE, REPORT = (1200, 780), (390, 780), (680, 1100)
PLAIN = "font-size:13px;white-space:pre-wrap;overflow-wrap:anywhere"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--hide-scrollbars"]
REGULA = "regula.ammann@muster.example"
MOVERS = """Nachname;Vorname;Hauptadresse;Alias
Keller;Anna;anna.keller@muster.example;anna@muster.example
Steiner;Eva;eva.steiner@muster.example;eva@muster.example
Weber;Urs;urs.weber@muster.example;chef@muster.example
Rossi;Chiara;chiara.rossi@muster.example;offerten@muster.example
Huber;Max;max.huber@anderswo.example;
"""
ALLOWED = """# allow list of the old filter
lindenhof.example
gmail.com
*@seehof.example
muster.example
*.info
rechnung@treuhand-meier.example
"""
WAITING, WRITER = "thread_4.eml", "ruth.zbinden@seehof.example"
# How the names of pictures end in the languages of the guides.
ENDINGS = {"de": "", "en": "-en"}
BANNER_MILLISECONDS = 20_000


class Demo:
    """A demo of our own, on free ports and throw-away data."""

    def __init__(self) -> None:
        self.relay, web, sink = free_port(), free_port(), free_port()
        self.base = f"http://127.0.0.1:{web}"
        self._folder = tempfile.TemporaryDirectory()
        listen = ("--relay", self.relay, "--web", web, "--sink", sink)
        options = [text if text in listen[::2] else f"127.0.0.1:{text}" for text in listen]
        self._process = subprocess.Popen(  # noqa: S603 (our own command)
            flask("demo", "--data", self._folder.name, *map(str, options)),
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.link = ""

    def __enter__(self) -> Self:
        assert self._process.stdout  # noqa: S101 (a pipe, as asked for)
        for line in self._process.stdout:
            if found := re.search(r"http\S+/l/\S+", line):
                self.link = found[0]
                break
        return self

    def report_mail(self) -> EmailMessage:
        """Return Anna's report as her mail server got it."""
        folder = Path(self._folder.name) / "sink"
        mails = (message_from_bytes(each.read_bytes(), policy=default) for each in folder.iterdir())
        return next(
            each
            for each in mails
            if isinstance(each, EmailMessage) and each["List-Unsubscribe-Post"]
        )

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.communicate()
        self._folder.cleanup()

    def send(self) -> None:
        """Send Anna one more mail."""
        with smtplib.SMTP("127.0.0.1", self.relay) as server:
            server.sendmail(WRITER, [ANNA], (FOLDER / WAITING).read_bytes())


def main() -> int:
    """Write all pictures."""
    IMAGES.mkdir(exist_ok=True)
    with Demo() as demo, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        take_report(browser, demo)
        for language, ending in ENDINGS.items():
            take_desktop(browser, demo, language, ending)
            take_phone(browser, demo, language, ending)
            take_office(browser, demo, language, ending)
        take_outage(browser, demo)
        browser.close()
    return 0


def take_report(browser: Browser, demo: Demo) -> None:
    """Take Anna's report, what its link opens, and her quarantine on her phone at night."""
    page = opened(browser, DESKTOP)
    page.goto(demo.link)
    shoot(page, "one-click")
    sign_in(page, demo)
    shoot(page, "home")
    page.goto(demo.base + "/webmail/")
    page.get_by_text("in der Quarantäne").first.click()
    page.wait_for_load_state("networkidle")
    shoot(page, "report")
    page.close()
    take_report_mail(browser, demo)
    page = opened(browser, PHONE, "dark")
    sign_in(page, demo)
    page.goto(demo.base + "/quarantine/")
    shoot(page, "quarantine-phone")
    page.close()


def take_report_mail(browser: Browser, demo: Demo) -> None:
    """Take both parts of Anna's report, as mail programs show them by day and by night."""
    mail = demo.report_mail()
    for kind, scheme, name in (
        ("html", "light", "report-mail"),
        ("html", "dark", "report-mail-dark"),
        ("plain", "light", "report-text"),
    ):
        part = mail.get_body((kind,))
        assert part is not None  # noqa: S101 (our own mails have both)
        page = opened(browser, REPORT, scheme)
        text = part.get_content()
        page.set_content(text if kind == "html" else f"<pre style='{PLAIN}'>{escape(text)}</pre>")
        shoot(page, name)
        page.close()


def take_desktop(browser: Browser, demo: Demo, language: str, ending: str) -> None:
    """Take what Anna sees at her desk."""
    page = opened(browser, DESKTOP)
    sign_in(page, demo, language)
    page.goto(demo.base + "/webmail/")
    page.locator("a[data-row]", has_text="Seehof").first.click()
    page.wait_for_selector("#mail")
    shoot(page, f"webmail{ending}")
    for path, name in (("/quarantine/", "quarantine"), ("/find?q=lindenhof", "find")):
        page.goto(demo.base + path)
        shoot(page, f"{name}{ending}")
    page.close()


def take_phone(browser: Browser, demo: Demo, language: str, ending: str) -> None:
    """Take the webmail on her phone."""
    page = opened(browser, PHONE)
    sign_in(page, demo, language)
    page.goto(demo.base + "/webmail/")
    shoot(page, f"phone{ending}")
    page.close()


def take_office(browser: Browser, demo: Demo, language: str, ending: str) -> None:
    """Take what Regula sees, who administers Muster AG and moves in with a file of people."""
    page = opened(browser, DESKTOP)
    sign_in(page, demo, language, REGULA)
    for path, name in (("start/", "moving-in"), ("policies/tenant", "policy")):
        page.goto(f"{demo.base}/admin/{path}")
        shoot(page, f"{name}{ending}")
    page.goto(f"{demo.base}/admin/import/")
    bring(page, "people.csv", MOVERS)
    shoot(page, f"import{ending}")
    page.goto(f"{demo.base}/admin/lists/import/")
    bring(page, "allowed.txt", ALLOWED)
    shoot(page, f"list-import{ending}")
    page.goto(f"{demo.base}/admin/domains/")
    page.get_by_role("link", name="muster.example").first.click()
    page.goto(page.url + "/dns")
    if check := page.get_by_role("button", name=re.compile("Check now|Jetzt prüfen")).all():
        check[0].click()
    page.wait_for_selector("section[aria-labelledby=r1]", timeout=BANNER_MILLISECONDS)
    shoot(page, f"domain-dns{ending}")
    page.close()


def bring(page: Page, name: str, content: str) -> None:
    """Choose a file and send it."""
    file = {"name": name, "mimeType": "text/csv", "buffer": content.encode()}
    page.set_input_files("input[type=file]", file)  # type: ignore[arg-type]  # a dict is one
    page.click("main form:has(input[type=file]) button[type=submit]")
    page.wait_for_load_state("networkidle")


def take_outage(browser: Browser, demo: Demo) -> None:
    """Take the webmail while the mail server is down."""
    for language, ending in ENDINGS.items():
        page = opened(browser, DESKTOP)
        sign_in(page, demo, language)
        page.goto(demo.base + "/webmail/")
        if stop := page.locator("button[value=on]").all():
            stop[0].click()
            demo.send()
        page.wait_for_selector(".outage", timeout=BANNER_MILLISECONDS)
        page.locator("a[data-row]").first.click()
        page.wait_for_selector("#mail")
        shoot(page, f"outage{ending}")
        page.close()


def opened(browser: Browser, size: tuple[int, int], scheme: str = "light") -> Page:
    """Return a page of a German browser."""
    width, height = size
    return browser.new_page(
        viewport={"width": width, "height": height},
        locale="de-CH",
        color_scheme="dark" if scheme == "dark" else "light",
    )


def sign_in(page: Page, demo: Demo, language: str = "de", who: str = ANNA) -> None:
    """Sign Anna or somebody else in, and let pages speak a language."""
    page.context.add_cookies([{"name": "language", "value": language, "url": demo.base}])
    page.goto(demo.base + "/sign-in")
    page.fill("[name=email]", who)
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    if who == REGULA:
        page.wait_for_url("**/sign-in/code*")
        code = re.search(r"\d{6}", page.inner_text("main .said"))
        page.fill("[name=code]", code[0] if code else "")
        page.keyboard.press("Enter")
    page.wait_for_url(demo.base + "/")


def shoot(page: Page, name: str) -> None:
    """Take a picture of what is on the screen."""
    page.wait_for_timeout(300)
    file = IMAGES / f"{name}.png"
    page.screenshot(path=file, animations="disabled")
    if quant := shutil.which("pngquant"):
        # Half the bytes, and the eye sees no difference.
        subprocess.run([quant, "--force", "--ext=.png", file], check=True)  # noqa: S603 (a program that was found)


if __name__ == "__main__":
    sys.exit(main())
