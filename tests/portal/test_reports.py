import re
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from html.parser import HTMLParser

import pytest
from sqlalchemy import select, update
from time_machine import Traveller

from mailstore import reports
from mailstore.addresses import Address
from mailstore.deliveries import Delivery, State
from mailstore.envelopes import MailClass, Summary
from mailstore.mailboxes import Mailbox
from mailstore.store import Store
from portal.reports import Renderer, begin_report, contents_of, send_report
from tests.factories import BOB, a_held_delivery

VOID = {"br", "hr", "img", "meta", "link", "input"}
HOSTILE = Summary(
    author=BOB, author_name='<b>"Boss"</b>\u202etxt.exe', subject="<script>x</script>\u202egnp"
)


def rendered(store: Store, mailbox: Mailbox) -> EmailMessage:
    with store.write() as db:
        report = reports.begin_now(db, db.get_one(Mailbox, mailbox.id))
    with store.read() as db:
        mail = Renderer(store).render(contents_of(db, report.id))
    parsed = message_from_bytes(mail.as_bytes(), policy=default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def part(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def sent(store: Store, mailbox: Mailbox) -> list[Delivery]:
    with store.read() as db:
        mine = select(Delivery).where(Delivery.mailbox_id == mailbox.id)
        return list(db.scalars(mine.where(Delivery.mail_class == MailClass.REPORT)))


@pytest.mark.parametrize(
    ("language", "count", "subject", "word"),
    [
        ("de", 1, "1 neue Nachricht in der Quarantäne", "Zustellen"),
        ("de", 2, "2 neue Nachrichten in der Quarantäne", "Zustellen"),
        ("en", 1, "1 new message in quarantine", "Deliver"),
        ("en", 2, "2 new messages in quarantine", "Deliver"),
    ],
)
def test_a_report_speaks_the_language_of_its_reader(
    store: Store, anna: Mailbox, language: str, count: int, subject: str, word: str
) -> None:
    with store.write() as db:
        db.execute(update(Mailbox).values(language=language))
    for _ in range(count):
        a_held_delivery(store, anna)
    mail = rendered(store, anna)
    assert mail["Subject"] == subject
    for kind in ("plain", "html"):
        assert word in part(mail, kind)
        assert part(mail, kind).count("Plans") == count


def test_a_report_says_whom_it_is_from_and_that_no_person_wrote_it(
    store: Store, anna: Mailbox
) -> None:
    with store.write() as db:
        db.execute(update(Mailbox).values(name='Keller, Anna "Änni"'))
    mail = rendered(store, anna)
    assert mail["To"].addresses[0].display_name == 'Keller, Anna "Änni"'
    assert mail["From"].addresses[0].addr_spec == "quarantine@mx.mailhafen.test"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Auto-Response-Suppress"] == "All"


def test_links_and_code_stand_in_both_parts_and_lead_to_the_configured_address(
    store: Store, anna: Mailbox
) -> None:
    a_held_delivery(store, anna)
    mail = rendered(store, anna)
    with store.read() as db:
        code = db.scalars(select(reports.Report.code)).one()
    for kind in ("plain", "html"):
        urls = set(re.findall(r"https?://[^\s\"<>]+", part(mail, kind)))
        assert len(urls) == 3
        assert all(url.startswith("http://127.0.0.1:8080/l/") for url in urls)
        assert code in part(mail, kind)


def test_hostile_names_and_subjects_are_text_on_one_line(store: Store, anna: Mailbox) -> None:
    a_held_delivery(store, anna, summary=HOSTILE)
    mail = rendered(store, anna)
    assert "<script>" not in part(mail, "html")
    assert "<b>" not in part(mail, "html")
    for kind in ("plain", "html"):
        assert "\u202e" not in part(mail, kind)


def test_the_html_part_is_whole(store: Store, anna: Mailbox) -> None:
    a_held_delivery(store, anna)
    a_held_delivery(store, anna, mail_class=MailClass.DANGEROUS)
    opened: list[str] = []

    class Balance(HTMLParser):
        def handle_starttag(self, tag: str, attrs: object) -> None:
            opened.extend([tag] if tag not in VOID else [])

        def handle_endtag(self, tag: str) -> None:
            assert opened.pop() == tag

    Balance().feed(part(rendered(store, anna), "html"))
    assert opened == []


def test_a_report_is_queued_once_though_its_job_runs_twice(store: Store, anna: Mailbox) -> None:
    a_held_delivery(store, anna)
    with store.write() as db:
        report = reports.begin_now(db, db.get_one(Mailbox, anna.id))
    for _ in range(2):
        send_report(store, report.id)
    (delivery,) = sent(store, anna)
    assert (delivery.state, delivery.recipient) == (State.QUEUED, anna.address)


def test_at_nine_a_mailbox_gets_one_report_of_what_is_new(
    store: Store, anna: Mailbox, clock: Traveller
) -> None:
    a_held_delivery(store, anna)
    assert anna.report_due_at
    clock.move_to(anna.report_due_at)
    for _ in range(2):
        begin_report(store, anna.id)
    assert len(sent(store, anna)) == 1


def test_an_address_that_moved_gets_nothing(store: Store, anna: Mailbox) -> None:
    with store.write() as db:
        report = reports.begin_now(db, db.get_one(Mailbox, anna.id))
        db.execute(update(Mailbox).where(Mailbox.id == anna.id).values(active=False))
    send_report(store, report.id)
    assert sent(store, anna) == []
    assert Address.parse(anna.address)
