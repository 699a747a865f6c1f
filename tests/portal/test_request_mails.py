from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from email.message import EmailMessage
from html import unescape

import pytest
import time_machine
from sqlalchemy import select, update
from sqlalchemy.orm import contains_eager

from filter.sweep import sweep
from mailstore import accounts, clock, requestnews
from mailstore.accounts import Account
from mailstore.deliveries import Delivery, State
from mailstore.envelopes import MailClass, Summary
from mailstore.mailboxes import Mailbox, Right
from mailstore.requests import ReleaseRequest
from mailstore.store import Store
from mailstore.tenants import Tenant
from portal.languages import SPOKEN
from portal.requests import tell_request
from tests.factories import ANNA, BEAT, BOB, RecordedJobs
from tests.mailstore.requested import a_request, an_administrator, grant, refuse, risky
from tests.portal.browsing import happened
from tests.portal.noticed import links, parts, read
from tests.portal.test_report_hostile import HOSTILE

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

BASE = "http://127.0.0.1:8080"
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _noon(clock: time_machine.Traveller) -> None:
    assert clock


@pytest.fixture(autouse=True)
def _english(store: Store, anna: Mailbox) -> None:
    with store.write() as db:
        db.execute(update(Tenant).values(language="en"))


@pytest.fixture
def asked(store: Store, anna: Mailbox) -> ReleaseRequest:
    an_administrator(store)
    return a_request(store, risky(store, anna), "My secret order")


def run(store: Store) -> None:
    """Run the jobs that the sweep asks for."""
    jobs = RecordedJobs()
    sweep(store, jobs)
    for name, *ids in jobs.asked:
        if name == "tell_request":
            tell_request(store, *map(int, ids))


def mails(store: Store, address: str) -> list[EmailMessage]:
    """Return what we wrote to somebody, oldest first."""
    with store.read() as db:
        ours = db.scalars(
            select(Delivery)
            .join(Delivery.message)
            .options(contains_eager(Delivery.message))
            .where(Delivery.recipient == address, Delivery.mail_class == MailClass.REPORT)
            .order_by(Delivery.id)
        ).all()
    return [read(b"".join(store.content(each.message))) for each in ours]


def settle(store: Store, asked: ReleaseRequest, state: State) -> None:
    """Let the scan before delivery come to its end."""
    with store.write() as db:
        mine = update(Delivery).where(Delivery.id == asked.delivery_id)
        db.execute(mine.values(state=state))


def test_administrators_are_told_once_that_somebody_waits(
    store: Store, asked: ReleaseRequest
) -> None:
    for _ in range(2):
        run(store)
    (mail,) = mails(store, BEAT)
    assert mail["Subject"] == "1 request for a held message"
    assert links(mail) == [f"{BASE}/admin/requests/"]
    for part in parts(mail):
        assert f"{BASE}/admin/requests/" in part
        assert not [word for word in ("Plans", "Bob", "secret", ANNA) if word in part]
    assert [each.detail for each in happened(store, "requests_told")] == [{"open": 1}]


def test_administrators_get_one_mail_an_hour_of_all_that_is_open(
    store: Store, anna: Mailbox, asked: ReleaseRequest, clock: time_machine.Traveller
) -> None:
    run(store)
    for _ in range(2):
        clock.shift(timedelta(minutes=10))
        a_request(store, risky(store, anna))
        run(store)
    assert len(mails(store, BEAT)) == 1
    clock.shift(HOUR)
    run(store)
    assert [mail["Subject"] for mail in mails(store, BEAT)][1:] == ["3 requests for held messages"]


def test_of_workers_at_the_same_time_one_tells(
    store: Store, anna: Mailbox, asked: ReleaseRequest
) -> None:
    ids = [asked.id, *(a_request(store, risky(store, anna)).id for _ in range(3))]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda each: tell_request(store, each), ids * 2))
    run(store)
    assert len(mails(store, BEAT)) == 1


def test_nobody_is_told_of_what_is_over_already(store: Store, asked: ReleaseRequest) -> None:
    settle(store, asked, State.DELETED)
    run(store)
    assert mails(store, BEAT) == []
    with store.read() as db:
        assert not requestnews.due(db, clock.now() + HOUR)


def test_without_administrators_it_is_tried_again_every_hour(
    store: Store, anna: Mailbox, clock: time_machine.Traveller
) -> None:
    a_request(store, risky(store, anna))
    run(store)
    an_administrator(store)
    run(store)
    assert mails(store, BEAT) == []
    clock.shift(HOUR)
    run(store)
    assert len(mails(store, BEAT)) == 1


@pytest.mark.parametrize(
    ("deed", "scanned", "subject"),
    [(grant, State.QUEUED, "The message you asked for is on its way"),
     (grant, State.QUARANTINED, "The message you asked for could not be delivered"),
     (refuse, State.QUARANTINED, "The message you asked for stays in quarantine")],
    ids=["granted", "stopped", "refused"],
)  # fmt: skip
def test_the_person_is_told_once_what_was_decided(
    store: Store, asked: ReleaseRequest, deed: Callable[..., bool], scanned: State, subject: str
) -> None:
    assert deed(store, asked, "I called them.\nAll is well.")
    settle(store, asked, scanned)
    for _ in range(2):
        run(store)
    (mail,) = mails(store, ANNA)
    assert mail["Subject"] == subject
    assert links(mail) == [f"{BASE}/quarantine/{asked.delivery_id}/ask"]
    for part in parts(mail):
        assert "I called them. All is well." in part
        assert "Plans" in part
        assert "Bob <bob@there.example>" in unescape(part)
    assert len(happened(store, "request_told")) == 1


def test_who_asked_for_mail_of_a_shared_mailbox_is_told_and_reads_where_it_goes(
    store: Store, user: Account, beat: Mailbox
) -> None:
    with store.write() as db:
        accounts.grant(db, user.id, beat.id, Right.DELEGATE)
    asked = a_request(store, risky(store, beat), by=ANNA)
    grant(store, asked)
    settle(store, asked, State.QUEUED)
    run(store)
    (mail,) = mails(store, ANNA)
    assert mails(store, BEAT) == []
    for part in parts(mail):
        assert f"It is on its way to {BEAT}." in part
        assert f"a held message to {BEAT} was asked for" in part


def test_the_person_is_told_when_the_scan_is_over(
    store: Store, asked: ReleaseRequest, clock: time_machine.Traveller
) -> None:
    grant(store, asked)
    run(store)
    assert mails(store, ANNA) == []
    settle(store, asked, State.QUEUED)
    clock.shift(timedelta(minutes=1))
    run(store)
    assert len(mails(store, ANNA)) == 1


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_what_others_wrote_is_a_line_of_visible_text_each(
    store: Store, anna: Mailbox, text: str
) -> None:
    summary = Summary(BOB, author_name=text, subject=f"AAA{text}")
    asked = a_request(store, risky(store, anna, summary=summary))
    refuse(store, asked)
    with store.write() as db:
        db.execute(update(ReleaseRequest).values(answer=f"BBB{text}"))
    run(store)
    (mail,) = mails(store, ANNA)
    plain, html = parts(mail)
    for mark in ("AAA", "BBB"):
        (line,) = [line for line in plain.split("\n") if mark in line]
        assert line.isprintable()
        assert line in " ".join(unescape(html).split("\n"))
    assert links(mail) == [f"{BASE}/quarantine/{asked.delivery_id}/ask"]
    assert "Bcc" not in mail


@pytest.mark.parametrize("language", SPOKEN)
def test_mails_are_written_in_every_language(
    store: Store, asked: ReleaseRequest, language: str
) -> None:
    with store.write() as db:
        db.execute(update(Tenant).values(language=language))
    run(store)
    refuse(store, asked)
    run(store)
    for address in (ANNA, BEAT):
        (mail,) = mails(store, address)
        plain, html = parts(mail)
        assert f'<html lang="{language}">' in html
        assert "%(" not in plain + html + mail["Subject"]
