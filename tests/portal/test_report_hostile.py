import re
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr
from html import unescape
from html.parser import HTMLParser

import pytest

from mailstore.envelopes import Summary
from mailstore.mailboxes import Mailbox
from mailstore.store import Store
from tests.factories import BOB, a_held_delivery
from tests.reporting import draft_of, mail_of, raw

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

HOSTILE = {
    "script": "<script>alert(1)</script>",
    "end of an attribute": '"><img src=x onerror=alert(1)>',
    "a link": '<a href="https://evil.example/">Zustellen</a>',
    "template": "{{ 7 * 7 }} {% raw %} %(name)s %s %d %",
    "entities": "&lt;b&gt; &#60;b&#62;",
    "header lines": "one\r\nBcc: all@muster.example\r\n\r\ntwo",
    "line breaks of other kinds": "a\u2028b\u2029c\x85d\x0be\x0cf\tg",
    "turned": "gpj.\u202eexe\u202c \u2066x\u2069 \u200f\u200e\u061c",
    "unseen": "\x00\x1b[2J\x7f\ufeff\u200b\u00ad\u2060",
    "long": "x" * 5000,
    "long and wide": "🦊" * 500,
    "rule of the text part": "\r\n----------------------------------------\r\nhttps://evil.example",
}
LONG_NAMES = [
    "Gemeinschaftspraxis für Zahnmedizin, Müller & Söhne, Zürich-Örlikon",
    "Keller, Jürg (Einkauf), Abteilung für Zusammenarbeit mit Lieferanten",
    ("Ä" * 70) + ", " + ("Ö" * 70),
]


class Page(HTMLParser):
    """Collects what a reader can click, what would be loaded, and every element."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in {"href", "src"}]


def part(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def about(store: Store, mailbox: Mailbox, text: str) -> EmailMessage:
    """Return a report of one mail whose author and subject are this text."""
    a_held_delivery(store, mailbox, summary=Summary(BOB, author_name=text, subject=f"AAA{text}"))
    return mail_of(store, mailbox)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_what_others_wrote_is_a_line_of_visible_text_each_in_both_parts(
    store: Store, anna: Mailbox, text: str
) -> None:
    mail = about(store, anna, text)
    lines = part(mail, "plain").splitlines()
    (subject,) = [line for line in lines if "AAA" in line]
    (author,) = [line.removeprefix("Von: ") for line in lines if line.startswith("Von: ")]
    for line in (subject, author):
        assert line.isprintable()
        assert line in unescape(part(mail, "html"))


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_nothing_of_a_mail_can_be_clicked_or_loaded_or_gets_into_the_head(
    store: Store, anna: Mailbox, text: str
) -> None:
    mail = about(store, anna, text)
    page = Page(part(mail, "html"))
    assert "Bcc" not in mail
    assert mail["Subject"] == "1 neue Nachricht in der Quarantäne"
    assert len(page.links) == 6
    assert all(link.startswith("http://127.0.0.1:8080/l/") for link in page.links)
    assert not {"script", "img", "form", "iframe"} & set(page.tags)


@pytest.mark.parametrize("name", LONG_NAMES, ids=["comma and &", "brackets", "endless"])
def test_a_long_name_beyond_ascii_can_be_read_by_any_program(
    store: Store, anna: Mailbox, name: str
) -> None:
    with store.write() as db:
        db.get_one(Mailbox, anna.id).name = name
    draft = draft_of(store, anna)
    assert draft is not None
    to = re.search(rb"(?s)\r\nTo: (.*?)\r\n(?! )", raw(store, draft))
    assert to
    shown, address = parseaddr(to[1].decode("ascii"))
    assert (str(make_header(decode_header(shown))), address) == (name, anna.address)
