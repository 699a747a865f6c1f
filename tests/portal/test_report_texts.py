import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from flask import Flask

from filter.rule import load_rules
from mailstore import brands
from mailstore.deliveries import Delivery
from mailstore.envelopes import MailClass, Summary
from mailstore.mailboxes import Mailbox
from mailstore.quarantine import SELF_SERVICE
from mailstore.settings import Settings
from mailstore.store import Store
from mailstore.tenants import Tenant
from portal import reasons
from portal.content.turns import TURNS
from portal.mails import LONGEST_SHOWN
from tests.factories import a_held_delivery, some_settings
from tests.pictures import a_png
from tests.reporting import draft_of, keep, mail_of, parts, rendered

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

BIDI = frozenset(map(chr, TURNS))

BASE = "https://mail.muster.example/haven"
HOSTILE = "</td><script>alert(1)</script>\r\nBcc: eve@evil.example\n\u202egpj.\u2066exe\a &amp; \"'"
VOID = {"br", "meta", "img", "hr", "link", "input", "col"}


class Balance(HTMLParser):
    """Notes what is not closed in the order in which it was opened."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.links: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value or "" for name, value in attrs if name in {"href", "src", "action"}]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


@pytest.fixture(autouse=True)
def _rules() -> None:
    reasons.tell(load_rules().values())


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    changed = {"base_url": f"{BASE}/", "report_from": "quarantine@mailhafen.example"}
    return some_settings(tmp_path / "data").model_copy(update=changed)


def speak(store: Store, mailbox: Mailbox, own: str | None, **tenant: object) -> None:
    with store.write() as db:
        db.get_one(Mailbox, mailbox.id).language = own
        for name, value in tenant.items():
            setattr(db.get_one(Tenant, mailbox.tenant_id), name, value)


GERMAN = ("Quarantänebericht", "Guten Tag, Anna Keller", "1 Nachricht an Sie wurde", "Bob", "Plans",
          "Dienstag, 24. November 2026", "Di. 24. Nov. 13:00", "Mehrere kleine", "Zustellen",
          "Notfall-Webmail", "nach 30 Tagen gelöscht", "anna@muster.example")  # fmt: skip
ENGLISH = ("Quarantine report", "Hello Anna Keller", "1 message for you was held", "Bob", "Plans",
           "Tuesday, November 24, 2026", "Tue 24 Nov 13:00", "Several small", "Deliver",
           "Emergency webmail", "after 30 days", "anna@muster.example")  # fmt: skip


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(
    ("language", "words"), [("de", GERMAN), ("en", ENGLISH)], ids=["German", "English"]
)
def test_both_parts_of_a_report_say_the_same_in_the_readers_language(
    store: Store, anna: Mailbox, language: str, words: tuple[str, ...]
) -> None:
    a_held_delivery(store, anna)
    speak(store, anna, language)
    for part in parts(mail_of(store, anna)):
        assert [word for word in words if word not in part] == []


def test_without_a_language_of_its_own_a_mailbox_speaks_as_its_tenant(
    store: Store, anna: Mailbox
) -> None:
    a_held_delivery(store, anna)
    speak(store, anna, None, language="en")
    assert mail_of(store, anna)["Subject"] == "1 new message in quarantine"


REPORT = {
    "de": "Quarantänebericht",
    "fr": "Rapport de quarantaine",
    "it": "Rapporto di quarantena",
    "en": "Quarantine report",
}


@pytest.mark.parametrize("language", ["fr", "it"])
def test_all_of_a_report_speaks_one_language(store: Store, anna: Mailbox, language: str) -> None:
    a_held_delivery(store, anna)
    speak(store, anna, language)
    _, html = parts(mail_of(store, anna))
    (said,) = re.findall(r'<html lang="(\w+)">', html)
    assert REPORT[said] in html


@pytest.mark.parametrize(
    ("language", "count", "subject"),
    [
        ("de", 1, "1 neue Nachricht in der Quarantäne"),
        ("de", 2, "2 neue Nachrichten in der Quarantäne"),
        ("en", 1, "1 new message in quarantine"), ("en", 3, "3 new messages in quarantine"),
        ("de", 0, "0 neue Nachrichten in der Quarantäne"),
    ],
)  # fmt: skip
def test_the_subject_counts(
    store: Store, anna: Mailbox, language: str, count: int, subject: str
) -> None:
    for _ in range(count):
        a_held_delivery(store, anna)
    speak(store, anna, language)
    assert mail_of(store, anna)["Subject"] == subject


def test_what_others_wrote_stays_one_line_of_text(store: Store, anna: Mailbox) -> None:
    summary = Summary(author_name=HOSTILE, subject=HOSTILE)
    a_held_delivery(store, anna, summary=summary)
    mail = mail_of(store, anna)
    text, html = parts(mail)
    shown = "</td><script>alert(1)</script>Bcc: eve@evil.examplegpj.exe &amp; \"'"
    assert shown in text.splitlines()
    assert "<script>" not in html
    assert "&lt;/td&gt;&lt;script&gt;alert(1)&lt;/script&gt;Bcc: eve@evil.example" in html
    assert "&amp;amp; &#34;&#39;" in html
    assert not BIDI & {*text, *html}
    assert mail["Bcc"] is None


def test_a_long_subject_is_cut(store: Store, anna: Mailbox) -> None:
    a_held_delivery(store, anna, summary=Summary(subject="ä" * 5000, author_name="ö" * 5000))
    text, _ = parts(mail_of(store, anna))
    assert "ä" * (LONGEST_SHOWN - 1) + "…" in text.splitlines()
    assert max(map(len, text.splitlines())) < 300


def test_a_mail_without_subject_and_author_has_a_line_too(store: Store, anna: Mailbox) -> None:
    held = a_held_delivery(store, anna, summary=Summary())
    with store.write() as db:
        held.message.sender = ""
        db.merge(held.message)
    for part in parts(mail_of(store, anna)):
        assert "(kein Betreff)" in part
        assert "unbekannter Absender" in part


def test_a_report_tells_nothing_of_the_content(store: Store, anna: Mailbox) -> None:
    a_held_delivery(store, anna, summary=Summary(subject="Plans", snippet="Shall we meet"))
    for part in parts(mail_of(store, anna)):
        assert "Shall we meet" not in part


@pytest.mark.parametrize("mail_class", sorted(set(MailClass) - {MailClass.REPORT}))
def test_a_line_offers_to_deliver_only_what_its_reader_may_deliver(
    store: Store, anna: Mailbox, mail_class: MailClass
) -> None:
    a_held_delivery(store, anna, mail_class=mail_class)
    text, html = parts(mail_of(store, anna))
    releasable = mail_class in SELF_SERVICE
    assert ("Zustellen:" in text) is (">Zustellen</a>" in html) is releasable
    never = mail_class is MailClass.VIRUS
    assert ("wird nie zugestellt" in text) is ("wird nie zugestellt" in html) is never
    asked_for = "zustellen kann sie nur Ihre Administration" in text
    assert asked_for is not (releasable or never)
    assert (">Ansehen</a>" in html) is not releasable


def test_what_decided_without_a_finding_is_told(store: Store, anna: Mailbox) -> None:
    held = a_held_delivery(store, anna)
    with store.write() as db:
        db.get_one(Delivery, held.id).reason = "blocked author"
    for part in parts(mail_of(store, anna)):
        assert "Der Absender ist gesperrt." in part


def test_the_heaviest_reasons_are_told_in_sentences(store: Store, anna: Mailbox) -> None:
    held = a_held_delivery(store, anna)
    with store.write() as db:
        db.get_one(Delivery, held.id).symbols = [["GTUBE", "", 9.0], ["UNHEARD_OF", "", 1.0]]
    for part in parts(mail_of(store, anna)):
        assert "Sie enthält die Zeichenfolge, mit der man Spamfilter prüft." in part
        assert "UNHEARD_OF" not in part


def test_all_links_lead_to_the_configured_address(store: Store, anna: Mailbox) -> None:
    for _ in range(3):
        a_held_delivery(store, anna)
    text, html = parts(mail_of(store, anna))
    links = re.findall(r"https?://\S+", text)
    assert len(links) == len(set(links)) == 13
    assert all(re.fullmatch(rf"{BASE}/l/[\w.-]+(/allowed|/blocked)?", link) for link in links)
    assert set(Balance(html).links) == set(links)


def test_no_request_gets_into_a_link(app: Flask, store: Store, anna: Mailbox) -> None:
    a_held_delivery(store, anna)
    headers = {"X-Forwarded-Host": "evil.example"}
    with app.test_request_context("/", base_url="http://evil.example", headers=headers):
        mail = mail_of(store, anna)
    assert "evil" not in mail.as_string()


def test_the_links_of_a_report_open_what_they_say(app: Flask, store: Store, anna: Mailbox) -> None:
    a_held_delivery(store, anna)
    text, _ = parts(rendered(store, keep(store, anna).draft))
    found = []
    for link in re.findall(rf"{BASE}(/l/\S+)", text):
        answer = app.test_client().get(link, base_url=BASE.removesuffix("/haven"))
        found.append((answer.status_code, answer.location))
    assert found == [
        (200, None),
        (303, "/sign-in?next=/quarantine/1/allowed"),
        (303, "/sign-in?next=/quarantine/1/blocked"),
        (303, "/quarantine/"),
        (303, "/webmail/"),
        (303, "/sign-in?next=/profile/reports/"),
    ]


def test_both_parts_show_the_code(store: Store, anna: Mailbox) -> None:
    a_held_delivery(store, anna)
    draft = draft_of(store, anna)
    assert draft is not None
    text, html = parts(rendered(store, draft))
    assert f"Code dieses Berichts: {draft.code}" in text
    assert f">{draft.code}</td>" in html


@pytest.mark.parametrize("count", [0, 1, 3])
def test_the_html_of_a_report_is_balanced(store: Store, anna: Mailbox, count: int) -> None:
    for mail_class in [MailClass.SPAM, MailClass.VIRUS, MailClass.NEWSLETTER][:count]:
        a_held_delivery(store, anna, mail_class=mail_class)
    found = Balance(parts(mail_of(store, anna))[1])
    assert (found.wrong, found.open) == ([], [])


def test_a_report_of_nothing_says_so(store: Store, anna: Mailbox) -> None:
    for part in parts(mail_of(store, anna)):
        assert "Zurzeit ist nichts für Sie zurückgehalten." in part


def test_a_tenants_look_is_shown_and_is_never_a_template(store: Store, anna: Mailbox) -> None:
    a_held_delivery(store, anna)
    with store.write() as db:
        brands.set_text(db, anna.tenant_id, "{{ 7 * 7 }} %(name)s <b>\nTel. 044", by="test")
        brands.set_colour(db, anna.tenant_id, "#7a1f5c", by="test")
        brands.set_logo(db, anna.tenant_id, a_png(), by="test")
    mail = mail_of(store, anna)
    text, html = parts(mail)
    assert "{{ 7 * 7 }} %(name)s <b>\nTel. 044" in text.replace("\r\n", "\n")
    assert "{{ 7 * 7 }} %(name)s &lt;b&gt;<br>Tel. 044" in html
    assert "color:#7a1f5c" in html
    (logo,) = [part for part in mail.walk() if part.get_content_maintype() == "image"]
    assert f'src="cid:{logo["Content-ID"].strip("<>")}"' in html
