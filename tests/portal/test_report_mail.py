import re
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from html import unescape
from html.parser import HTMLParser

import pytest
from flask import Flask
from sqlalchemy import select
from time_machine import Traveller

from mailstore import policies, reports
from mailstore.addresses import Address
from mailstore.deliveries import Delivery
from mailstore.envelopes import MailClass, Summary
from mailstore.mailboxes import Mailbox
from mailstore.policies import WITHOUT_REPORT
from mailstore.reports import Link, Report
from mailstore.settings import Settings
from mailstore.store import Store
from mailstore.tenants import Tenant
from portal.links import LinkSigner
from portal.reports import Renderer, begin_report, contents_of, send_report
from tests.factories import BOB, RecordedJobs, a_held_delivery
from tests.portal.browsing import Links, a_report

pytestmark = pytest.mark.usefixtures("clock")

NAMES = [
    "Anna Keller",
    "Keller, Anna",
    "Müller, Jürg (Einkauf)",
    'Anna "die Chefin" Keller; Co.',
    "Gemeinschaftspraxis für Zahnmedizin, Müller & Söhne, Zürich-Örlikon",
    "a@b <c@d>",
    "発注, 担当",
    "",
]
URL = re.compile(r"https?://[^\s\"'<>]+")


class Anchors(HTMLParser):
    """Collects what can be clicked, and what would be loaded."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.loaded: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.found += [values["href"] or ""] if "href" in values else []
        self.loaded += [name for name in ("src", "background", "poster") if name in values]


def mail_of(store: Store, report_id: int) -> EmailMessage:
    """Return a report as its reader's program parses it."""
    with store.read() as db:
        mail = Renderer(store).render(contents_of(db, report_id))
    parsed = message_from_bytes(mail.as_bytes(), policy=default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def a_mail(store: Store, mailbox: Mailbox) -> EmailMessage:
    return mail_of(store, a_report(store, mailbox).report_id)


def part(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def queued(store: Store) -> list[Delivery]:
    with store.read() as db:
        return list(db.scalars(select(Delivery).where(Delivery.mail_class == MailClass.REPORT)))


@pytest.mark.parametrize("name", NAMES)
def test_a_persons_name_stands_whole_in_to(store: Store, anna: Mailbox, name: str) -> None:
    with store.write() as db:
        db.get_one(Mailbox, anna.id).name = name
    (to,) = a_mail(store, anna)["To"].addresses
    assert (to.display_name, to.addr_spec) == (name, anna.address)


@pytest.mark.parametrize("name", NAMES[:-1])
def test_a_tenants_name_stands_whole_in_from(store: Store, anna: Mailbox, name: str) -> None:
    with store.write() as db:
        db.get_one(Tenant, anna.tenant_id).name = name
    (author,) = a_mail(store, anna)["From"].addresses
    assert (author.display_name, author.addr_spec) == (name, "quarantine@mx.mailhafen.test")


def test_a_report_has_both_parts_and_a_head_that_keeps_robots_quiet(
    store: Store, anna: Mailbox
) -> None:
    mail = a_mail(store, anna)
    assert mail.get_content_type() == "multipart/alternative"
    assert [each.get_content_type() for each in mail.iter_parts()] == ["text/plain", "text/html"]
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"].datetime.utcoffset() == timedelta(hours=1)
    assert mail["Message-ID"].endswith("@mx.mailhafen.test>")
    assert max(map(len, mail.as_bytes().splitlines())) < 998


@pytest.mark.parametrize("language", ["de", "en", "fr"])
@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_report_is_written_whole_in_any_language(
    store: Store, anna: Mailbox, language: str, count: int
) -> None:
    for _ in range(count):
        a_held_delivery(store, anna)
    with store.write() as db:
        db.get_one(Mailbox, anna.id).language = language
    mail = a_mail(store, anna)
    assert mail["Subject"].startswith(f"{count} ")
    for kind in ("plain", "html"):
        assert "%(" not in part(mail, kind)
        assert len(set(URL.findall(part(mail, kind)))) == count + 2


def test_an_empty_report_says_that_nothing_is_held(store: Store, anna: Mailbox) -> None:
    with store.write() as db:
        db.get_one(Mailbox, anna.id).language = "en"
    mail = a_mail(store, anna)
    for kind in ("plain", "html"):
        assert "Nothing is held for you at the moment." in part(mail, kind)


@pytest.mark.parametrize(
    ("base_url", "start"),
    [
        ("https://mail.muster.example", "https://mail.muster.example/l/"),
        ("https://mail.muster.example/", "https://mail.muster.example/l/"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/l/"),
    ],
)
def test_links_lead_to_the_configured_address(
    store: Store, anna: Mailbox, settings: Settings, base_url: str, start: str
) -> None:
    a_held_delivery(store, anna)
    store.settings = settings.model_copy(update={"base_url": base_url})
    mail = a_mail(store, anna)
    for kind in ("plain", "html"):
        urls = set(URL.findall(part(mail, kind)))
        assert len(urls) == 3
        assert {url[: len(start)] for url in urls} == {start}


def test_a_foreign_host_in_a_request_does_not_get_into_a_report(
    app: Flask, store: Store, anna: Mailbox
) -> None:
    a_held_delivery(store, anna)
    with app.test_request_context(
        headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    ):
        mail = a_mail(store, anna)
    assert "evil" not in mail.as_string()


def test_each_link_of_a_report_is_read_back_as_the_row_it_stands_for(
    store: Store, anna: Mailbox, settings: Settings
) -> None:
    a_held_delivery(store, anna)
    mail = a_mail(store, anna)
    signer = LinkSigner(settings.signing_keys)
    tokens = [url.rpartition("/")[2] for url in clickable(mail)]
    with store.read() as db:
        rows = {(link.id, link.kind) for link in db.scalars(select(Link))}
    assert {signer.read(token) for token in tokens} == rows


def clickable(mail: EmailMessage) -> list[str]:
    parser = Anchors()
    parser.feed(part(mail, "html"))
    assert parser.loaded == []
    return parser.found


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        '<a href="https://evil.example/">Deliver</a>',
        "{{ 7 * 7 }} {% raw %} %(name)s %s",
        "one\r\nBcc: all@muster.example\r\n\r\ntwo",
        "a\u2028b\u2029c\x85d\x0be\x0cf\tg",
        "gpj.\u202eexe\u202c \u2066x\u2069 \u200f\u061c",
        "\x00\x1b[2J\ufeff\u200b\u00ad",
        "x" * 5000,
    ],
    ids=["script", "attribute", "link", "template", "lines", "breaks", "bidi", "unseen", "long"],
)
def test_a_hostile_subject_or_author_is_text_on_one_line(
    store: Store, anna: Mailbox, hostile: str
) -> None:
    summary = Summary(author=BOB, author_name=hostile, subject=f"AAA{hostile}ZZZ")
    a_held_delivery(store, anna, summary=summary)
    mail = a_mail(store, anna)
    text, html = part(mail, "plain"), part(mail, "html")
    (line,) = [line for line in text.splitlines() if line.startswith("AAA")]
    assert line.isprintable()
    assert line in unescape(html)
    assert len(clickable(mail)) == 3
    assert not re.search(r"<(script|img)|javascript:", html, re.IGNORECASE)
    assert "Bcc" not in mail


def test_what_could_do_harm_is_not_offered_for_delivery(store: Store, anna: Mailbox) -> None:
    with store.write() as db:
        db.get_one(Mailbox, anna.id).language = "en"
    a_held_delivery(store, anna, mail_class=MailClass.PHISH)
    mail = a_mail(store, anna)
    for kind in ("plain", "html"):
        assert "an administrator must deliver it" in part(mail, kind)
        assert "Look at it" in part(mail, kind)


def test_a_report_names_every_address_of_its_mailbox_and_no_content(
    store: Store, anna: Mailbox
) -> None:
    a_held_delivery(store, anna)
    mail = a_mail(store, anna)
    for kind in ("plain", "html"):
        assert anna.address in part(mail, kind)
        assert "Shall we meet" not in part(mail, kind)


def test_a_report_is_queued_once_though_its_job_runs_again_later(
    store: Store, anna: Mailbox, jobs: RecordedJobs, clock: Traveller
) -> None:
    a_held_delivery(store, anna)
    links: Links = a_report(store, anna)
    for _ in range(3):
        send_report(store, links.report_id)
        clock.shift(timedelta(hours=1))
    (delivery,) = queued(store)
    assert jobs.asked == [("drain", delivery.lane_id)]


def test_a_mailbox_whose_report_is_due_gets_one_a_day(
    store: Store, anna: Mailbox, clock: Traveller
) -> None:
    a_held_delivery(store, anna)
    for expected in (1, 2):
        with store.read() as db:
            due_at = db.get_one(Mailbox, anna.id).report_due_at
        assert due_at
        clock.move_to(due_at)
        for _ in range(3):
            begin_report(store, anna.id)
        assert len(queued(store)) == expected
        a_held_delivery(store, anna)


def test_a_missed_week_of_reports_is_caught_up_once(
    store: Store, anna: Mailbox, clock: Traveller
) -> None:
    a_held_delivery(store, anna)
    clock.shift(timedelta(days=8))
    for _ in range(8):
        begin_report(store, anna.id)
    assert len(queued(store)) == 1


def test_no_report_is_sent_without_news_or_where_the_policy_wants_none(
    store: Store, anna: Mailbox, beat: Mailbox, clock: Traveller
) -> None:
    with store.write() as db:
        db.get_one(Mailbox, beat.id).policy_id = policies.recommended(db, WITHOUT_REPORT).id
    a_held_delivery(store, beat)
    clock.shift(timedelta(days=1))
    for mailbox in (anna, beat):
        begin_report(store, mailbox.id)
    with store.read() as db:
        assert (queued(store), db.scalars(select(Report)).all()) == ([], [])


def test_a_report_that_failed_is_tried_again_after_a_while(
    store: Store, anna: Mailbox, clock: Traveller
) -> None:
    links = a_report(store, anna)
    with store.write() as db:
        assert reports.try_again_later(db, links.report_id)
    for wait, expected in ((0, 0), (reports.RESEND_AFTER.total_seconds(), 1)):
        clock.shift(wait)
        send_report(store, links.report_id)
        assert len(queued(store)) == expected
    assert Address.parse(queued(store)[0].recipient).key == anna.address
