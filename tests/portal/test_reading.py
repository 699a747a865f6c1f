import base64
import re
import time

import pytest
from flask.testing import FlaskClient
from werkzeug.http import parse_options_header
from werkzeug.test import TestResponse

from mailstore.deliveries import Delivery
from mailstore.mailboxes import Mailbox
from mailstore.messages import Message
from mailstore.pages import SIZE
from mailstore.store import Store
from portal.content import reading
from tests.factories import RAW, an_accepted
from tests.portal.browsing import FORBIDDEN, is_locked, listed, policy_of, said
from tests.portal.mails import BROKEN, SAMPLES, html_mail, mail, of_parts, stored

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

PNG = b"\x89PNG\r\n\x1a\n"
PICTURE = (
    b"Content-Type: image/png\r\nContent-ID: <logo@there.example>\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.b64encode(PNG)
)


def erase(store: Store, copy: Delivery) -> None:
    with store.write() as db:
        db.get_one(Message, copy.message_id).pack = None


def body_of(client: FlaskClient, store: Store, mailbox: Mailbox, raw: bytes) -> TestResponse:
    return client.get(f"/webmail/m/{stored(store, mailbox, raw).id}/body")


@pytest.mark.parametrize("area", ["webmail/m", "quarantine"])
def test_the_html_of_a_mail_is_a_document_of_its_own_that_can_do_nothing(
    browser: FlaskClient, store: Store, anna: Mailbox, area: str
) -> None:
    shown = stored(store, anna, html_mail("<p>Guten Tag</p>"), held=area == "quarantine")
    answer = browser.get(f"/{area}/{shown.id}/body")
    is_locked(answer)
    assert answer.content_type == "text/html; charset=utf-8"
    assert policy_of(answer)["img-src"] == ["data:"]
    assert policy_of(answer)["frame-ancestors"] == ["'self'"]
    assert "<p>Guten Tag</p>" in answer.text


@pytest.mark.parametrize("area", ["webmail/m", "quarantine"])
def test_the_page_around_it_is_a_frame_without_any_right(
    browser: FlaskClient, store: Store, anna: Mailbox, area: str
) -> None:
    shown = stored(store, anna, html_mail("<p>Guten Tag</p>"), held=area == "quarantine")
    page = browser.get(f"/{area}/{shown.id}").text
    frame = re.search(r"<iframe[^>]*>", page)
    assert frame
    rights = re.search(r'sandbox="([^"]*)"', frame[0])
    assert rights
    assert not FORBIDDEN & set(rights[1].split())
    assert f'src="/{area}/{shown.id}/body"' in frame[0]
    assert "Guten Tag" not in page


@pytest.mark.parametrize(
    ("area", "opens"), [("webmail/m", True), ("quarantine", False)], ids=["delivered", "held"]
)
def test_links_lead_out_of_delivered_mail_only(
    browser: FlaskClient, store: Store, anna: Mailbox, area: str, opens: bool
) -> None:
    link = '<a href="https://bank.evil.example/in">bank.example</a> https://bank.evil.example/x'
    shown = stored(store, anna, html_mail(link), held=not opens)
    answer, page = (browser.get(f"/{area}/{shown.id}{each}") for each in ("/body", ""))
    assert ("allow-popups" in policy_of(answer)["sandbox"]) is opens
    assert ('sandbox="allow-popups' in page.text) is opens
    assert ("pointer-events:none" in answer.text) is not opens


def test_links_in_the_text_of_held_mail_are_no_links(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    raw = mail(body=b"See https://bank.example.org/x\r\n")
    for held in (True, False):
        shown = stored(store, anna, raw, held=held)
        page = browser.get(f"/{'quarantine' if held else 'webmail/m'}/{shown.id}").text
        assert "https://bank.example.org/x" in page
        assert ('href="https://bank.example.org/x"' in page) is not held


def test_nothing_active_and_nothing_from_elsewhere_is_in_the_document(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    html = "<style>@import 'http://evil.example';</style><script>x</script><svg onload=x></svg>"
    html += "<img src=http://evil.example/x onerror=x><form action=http://evil.example></form>"
    body = body_of(browser, store, anna, html_mail(html)).text.partition("<body ")[2]
    assert body
    assert not re.search(r"evil|<script|onload|onerror|<form|<svg|<style", body)


def test_a_picture_inside_the_mail_is_shown(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    raw = html_mail('<img src="cid:logo@there.example" alt="Logo">', PICTURE)
    url = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
    assert f'src="{url}"' in body_of(browser, store, anna, raw).text


def test_a_picture_inside_the_mail_is_no_attachment(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    copy = stored(store, anna, html_mail('<img src="cid:logo@there.example">', PICTURE))
    assert "/attachments/" not in browser.get(f"/webmail/m/{copy.id}").text


def test_the_document_of_a_mail_without_html_is_its_text(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    assert "5 &lt; 6" in body_of(browser, store, anna, mail(body=b"5 < 6\r\n")).text


def test_html_that_is_too_complex_is_shown_as_its_text(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    page = b"Content-Type: text/html\r\n\r\n" + b"<div>" * 100_000
    raw = of_parts(b"Content-Type: text/plain\r\n\r\n5 < 6 & <b>\r\n", page, kind=b"alternative")
    answer = body_of(browser, store, anna, raw)
    is_locked(answer)
    assert "5 &lt; 6 &amp; &lt;b&gt;" in answer.text


def test_html_that_takes_too_long_is_given_up_and_shown_as_its_text(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    # End tags in comments hide from any count how deep this nests.
    page = b"Content-Type: text/html\r\n\r\n" + b"<div><!--</div>-->" * 100_000
    raw = of_parts(b"Content-Type: text/plain\r\n\r\nGuten Tag\r\n", page, kind=b"alternative")
    start = time.perf_counter()
    assert "Guten Tag" in body_of(browser, store, anna, raw).text
    assert time.perf_counter() - start < 2 * reading.SECONDS
    assert "<p>Hello</p>" in body_of(browser, store, anna, html_mail("<p>Hello</p>")).text


def test_braces_in_a_mail_are_text(browser: FlaskClient, store: Store, anna: Mailbox) -> None:
    raw = html_mail("<p>{body} {{ 7*7 }} {% x %} {0}</p>")
    assert "<p>{body} {{ 7*7 }} {% x %} {0}</p>" in body_of(browser, store, anna, raw).text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://there.ch/?a=1&b=2", 'href="https://there.ch/?a=1&amp;b=2"'),
        ("<https://there.ch/x>", 'href="https://there.ch/x"'),
        ('"https://there.ch/x"', 'href="https://there.ch/x"'),
        ("javascript:alert(1)", "javascript:alert(1)"),
        ("<b>5 & 6</b>", "&lt;b&gt;5 &amp; 6&lt;/b&gt;"),
        ('https://there.ch/"onclick="x', 'href="https://there.ch/"'),
    ],
    ids=["query", "in brackets", "in quotes", "script", "markup", "handler"],
)
def test_plain_text_is_shown_as_text_with_its_links(text: str, shown: str) -> None:
    page = str(reading.linked(text))
    assert shown in page
    assert not re.search(r'href="(?!https?:)|<b>|<[^>]* onclick', page)
    assert all('target="_blank"' in link for link in re.findall(r"<a [^>]*>", page))


def test_the_file_of_a_mail_is_what_came_byte_by_byte(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    raw = RAW + bytes(range(256)) * 3000
    answer = browser.get(f"/webmail/m/{an_accepted(store, anna, raw=raw).id}/mail.eml")
    is_locked(answer)
    assert answer.data == raw
    assert answer.mimetype == "application/octet-stream"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="Plans.eml"'


@pytest.mark.parametrize("subject", ["", "Grüsse aus Zürich", "報告", "a/b\\c: <d>", "../.."])
def test_the_file_of_a_mail_has_a_name_with_its_ending(
    browser: FlaskClient, store: Store, anna: Mailbox, subject: str
) -> None:
    copy = stored(store, anna, mail().replace(b"Plans", subject.encode()))
    said_ = browser.get(f"/webmail/m/{copy.id}/mail.eml").headers["Content-Disposition"]
    _, options = parse_options_header(said_)
    assert re.fullmatch(r"[^/\\:<>]+\.eml", options["filename"])


def test_the_source_is_text_whatever_is_in_it(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    raw = mail(b"X-Evil: </pre><script>alert(1)</script>", body=b"</pre><b>\xff\0&lt;\r\n")
    page = browser.get(f"/webmail/m/{an_accepted(store, anna, raw=raw).id}/source").text
    assert "<script>alert" not in page
    assert "X-Evil: &lt;/pre&gt;&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "&lt;/pre&gt;&lt;b&gt;" in page
    assert "&amp;lt;" in page


def test_content_that_is_gone_is_said_to_be_gone(
    browser: FlaskClient, store: Store, anna: Mailbox
) -> None:
    copy = an_accepted(store, anna)
    erase(store, copy)
    path = f"/webmail/m/{copy.id}"
    for page in (path, f"{path}/source"):
        assert "lässt sich nicht zeigen" in said(browser.get(page))
    assert "Erneut zustellen" not in said(browser.get(path))
    assert browser.get(f"{path}/mail.eml").status_code == 404
    assert browser.get(f"{path}/attachments/0").status_code == 404


AREAS = {
    "held": ("/quarantine/", "/quarantine/{}", ("", "/body", "/source")),
    "copies": ("/webmail/", "/webmail/m/{}", ("", "/body", "/source", "/mail.eml")),
}


@pytest.mark.parametrize("area", AREAS)
@pytest.mark.parametrize("mails", [SAMPLES, BROKEN], ids=["samples", "broken"])
def test_every_mail_can_be_listed_opened_and_saved(
    browser: FlaskClient, store: Store, anna: Mailbox, mails: dict[str, bytes], area: str,
    subtests: pytest.Subtests,
) -> None:  # fmt: skip
    listing, path, pages = AREAS[area]
    ids = {name: stored(store, anna, raw, held=area == "held").id for name, raw in mails.items()}
    answer = browser.get(listing)
    mails_listed = sum(map(int, re.findall(r'class="mail-count"[^>]*>(\d+)<', answer.text)))
    alone = len(listed(answer)) - answer.text.count('class="mail-count"')
    assert mails_listed + alone == min(len(ids), SIZE)
    for name, number in ids.items():
        with subtests.test(name):
            answers = [browser.get(path.format(number) + page) for page in pages]
            assert {answer.status_code for answer in answers} == {200}
            assert area == "held" or answers[-1].data == mails[name]
