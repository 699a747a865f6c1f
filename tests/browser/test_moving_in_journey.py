"""A company moves in: from the operator's code on paper to the first report, in a browser."""

import re
import smtplib
from collections.abc import Iterator
from contextlib import closing

import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect

from bench.installation import BY, Installation
from filter.demo.resolver import LoopbackResolver
from mailstore import codes, customers
from mailstore.addresses import Address
from mailstore.codes import CodeKind
from mailstore.customers import CustomerWish
from tests.browser.office import comes_once, spam, url_of
from tests.browser.pages import opened

BOSS, GINA = "boss@neu.example", "gina@neu.example"
PASSWORD = "ein langes gutes Passwort"  # noqa: S105 (of this test only)
FILE = (
    "Nachname;Vorname;Hauptadresse;Alias\n"
    "Favre;Gina;gina@neu.example;g.favre@neu.example;offerten@neu.example\n"
    "Rossi;Dario;dario@neu.example;\n"
    "Fremd;Eva;eva@elsewhere.example;\n"
)
PATIENCE = 20_000


def published(name: str, kind: str) -> list[str] | None:
    """Answer as a domain does that still leads to its old filter."""
    if name != "neu.example":
        return None
    return {"MX": ["10 mx.old.example."], "TXT": ['"v=spf1 mx -all"']}.get(kind, [])


@pytest.fixture
def house() -> Iterator[Installation]:
    resolver = LoopbackResolver(published)
    resolver.start()
    servers = f"127.0.0.1:{resolver.port}"
    with Installation(("relay", "worker", "portal"), sink_keeps=True, dns_servers=servers) as it:
        yield it
    resolver.stop()


def brought_in(it: Installation) -> str:
    """Add a customer as the operator does; return the code of its administrator."""
    made, boss = codes.fresh(CodeKind.EMERGENCY), Address.parse(BOSS)
    wish = CustomerWish("Neu AG", "neu.example", f"127.0.0.1:{it.sink.port}", boss, "Bea Boss")
    with closing(it.store()) as store, store.write() as db:
        return customers.begin(db, wish, made, by=BY)[1]


def test_a_company_moves_in(browser: Browser, house: Installation) -> None:
    code = brought_in(house)
    with opened(browser, url_of(house), language="en") as page:
        _enter(page, code)
        _import(page)
        _give_an_alias(page)
        _choose(page)
        _look_at_dns(page)
        _try_the_server(page)
        assert _said_to(house, GINA) == 451
        _switch(page)
        _clean_up(page, house)
        _first_report(page, house)


def _enter(page: Page, code: str) -> None:
    """Sign in with the code, set a password, and set up the second factor."""
    page.goto("/sign-in")
    page.fill("[name=email]", BOSS)
    page.fill("[name=password]", code)
    page.click("main button[type=submit]")
    page.fill("[name=password]", PASSWORD)
    page.fill("[name=once_more]", PASSWORD)
    page.click("main button[type=submit]")
    page.goto("/admin/")
    secret = page.inner_text(".to-type").replace(" ", "")
    page.fill("[name=code]", pyotp.TOTP(secret).now())
    page.get_by_role("button", name="Turn it on").click()
    page.get_by_role("link", name="I have them").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Moving in")
    expect(page.locator(".standing")).to_contain_text("No mail comes here yet.")


def _import(page: Page) -> None:
    page.get_by_role("link", name="Bring people in from a file").click()
    file = {"name": "people.csv", "mimeType": "text/csv", "buffer": FILE.encode()}
    page.set_input_files("input[type=file]", file)  # type: ignore[arg-type]  # a dict is one
    page.get_by_role("button", name="Show what would change").click()
    expect(page.locator("main")).to_contain_text("eva@elsewhere.example")
    page.get_by_role("button", name="Carry it out").click()
    done = page.get_by_text("The import is done")
    expect(done.first).to_be_visible(timeout=PATIENCE)


def _give_an_alias(page: Page) -> None:
    """Give an address that the old filter had with the wrong person to the right one."""
    page.goto("/admin/people/?q=gina")
    page.get_by_role("link", name="Favre").or_(page.get_by_role("link", name="Gina")).first.click()
    line = page.locator(".aliased", has_text="offerten@neu.example")
    line.locator("summary").click()
    line.locator("input[name=to]").fill("dario@neu.example")
    line.get_by_role("button", name="Give", exact=True).click()
    expect(page.locator(".aliased", has_text="offerten@neu.example")).to_have_count(0)


def _choose(page: Page) -> None:
    """Let newsletters that were tagged be named in the reports."""
    page.goto("/admin/policies/tenant?open=report_tagged")
    value = page.locator("details.value[open]")
    value.get_by_label("yes").check()
    value.get_by_role("button", name="Save").click()
    expect(page.locator("main")).to_contain_text("1 value is not as recommended.")


def _look_at_dns(page: Page) -> None:
    page.goto("/admin/domains/")
    page.get_by_role("link", name="neu.example").first.click()
    page.get_by_role("link", name="DNS records").click()
    page.get_by_role("button", name="Check now").click()
    record = page.locator("section", has_text="mx.old.example").first
    expect(record).to_be_visible(timeout=PATIENCE)


def _try_the_server(page: Page) -> None:
    page.goto("/admin/domains/")
    page.get_by_role("link", name="neu.example").first.click()
    page.get_by_role("button", name="Test now").click()
    tried = page.locator("section", has_text="Test the mail server")
    expect(tried).to_contain_text("boss@neu.example: 250 ok", timeout=PATIENCE)


def _switch(page: Page) -> None:
    page.goto("/admin/start/")
    page.get_by_role("button", name="Take mail from now on").click()
    expect(page.locator(".said")).to_contain_text("Let your MX lead here.")
    expect(page.locator(".standing")).to_have_count(0)


def _clean_up(page: Page, it: Installation) -> None:
    """Lead an address to somebody that mail comes for and nobody has."""
    assert _said_to(it, "gina.favre@neu.example") == 550
    for _ in range(10):
        page.goto("/admin/addresses/")
        line = page.locator(".unknown", has_text="gina.favre@neu.example")
        if line.count():
            break
        page.wait_for_timeout(1000)
    line.get_by_placeholder("Alias of").fill(GINA)
    line.get_by_role("button", name="Make it an alias").click()
    expect(page.locator(".unknown")).to_have_count(0)
    assert _said_to(it, "gina.favre@neu.example") == 250


def _first_report(page: Page, it: Installation) -> None:
    """Hold a mail, and follow its link in the first report until it is delivered."""
    mail = spam("Gewinnen Sie jetzt").replace(b"To: user@rcpt.example", f"To: {GINA}".encode())
    with smtplib.SMTP("127.0.0.1", it.smtp) as server:
        server.sendmail("spam@sender.example", [GINA], mail)
    page.goto("/admin/people/?q=gina")
    page.get_by_role("link", name="Favre").or_(page.get_by_role("link", name="Gina")).first.click()
    page.get_by_role("button", name="Send a report now").click()
    comes_once(it, "Gewinnen Sie jetzt")
    report = it.sink.taken[-1].content.replace(b"=\r\n", b"").replace(b"=3D", b"=").decode()
    link = re.search(r"http://\S+/l/[\w.-]+", report)
    assert link
    page.goto(link[0])
    expect(page.locator("main")).to_contain_text("Gewinnen Sie jetzt")


def _said_to(it: Installation, address: str) -> int:
    """Return what the relay answers to a recipient."""
    with smtplib.SMTP("127.0.0.1", it.smtp) as server:
        server.ehlo()
        server.mail("bob@sender.example")
        return server.rcpt(address)[0]
