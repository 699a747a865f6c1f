"""A mail's files: which are listed, how they are named and given out, and which are not."""

import base64
import random
import re
import time
import zipfile
from html import unescape
from io import BytesIO

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update
from werkzeug.http import parse_options_header

from filter.rule import load_rules
from mailstore import events
from mailstore.deliveries import Delivery
from mailstore.mailboxes import Mailbox
from mailstore.store import Store
from portal.content.attachments import files_of
from portal.content.downloads import file_name
from portal.webmail import files
from tests.corpus.way import canonical
from tests.factories import an_accepted
from tests.portal.browsing import is_locked, said
from tests.portal.mails import TEXT, html_mail, mail, of_parts, stored, with_attachment
from tests.tnef import DATA, a_tnef, a_winmail

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

LINK = re.compile(r'href="([^"]*/attachments/[^"]*)"')
ATTACHED = b"Content-Type: message/rfc822\r\n\r\n"
WINMAIL = {"Offerte für Müller.pdf": b"%PDF", "b.txt": b"two"}


def winmail(content: bytes) -> bytes:
    head = b"Content-Type: application/ms-tnef; name=winmail.dat\r\n"
    encoded = base64.encodebytes(content).replace(b"\n", b"\r\n")
    return of_parts(TEXT, head + b"Content-Transfer-Encoding: base64\r\n\r\n" + encoded)


def picture(content_id: bytes) -> bytes:
    return b"Content-Type: image/png\r\nContent-ID: <" + content_id + b">\r\n\r\nx"


def within(inner: bytes, boundary: bytes = b"inner") -> bytes:
    """Return a mail with another attached to it, whose parts end at a line of their own."""
    inner = inner.replace(b"boundary=x", b"boundary=" + boundary)
    return of_parts(TEXT, ATTACHED + inner.replace(b"--x", b"--" + boundary))


def names(raw: bytes) -> list[str]:
    return [each.name for each in files_of(raw)]


def mark(store: Store, delivery: Delivery, *symbols: tuple[str, str]) -> None:
    with store.write() as db:
        found = [[name, detail, 1.0] for name, detail in symbols]
        db.execute(update(Delivery).where(Delivery.id == delivery.id).values(symbols=found))


def test_the_files_of_a_winmail_are_listed_apart_and_can_be_saved(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    page = browser.get(f"/webmail/m/{stored(store, anna, winmail(a_winmail(WINMAIL))).id}")
    assert "winmail.dat" not in page.text
    given = [browser.get(path) for path in LINK.findall(page.text)]
    assert [answer.data for answer in given] == list(WINMAIL.values())
    _, options = parse_options_header(given[0].headers["Content-Disposition"])
    assert options["filename"] == "Offerte für Müller.pdf"


@pytest.mark.parametrize(
    "content",
    [a_winmail(WINMAIL)[:-3], a_tnef(), b"x", a_tnef(*[(DATA, b"x")] * 100_000)],
    ids=["cut off", "nothing in it", "none at all", "without an end"],
)
def test_a_winmail_that_cannot_be_read_is_a_plain_attachment_in_time(content: bytes) -> None:
    begun = time.process_time()
    assert names(winmail(content)) == ["winmail.dat"]
    assert time.process_time() - begun < 2


def test_an_attached_mail_is_listed_with_its_subject_and_saved_as_it_came(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    inner = with_attachment(b"; filename=a.pdf", body=b"inner")
    raw = within(inner.replace(b"Plans", b"=?utf-8?q?Gr=C3=BCn?="))
    assert names(raw) == ["Grün.eml", "a.pdf"]
    page = browser.get(f"/webmail/m/{stored(store, anna, raw).id}")
    first, second = (browser.get(path).data for path in LINK.findall(page.text))
    assert first + b"\r\n" in raw
    assert (first[:6], first[-11:], second) == (b"From: ", b"--inner--\r\n"[:11], b"inner")


def test_mails_attached_to_each_other_end_at_some_depth() -> None:
    raw = mail()
    for depth in range(30):
        raw = within(raw, b"b%d" % depth)
    begun = time.process_time()
    assert names(raw) == ["Plans.eml"] * 4
    assert time.process_time() - begun < 1


@pytest.mark.parametrize(
    ("html", "listed"),
    [('<img src="cid:a@x">', []), ('<img src="cid:a%40x">', []),
     ("<p>none</p>", ["image-png-1.png"]), ('<img src="cid:b@x">', ["image-png-1.png"])],
    ids=["shown", "shown, encoded", "not named", "another is named"],
)  # fmt: skip
def test_a_picture_that_the_html_does_not_show_is_listed(html: str, listed: list[str]) -> None:
    assert names(html_mail(html, picture(b"a@x"))) == listed


@pytest.mark.parametrize(
    "kind", [b"image/svg+xml", b"application/pdf", b"text/html"], ids=["drawing", "PDF", "page"]
)
def test_what_is_no_picture_is_listed_even_if_the_html_names_it(kind: bytes) -> None:
    part = picture(b"a@x").replace(b"image/png", kind)
    assert len(names(html_mail('<img src="cid:a@x">', part))) == 1


def test_two_pictures_of_one_id_are_not_lost() -> None:
    raw = html_mail('<img src="cid:a@x">', picture(b"a@x"), picture(b"a@x"))
    assert names(raw) == ["image-png-1.png"]


def test_a_second_text_is_listed_because_the_page_shows_the_first() -> None:
    assert names(of_parts(TEXT, TEXT)) == ["text-plain-1.txt"]


@pytest.mark.parametrize(
    ("name", "safe"),
    [("Offerte für Müller.pdf", "Offerte für Müller.pdf"), ("a.pdf.exe", "a.pdf.exe"),
     ("a\u202efdp.exe", "afdp.exe"), ("a\r\nX: 1.pdf", "a X_ 1.pdf"),
     ("../../etc/passwd", "etc_passwd"), ("C:\\x\\a.pdf", "C_x_a.pdf"), ("..", "attachment"),
     ("", "attachment"), ("CON.txt", "_CON.txt"),
     ("a.exe. .", "a.exe"), ("u\u0308.pdf", "ü.pdf"), ("報告.pdf", "報告.pdf")],
)  # fmt: skip
def test_a_name_keeps_its_letters_and_leads_nowhere(name: str, safe: str) -> None:
    assert file_name(name) == safe


@pytest.mark.parametrize("letter", ["x", "ü", "\U0001f98a"], ids=["plain", "umlaut", "wide"])
def test_a_long_name_is_shortened_before_its_ending(letter: str) -> None:
    short = file_name(letter * 900 + ".pdf")
    assert short.endswith(f"{letter}.pdf")
    assert len(short.encode()) <= 240


def test_what_no_scanner_saw_is_listed_and_not_given_out(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    copy = stored(store, anna, with_attachment(b"; filename=a.pdf"))
    (path,) = LINK.findall(browser.get(f"/webmail/m/{copy.id}").text)
    mark(store, copy, ("UNSCANNED", "clamav: hung up"))
    page = browser.get(f"/webmail/m/{copy.id}")
    assert "a.pdf" in said(page)
    assert LINK.findall(page.text) == []
    more = [f"/webmail/m/{copy.id}/{each}" for each in ("mail.eml", "attachments.zip")]
    for each in (path, *more, f"/webmail/mails.zip?m={copy.id}"):
        answer = browser.get(each)
        assert answer.status_code == 409
        assert "Plans" in said(answer)
    assert browser.get(f"/webmail/m/{copy.id}/source").status_code == 200


def test_what_a_scan_let_go_later_is_given_out(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    copy = stored(store, anna, with_attachment(b"; filename=a.pdf"))
    mark(store, copy, ("UNSCANNED", "clamav: hung up"))
    with store.write() as db:
        events.record(db, "release_passed", by="worker", delivery_id=copy.id)
    assert browser.get(f"/webmail/m/{copy.id}/mail.eml").status_code == 200


def test_a_finding_about_a_file_stands_beside_its_name(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    part = b"Content-Type: x/y\r\nContent-Disposition: attachment; filename="
    copy = stored(store, anna, of_parts(TEXT, part + b"a.docm\r\n\r\nx", part + b"b.pdf\r\n\r\nx"))
    mark(store, copy, ("MACROS", "a.docm: x"), ("SUBJECT_SHOUTS", "b.pdf"))
    assert browser.get(f"/webmail/m/{copy.id}").text.count("attachment-warning") == 1


def test_a_program_is_called_one(browser: FlaskClient, store: Store, anna: Mailbox) -> None:
    copy = stored(store, anna, with_attachment(b"; filename=a.pdf.exe"))
    page = browser.get(f"/webmail/m/{copy.id}").text
    assert "a.pdf.exe" in page
    assert page.count("attachment-warning") == 1


def test_the_findings_about_files_are_rules() -> None:
    assert load_rules().keys() >= files.ABOUT_FILES


def test_all_attachments_are_saved_together_under_names_of_their_own(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    part = b"Content-Type: x/y\r\nContent-Disposition: attachment; filename=%s\r\n\r\n%d"
    parts = [part % (name, at) for at, name in enumerate([b"../a.pdf", b"a.pdf", b"A.PDF"])]
    copy = stored(store, anna, of_parts(TEXT, *parts))
    answer = browser.get(f"/webmail/m/{copy.id}/attachments.zip", buffered=True)
    is_locked(answer)
    with zipfile.ZipFile(BytesIO(answer.data)) as archive:
        found = {name: archive.read(name) for name in archive.namelist()}
    assert found == {"a.pdf": b"0", "a (2).pdf": b"1", "A (3).PDF": b"2"}


@pytest.mark.parametrize(
    ("query", "status"),
    [("m={mine}&m={theirs}", 404), ("m={theirs}", 404), ("", 404), ("m=x&m=-1", 404),
     ("m=" + "9" * 30, 404), ("m={mine}", 200)],
    ids=["one of others", "of others", "none", "no number", "no row", "mine"],
)  # fmt: skip
def test_only_mails_of_ones_own_are_saved_together(
    browser: FlaskClient, store: Store, anna: Mailbox, beat: Mailbox, query: str, status: int
) -> None:
    ids = {"mine": an_accepted(store, anna).id, "theirs": an_accepted(store, beat).id}
    answer = browser.get(f"/webmail/mails.zip?{query.format(**ids)}", buffered=True)
    assert answer.status_code == status


def test_a_large_download_is_sent_from_disk_whole(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    noise = random.Random(1).randbytes(5 * 2**20)  # noqa: S311 (only to be large)
    raw = canonical(mail(body=noise))
    copy = an_accepted(store, anna, raw=raw)
    answer = browser.get(f"/webmail/mails.zip?m={copy.id}", buffered=True)
    is_locked(answer)
    with zipfile.ZipFile(BytesIO(answer.data)) as archive:
        assert [archive.read(name) for name in archive.namelist()] == [raw]
    assert int(answer.headers["Content-Length"]) == len(answer.data)


def test_too_many_mails_at_once_are_refused(
    browser: FlaskClient, store: Store, anna: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MOST_MAILS", 2)
    ids = [an_accepted(store, anna).id for _ in range(3)]
    assert browser.get("/webmail/mails.zip", query_string={"m": ids}).status_code == 413


def test_a_printed_mail_has_its_fields_and_files_above_its_content_and_can_do_nothing(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    part = b"Content-Type: x/y\r\nContent-Disposition: attachment; filename=<i>a.pdf\r\n\r\nx"
    raw = html_mail("<p>Guten Tag</p></div></body>", part).replace(b"Plans", b"<b>Plans</b>")
    answer = browser.get(f"/webmail/m/{stored(store, anna, raw).id}/print")
    is_locked(answer)
    head, _, content = unescape(answer.text).partition("contain:paint")
    for words in ("<b>Plans</b>", "Bob <bob@there.example>", "anna@muster.example", "<i>a.pdf"):
        assert words in head
    assert "&lt;b&gt;Plans" in answer.text
    assert "<p>Guten Tag</p>" in content
    # The mail's own box, and the one that nothing leaves.
    assert answer.text.count("</div>") == 2
