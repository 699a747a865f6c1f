import re

import pytest
from flask.testing import FlaskClient
from werkzeug.http import parse_options_header
from werkzeug.test import TestResponse

from mailstore.mailboxes import Mailbox
from mailstore.store import Store
from tests.portal.browsing import is_locked
from tests.portal.mails import stored, with_attachment

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

NAMES = {
    "plain": (b'; filename="Offer 2026.pdf"', "Offer"),
    "umlauts": (b"; filename*=utf-8''M%C3%A4rz%20%C3%9Cbersicht.pdf", "rz"),
    "encoded word": (b'; filename="=?utf-8?q?M=C3=A4rz.pdf?="', "rz"),
    "eight bits": (b'; filename="M\xc3\xa4rz.pdf"', "rz"),
    "other letters": (b"; filename*=utf-8''%E5%A0%B1%E5%91%8A.pdf", ""),
    "quotes": (b'; filename="a\\"b;c.pdf"', "a"),
    "line ends": (b"; filename*=utf-8''a%0D%0ASet-Cookie%3A%20evil%3D1.pdf", "a"),
    "NUL": (b"; filename*=utf-8''a%00b.pdf", "a"),
    "folders": (b'; filename="../../etc/a.pdf"', "a"),
    "other folders": (b'; filename="C:\\\\Windows\\\\a.pdf"', "a"),
    "turned": (b"; filename*=utf-8''a%E2%80%AEexe.pdf", "a"),
    "markup": (b'; filename="<b>a.pdf"', "a"),
    "long": (b'; filename="' + b"x" * 1500 + b'.pdf"', "x"),
}
NO_NAMES = {
    "none": b"", "empty": b'; filename=""', "dots": b'; filename=".."', "slash": b"; filename=/",
    "broken": b"; filename*=klingon''%FF",
}  # fmt: skip
KINDS = [
    b"text/html", b"text/html; charset=utf-7", b"image/svg+xml", b"application/xhtml+xml",
    b"text/xml", b"application/xml", b"application/pdf", b"application/javascript", b"text/plain",
    b"multipart/x-mixed-replace", b"text/cache-manifest", b"text/ht\tml", b";;",
    b"application/x-shockwave-flash", b"image/png",
]  # fmt: skip


def attachment_of(client: FlaskClient, store: Store, mailbox: Mailbox, raw: bytes) -> TestResponse:
    """Return the first attachment, as its page links to it."""
    path = f"/webmail/m/{stored(store, mailbox, raw).id}"
    link = re.search(rf'href="({path}/attachments/\d+)"', client.get(path).text)
    assert link, "no attachment is shown"
    return client.get(link[1])


@pytest.mark.parametrize(("name", "words"), NAMES.values(), ids=NAMES)
def test_an_attachment_is_a_download_with_a_safe_name(
    browser: FlaskClient, store: Store, anna: Mailbox, name: bytes, words: str
) -> None:
    answer = attachment_of(browser, store, anna, with_attachment(name, body=b"content"))
    kind, options = parse_options_header(answer.headers["Content-Disposition"])
    assert (kind, answer.data) == ("attachment", b"content")
    assert re.fullmatch(r"[^\x00-\x1f\x7f/\\:\"<>|?*\u202a-\u202e]+\.pdf", options["filename"])
    assert words in options["filename"]
    assert "evil" not in str(answer.headers.getlist("Set-Cookie"))


@pytest.mark.parametrize("name", NO_NAMES.values(), ids=NO_NAMES)
def test_an_attachment_without_a_name_gets_one(
    browser: FlaskClient, store: Store, anna: Mailbox, name: bytes
) -> None:
    answer = attachment_of(browser, store, anna, with_attachment(name))
    _, options = parse_options_header(answer.headers["Content-Disposition"])
    assert re.fullmatch(r"[\w-]+(\.\w+)?", options["filename"])


def test_no_attachment_is_ever_opened_by_the_browser(
    browser: FlaskClient, store: Store, anna: Mailbox, subtests: pytest.Subtests
) -> None:
    for kind in KINDS:
        with subtests.test(kind.decode()):
            raw = with_attachment(b"; filename=x.html", kind, b"<script>alert(1)</script>")
            answer = attachment_of(browser, store, anna, raw)
            is_locked(answer)
            assert answer.mimetype == "application/octet-stream"
            assert answer.headers["Content-Disposition"].startswith("attachment;")
