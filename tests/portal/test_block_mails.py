from concurrent.futures import ThreadPoolExecutor

import pytest
import time_machine
from sqlalchemy import update

from filter.sweep import sweep
from mailstore.domains import Domain
from mailstore.mailboxes import Mailbox
from mailstore.sending import blocks
from mailstore.store import Store
from mailstore.tenants import Tenant
from portal.blocks import tell_block
from portal.languages import SPOKEN
from tests.databases import on_sqlite
from tests.factories import ANNA, BEAT, RecordedJobs
from tests.mailstore.requested import an_administrator
from tests.mailstore.sending.senders import block, of_mailbox, of_program
from tests.portal.noticed import links, parts
from tests.portal.test_request_mails import mails

URL = "http://127.0.0.1:8080/admin/blocked/"


@pytest.fixture(autouse=True)
def _noon(clock: time_machine.Traveller) -> None:
    assert clock


@pytest.fixture(autouse=True)
def _administrator(store: Store, anna: Mailbox) -> None:
    an_administrator(store)
    speak(store, "en")


def speak(store: Store, language: str) -> None:
    with store.write() as db:
        db.execute(update(Tenant).values(language=language))


def run(store: Store) -> None:
    """Run the jobs that the sweep asks for."""
    jobs = RecordedJobs()
    sweep(store, jobs)
    for name, *ids in jobs.asked:
        if name == blocks.TELL:
            tell_block(store, *map(int, ids))


def test_administrators_are_told_once_who_is_blocked_until_when_and_why(
    store: Store, anna: Mailbox
) -> None:
    block(store, of_mailbox(anna))
    for _ in range(2):
        run(store)
    (mail,) = mails(store, BEAT)
    assert mail["Subject"] == f"Sending is blocked for {ANNA}"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert links(mail) == [URL]
    for part in parts(mail):
        for text in (URL, ANNA, "24.11.2026 15:01", "Too many recipients within an hour",
                     "100000 recipients within the hour."):  # fmt: skip
            assert text in part


@on_sqlite
@pytest.mark.parametrize("language", SPOKEN)
def test_the_mail_speaks_the_administrators_language(
    store: Store, anna: Mailbox, language: str
) -> None:
    speak(store, language)
    with store.read() as db:
        block(store, of_program(db.get_one(Domain, anna.domain_id)))
    run(store)
    (mail,) = mails(store, BEAT)
    assert "muster.example" in mail["Subject"]
    assert ("Sending is" in mail["Subject"]) == (language == "en")


def test_of_workers_at_the_same_time_one_tells(store: Store, anna: Mailbox) -> None:
    number = block(store, of_mailbox(anna)).block.id
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: tell_block(store, number), range(4)))
    assert len(mails(store, BEAT)) == 1


@on_sqlite
def test_of_a_block_that_was_lifted_nobody_is_told(store: Store, anna: Mailbox) -> None:
    found = block(store, of_mailbox(anna)).block
    with store.write() as db:
        assert blocks.lift(db, found.tenant_id, found.id, by="beat")
    run(store)
    assert mails(store, BEAT) == []
