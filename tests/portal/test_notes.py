"""Addresses that deceive the eye are named as programs read them."""

import pytest
from flask.testing import FlaskClient

from mailstore.mailboxes import Mailbox
from mailstore.mime import Mail
from mailstore.store import Store
from portal.content import notes
from tests.corpus.deceiving import DECEIVING
from tests.portal.browsing import said
from tests.portal.mails import mail, stored

CYRILLIC = "p\u0430ypal.example"


def kinds(head: str) -> list[tuple[str, str]]:
    found = notes.of(Mail(f"{head}\r\nSubject: x\r\n\r\nx\r\n".encode()))
    return [(each["kind"], each["plain"]) for each in found]


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("From: Bob <bob@there.example>", []),
        ("From: Jörg Müller <j@there.example>", []),
        ("From: Иван <i@there.example>", []),
        ("From: Tanaka 田中 <t@there.example>", []),
        (f"From: <b@{CYRILLIC}>", [("letters", "xn--pypal-4ve.example"), ("mixed", "")]),
        ("From: <b@xn--pypal-4ve.example>", [("letters", "xn--pypal-4ve.example"), ("mixed", "")]),
        ("From: <b@bücher.example>", [("letters", "xn--bcher-kva.example")]),
        ("From: P\u0430ypal <b@there.example>", [("mixed", "")]),
        ("From: <b@xn--\xff.example>", [("letters", "xn--xn---jsa.example")]),
        ("From: <b@xn--.example>", []),
        ("From: <b@xn--99999999999.example>", []),
        ("From: a@x.example\r\nReply-To: b@y.example", [("elsewhere", "y.example")]),
        ("From: a@x.example\r\nReply-To: b@mail.x.example", []),
        ("From: a@x.example\r\nReply-To: ,,@@,<", []),
        ("From:", []),
    ],
)
def test_what_is_odd_of_addresses_is_noted(head: str, expected: list[tuple[str, str]]) -> None:
    assert kinds(head) == expected


@pytest.mark.parametrize("raw", DECEIVING.values(), ids=DECEIVING)
def test_there_are_few_notes_whatever_a_mail_says(raw: bytes) -> None:
    assert len(notes.of(Mail(raw))) < 20


@pytest.mark.parametrize("area", ["webmail/m", "quarantine"])
def test_a_mails_page_says_so(browser: FlaskClient, store: Store, anna: Mailbox, area: str) -> None:
    raw = mail(b"Reply-To: eve@elsewhere.example").replace(b"there.example", CYRILLIC.encode())
    copy = stored(store, anna, raw, held=area == "quarantine")
    text = said(browser.get(f"/{area}/{copy.id}"))
    assert "xn--pypal-4ve.example" in text
    assert "eve@elsewhere.example" in text
