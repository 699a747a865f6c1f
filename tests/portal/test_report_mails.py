import email
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import default

import pytest
from time_machine import Traveller

from mailstore.deliveries import State
from mailstore.mailboxes import Mailbox
from mailstore.messages import Message
from mailstore.store import Store
from mailstore.tenants import Tenant
from portal.reports.sending import write_reports
from tests.factories import RecordedJobs, a_held_delivery, a_mailbox
from tests.portal.mails import become
from tests.reporting import queued, reports_of, send

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

NAMES = {
    "plain": "Anna Keller",
    "none": "",
    "umlauts": "Jürg Müller-Süess",
    "comma": "Keller, Anna",
    "quotes": 'Anna "die Chefin" Keller',
    "an address": "anna@elsewhere.example",
    "brackets": "Anna <Einkauf> (Zürich); Team:",
    "backslash": "Anna \\ Keller",
    "long": "Donaudampfschifffahrtsgesellschaft " * 8,
    "other letters": "安娜 🦊",
}
DAY = timedelta(days=1)


def wire(store: Store, mailbox: Mailbox) -> bytes:
    """Return a report as it lies in the queue."""
    assert len(send(store, mailbox)) == 1
    with store.read() as db:
        message = db.get_one(Message, queued(store)[-1].message_id)
    return b"".join(store.content(message))


def parsed(raw: bytes) -> EmailMessage:
    found = email.message_from_bytes(raw, policy=default)
    assert isinstance(found, EmailMessage)
    return found


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_whoever_gets_a_report_is_named_as_they_are(store: Store, anna: Mailbox, name: str) -> None:
    with store.write() as db:
        db.get_one(Mailbox, anna.id).name = name.strip()
    (to,) = parsed(wire(store, anna))["To"].addresses
    assert to == Address(name.strip(), "anna", "muster.example")


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_report_comes_from_the_tenant_by_name(store: Store, anna: Mailbox, name: str) -> None:
    with store.write() as db:
        db.get_one(Tenant, anna.tenant_id).name = name.strip()
    (author,) = parsed(wire(store, anna))["From"].addresses
    assert author == Address(name.strip(), "quarantine", "mx.mailhafen.test")


@pytest.mark.parametrize(
    "address", ["Anna.Keller+x@muster.example", "o'neil@muster.example", '"a b"@muster.example'],
    ids=["tag and capitals", "apostrophe", "quoted"],
)  # fmt: skip
def test_a_report_is_addressed_as_the_mailbox_is(store: Store, address: str) -> None:
    with store.write() as db:
        mailbox = a_mailbox(db, address)
    (to,) = parsed(wire(store, mailbox))["To"].addresses
    assert to.addr_spec == address


@pytest.mark.parametrize("address", ["jürg@muster.example", "anna@müller.example"])
def test_no_part_of_an_address_is_an_encoded_word(store: Store, address: str) -> None:
    with store.write() as db:
        mailbox = a_mailbox(db, address)
    (to,) = re.findall(rb"(?m)^To: (.*)\r$", wire(store, mailbox))
    assert b"=?" not in to


def test_no_program_answers_a_report(store: Store, anna: Mailbox) -> None:
    mail = parsed(wire(store, anna))
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Auto-Response-Suppress"] == "All"


def test_a_report_has_a_date_and_an_id_of_its_own(
    clock: Traveller, store: Store, anna: Mailbox
) -> None:
    first = parsed(wire(store, anna))
    clock.shift(60)
    second = parsed(wire(store, anna))
    assert first["Date"] == "Tue, 24 Nov 2026 13:00:00 +0100"
    assert first["Message-ID"].endswith("@mx.mailhafen.test>")
    assert first["Message-ID"] != second["Message-ID"]


def test_a_report_is_written_as_mail_has_to_be(store: Store, anna: Mailbox) -> None:
    for _ in range(3):
        a_held_delivery(store, anna)
    raw = wire(store, anna)
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert [part.get_content_type() for part in parsed(raw).walk()] == [
        "multipart/alternative", "text/plain", "text/html",
    ]  # fmt: skip


def test_a_report_wakes_the_lane_that_takes_it(
    store: Store, anna: Mailbox, jobs: RecordedJobs
) -> None:
    held = a_held_delivery(store, anna)
    send(store, anna)
    (mail,) = queued(store)
    assert (mail.state, mail.recipient) == (State.QUEUED, anna.address)
    assert jobs.asked == [("drain", held.lane_id)]


def test_of_many_workers_at_once_one_queues_a_report(
    store: Store, anna: Mailbox, clock: Traveller
) -> None:
    a_held_delivery(store, anna)
    clock.shift(DAY)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: write_reports(store), range(8)))
    assert (reports_of(store), len(queued(store))) == (1, 1)


def test_without_anything_new_no_report_is_queued(
    clock: Traveller, store: Store, anna: Mailbox
) -> None:
    a_held_delivery(store, anna)
    for expected in (1, 1, 2):
        clock.shift(DAY)
        if expected == 2:
            a_held_delivery(store, anna)
            clock.shift(DAY)
        write_reports(store)
        assert len(queued(store)) == expected
        become(store, queued(store)[-1], State.DELIVERED)


def test_a_report_names_what_is_held_and_nothing_of_others(
    store: Store, anna: Mailbox, beat: Mailbox
) -> None:
    a_held_delivery(store, anna)
    a_held_delivery(store, beat)
    assert "1 neue Nachricht" in parsed(wire(store, anna))["Subject"]


def test_a_mailbox_that_was_closed_gets_no_report(
    store: Store, anna: Mailbox, clock: Traveller
) -> None:
    a_held_delivery(store, anna)
    clock.shift(DAY)
    with store.write() as db:
        db.get_one(Mailbox, anna.id).active = False
    write_reports(store)
    assert queued(store) == []


def test_a_report_is_listed_as_what_it_is(store: Store, anna: Mailbox) -> None:
    a_held_delivery(store, anna)
    sent = parsed(wire(store, anna))
    with store.read() as db:
        message = db.get_one(Message, queued(store)[0].message_id)
    assert sent["Subject"] == message.subject == "1 neue Nachricht in der Quarantäne"
    assert (message.sender, message.author) == ("", "quarantine@mx.mailhafen.test")
