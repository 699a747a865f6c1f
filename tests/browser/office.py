"""An installation with a person, an administrator and held mail; what journeys begin with."""

import smtplib
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pyotp
from playwright.sync_api import Browser, Locator, Page
from sqlalchemy import func, select, update

from bench.installation import BY, PASSWORD, USER, Installation
from bench.sink import Taken
from mailstore import accounts, clock, factors, onboarding, passwords, people
from mailstore.accounts import Role
from mailstore.addresses import Address
from mailstore.deliveries import Delivery
from mailstore.domains import Domain
from mailstore.envelopes import MailClass
from mailstore.tenants import Tenant
from portal import scanners
from tests.browser.pages import cookie_of, opened
from tests.factories import with_factor
from tests.portal.mails import SAMPLES

BOSS = "boss@rcpt.example"
PATIENCE = 20
GTUBE = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"


@contextmanager
def an_office() -> Iterator[Installation]:
    """Run relay, worker and portal for a person (USER) and their administrator (BOSS)."""
    with Installation(("relay", "worker", "portal"), sink_keeps=True) as it:
        join(it, BOSS, role=Role.ADMIN)
        yield it


def join(
    it: Installation, email: str, *, role: Role = Role.USER, private: str = "", secret: str = ""
) -> None:
    """Add somebody who signs in with PASSWORD, and with codes of a secret if one is given."""
    address, hashed = Address.parse(email), passwords.hash_password(PASSWORD)
    with closing(it.store()) as store, store.write() as db:
        domain = db.scalars(select(Domain).filter_by(name=address.domain)).one()
        tenant = db.get_one(Tenant, domain.tenant_id)
        onboarding.add_mailbox(db, tenant, domain, address, name=address.local, by=BY)
        account = with_factor(accounts.add_account(db, address, role, hashed, by=BY))
        people.set_private_address(db, account, private, by=BY)
        if secret:
            code = pyotp.TOTP(secret).now()
            assert factors.turn_on(db, store.ring, account, secret, code, by=BY)


@contextmanager
def signed_in(
    browser: Browser, it: Installation, email: str = USER, **options: Any
) -> Iterator[Page]:
    """Open a page in an English browser of its own in which somebody is signed in."""
    with closing(it.store()) as store:
        with store.read() as db:
            account = accounts.named(db, email)
        cookie = cookie_of(store, account)
    with opened(browser, url_of(it), cookie, **{"language": "en"} | options) as page:
        yield page


def url_of(it: Installation) -> str:
    """Return where the portal is."""
    return f"http://127.0.0.1:{it.web}"


def spam(subject: str, author: str = "Spammer <spam@sender.example>") -> bytes:
    """Return a mail that is held as spam."""
    return (
        f"From: {author}\r\nTo: {USER}\r\nSubject: {subject}\r\n"
        f"Date: Tue, 24 Nov 2026 10:00:00 +0100\r\n\r\nGratuliere!\r\n{GTUBE}\r\n"
    ).encode()


def hold(it: Installation, *subjects: str) -> None:
    """Let mails come that are held as spam."""
    _come(it, [spam(each) for each in subjects])


def hold_sample(it: Installation, name: str) -> None:
    """Let a sample come."""
    _come(it, [SAMPLES[name]])


def outwait_the_guard(it: Installation) -> None:
    """Let all reports have arrived so long ago that whoever opens them may be a person."""
    ours, end = Delivery.mail_class == MailClass.REPORT, time.monotonic() + PATIENCE
    with closing(it.store()) as store:
        waiting = 1
        while waiting:
            assert time.monotonic() < end
            time.sleep(0.1)
            with store.read() as db:
                on_its_way = select(func.count()).where(ours, Delivery.done_at.is_(None))
                waiting = db.scalar(on_its_way) or 0
        with store.write() as db:
            db.execute(update(Delivery).where(ours).values(done_at=clock.now() - 2 * scanners.SOON))


def rows(page: Page) -> Locator:
    """Return the mails of the list that is shown."""
    return page.locator(".mail.held")


def row(page: Page, subject: str) -> Locator:
    """Return one mail of the list."""
    return rows(page).filter(has_text=subject)


def at_sink(it: Installation, words: str) -> list[Taken]:
    """Return what the mail server took that has these words as they are on the wire."""
    return [each for each in it.sink.taken if words.encode() in each.content]


def comes_once(it: Installation, words: str, seconds: float = 20) -> None:
    """Return once a mail with these words came to the mail server, and came no second time."""
    end = time.monotonic() + seconds
    while not at_sink(it, words) and time.monotonic() < end:
        time.sleep(0.05)
    time.sleep(1)
    assert len(at_sink(it, words)) == 1


def _come(it: Installation, mails: list[bytes]) -> None:
    with smtplib.SMTP("127.0.0.1", it.smtp) as server:
        for each in mails:
            server.sendmail("spam@sender.example", [USER], each)
