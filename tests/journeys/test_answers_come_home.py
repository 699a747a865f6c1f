"""The customer's server is down and people answer here: later all of it is in their mailboxes."""

import smtplib
from collections.abc import Iterator, Sequence
from contextlib import closing
from email import message_from_bytes

import pytest
from sqlalchemy import select, update

from bench.installation import Installation
from mailstore import accounts, clock
from mailstore.domains import Domain
from mailstore.mailboxes import Mailbox
from mailstore.sending.homecomings import Homecoming, HomeState
from mailstore.store import Store
from mailstore.writing.rows import Draft
from tests.authority import Authority
from tests.daemons import HERE
from tests.dovecot import MASTER, MASTER_PASSWORD, SPECIAL, Dovecot, Kept
from tests.journeys.test_an_outage import wait_for_down
from tests.mailstore.restorable import until
from tests.mailstore.sending.written import KUNDE, answer
from tests.writing import a_draft, leave

pytest_plugins = ["tests.peers"]

NUMBERS = range(3)


@pytest.fixture(name="it")
def _installation(dovecot: Dovecot, authority: Authority) -> Iterator[Installation]:
    person, hop = dovecot.person(), f"lmtp:{HERE}:{dovecot.lmtp}"
    trusted = str(authority.file)
    with Installation(recipient=person, next_hop=hop, TLS_AUTHORITIES=trusted) as it:
        yield it


@pytest.fixture
def store(it: Installation, dovecot: Dovecot) -> Iterator[Store]:
    """Return the rows of the installation, whose domain has a master login."""
    with closing(it.store()) as opened:
        secret = opened.ring.wrap(MASTER_PASSWORD.encode())
        server = f"{HERE}:{dovecot.imap}"
        with opened.write() as db:
            values = {"imap_server": server, "imap_master": MASTER, "imap_secret": secret}
            db.execute(update(Domain).values(**values))
        yield opened


def test_answers_of_an_outage_are_in_the_own_mailbox_once_when_the_server_is_back(
    it: Installation, store: Store, dovecot: Dovecot
) -> None:
    with store.read() as db:
        anna = db.scalars(select(Mailbox).where(Mailbox.name == "Anna Keller")).one()
    dovecot.make(anna.address, SPECIAL)
    dovecot.stop()
    for number in NUMBERS:
        come(it, anna, number)
    wait_for_down(store)
    for number in NUMBERS:
        write(store, anna, number)
    assert it.sink.wait(len(NUMBERS), 15)

    dovecot.start()
    until(lambda: states(store) == {HomeState.DONE})
    until(lambda: len(dovecot.kept(anna.address)) == len(NUMBERS))
    a_worker_dies_before_it_notes_the_last(store)
    until(lambda: states(store) == {HomeState.DONE})

    sent, received = dovecot.kept(anna.address, SPECIAL), dovecot.kept(anna.address)
    assert sorted(each.content for each in sent) == [answer(anna, number) for number in NUMBERS]
    assert all(each.read for each in sent)
    assert fields(sent, "In-Reply-To") == fields(sent, "References")
    assert fields(sent, "In-Reply-To") == fields(received, "Message-ID")
    assert len(it.sink.taken) == len(NUMBERS)


def come(it: Installation, anna: Mailbox, number: int) -> None:
    """Let a mail come that is answered later."""
    head = f"From: {KUNDE}\r\nTo: {anna.address}\r\nSubject: Offerte {number}\r\n"
    content = f"{head}Message-ID: <{number}@kunde.example>\r\n\r\nGuten Tag\r\n"
    with smtplib.SMTP(HERE, it.smtp) as server:
        server.sendmail(KUNDE, [anna.address], content)


def write(store: Store, anna: Mailbox, number: int) -> None:
    """Send an answer as the webmail does, its moment to be taken back over at once."""
    with store.read() as db:
        account = accounts.named(db, anna.address)
    leave(store, a_draft(store, account), answer(anna, number), sender=anna.address, to=KUNDE)
    with store.write() as db:
        db.execute(update(Draft).values(send_at=clock.now()))


def a_worker_dies_before_it_notes_the_last(store: Store) -> None:
    """Let a row be as a worker leaves it that is killed with the mail in the folder."""
    with store.write() as db:
        last = select(Homecoming.id).order_by(Homecoming.id.desc()).limit(1).scalar_subquery()
        died = {"state": HomeState.WAITING, "lease_until": clock.now(), "done_at": None}
        db.execute(update(Homecoming).where(Homecoming.id == last).values(**died))


def states(store: Store) -> set[HomeState]:
    with store.read() as db:
        return set(db.scalars(select(Homecoming.state)))


def fields(mails: Sequence[Kept], name: str) -> set[str]:
    return {message_from_bytes(each.content)[name] for each in mails}
