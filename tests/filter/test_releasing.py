from concurrent.futures import ThreadPoolExecutor

import pytest
from itsdangerous import Signer
from sqlalchemy import select, true, update

from filter import sweep
from filter.delivery import drain
from filter.ledger import LEASE
from filter.releasing import scan_releases
from filter.rules.eicar import TEST_STRING
from filter.worker import JOBS
from mailstore import clock, quarantine, releases
from mailstore.deliveries import Delivery, State
from mailstore.envelopes import MailClass
from mailstore.events import Event
from mailstore.scope import EVERYBODY
from mailstore.store import Store
from tests.databases import on_sqlite
from tests.factories import ANNA, RAW, RecordedJobs
from tests.filter.conftest import Queue
from tests.filter.rows import damage, now
from tests.filter.sink import Sink, unstuffed

VIRUS = RAW + b"X" + TEST_STRING
OUTLOOK = b"X-Mailer: Microsoft Outlook Express 6.00\r\n" + RAW
CROWD = RAW.replace(b"To: anna@", b"To: anna@muster.example, beat@")


@pytest.fixture
def release(store: Store, queue: Queue) -> Queue:
    """Return what has a mail held and released."""

    def put(**values: object) -> Delivery:
        held = queue(held=True, **values)
        with store.write() as db:
            assert quarantine.release(db, EVERYBODY, held.id, by="anna", may=true())
        return held

    return put


def let_time_pass(store: Store) -> None:
    """End leases and waits of what is being released."""
    with store.write() as db:
        db.execute(
            update(Delivery)
            .where(Delivery.state == State.RELEASING)
            .values(next_attempt_at=clock.now() - LEASE, lease_until=None)
        )


def count(store: Store, kind: str) -> int:
    with store.read() as db:
        return len(db.scalars(select(Event).where(Event.kind == kind)).all())


def test_what_is_still_harmless_is_delivered_once_to_its_recipient_only(
    hop: Sink, release: Queue, store: Store
) -> None:
    released = release(raw=CROWD + b".dot\r\n..\r\n\xff\0\r\n")
    for _ in range(2):
        scan_releases(store)
        drain(store, released.lane_id)
    (wire,) = hop.mails
    ours, _, below = unstuffed(wire).partition(released.message.public_id.encode() + b"\r\n")
    assert ours.startswith(b"Received: by mx.mailhafen.test\r\nX-Mailhafen-Class: spam\r\n")
    assert ours.endswith(b"\r\nX-Mailhafen-Id: ")
    assert below == CROWD + b".dot\r\n..\r\n\xff\0\r\n"
    assert [each for each in hop.commands if each.startswith("RCPT")] == [f"RCPT TO:<{ANNA}>"]
    assert now(store, released).state is State.DELIVERED


def test_a_released_mail_says_so_in_a_line_that_only_we_can_write(
    hop: Sink, release: Queue, queue: Queue, store: Store
) -> None:
    released, other = release(), queue(raw=RAW)
    scan_releases(store)
    drain(store, other.lane_id)
    marked = [wire for wire in hop.mails if b"X-Mailhafen-Released" in wire]
    (line,) = marked[0].split(b"X-Mailhafen-Released: ")[1:]
    signer = Signer(store.settings.signing_keys, salt="released", sep=" ")
    assert len(hop.mails) == 2
    assert signer.unsign(line.split(b"\r\n")[0]).decode() == released.message.public_id


@pytest.mark.parametrize(
    ("raw", "became"),
    [
        (VIRUS, (MailClass.VIRUS, "class virus", "VIRUS_FOUND")),
        (OUTLOOK, (MailClass.SPAM, "mandatory rule CMR-HDR-OE-EOL", "CMR-HDR-OE-EOL")),
    ],
    ids=["virus", "mandatory"],
)
def test_what_nobody_may_release_is_held_again_with_the_reason(
    hop: Sink, release: Queue, store: Store, raw: bytes, became: tuple[MailClass, str, str]
) -> None:
    released = release(raw=raw)
    scan_releases(store)
    drain(store, released.lane_id)
    held = now(store, released)
    assert (held.mail_class, held.reason, held.symbols[0][0]) == became
    assert (held.state, hop.mails) == (State.QUARANTINED, [])
    with store.read() as db:
        (event,) = db.scalars(select(Event).where(Event.kind == "release_stopped"))
    assert event.detail == {"reason": held.reason}


@pytest.mark.parametrize(
    "mail_class", [MailClass.SPAM, MailClass.PHISH, MailClass.DANGEROUS], ids=str
)
def test_what_somebody_was_allowed_to_release_is_not_held_for_it_again(
    release: Queue, store: Store, mail_class: MailClass
) -> None:
    released = release(raw=b"Subject: cheap pills\r\n" + RAW, mail_class=mail_class)
    scan_releases(store)
    assert now(store, released).state is State.QUEUED


@pytest.mark.parametrize(
    ("missing", "reason"), [(True, "content is gone"), (False, "content is damaged")],
    ids=["gone", "damaged"],
)  # fmt: skip
def test_what_cannot_be_read_any_more_is_held_again(
    release: Queue, store: Store, missing: bool, reason: str
) -> None:
    released = release()
    damage(store, released, missing=missing)
    scan_releases(store)
    held = now(store, released)
    assert (held.state, held.reason) == (State.QUARANTINED, reason)


def test_a_mail_that_could_not_be_examined_before_goes_on_all_the_same(
    release: Queue, store: Store
) -> None:
    nested = b"Content-Type: message/rfc822\r\n\r\n" * 3000 + RAW
    known, new = release(raw=nested), release(raw=nested)
    with store.write() as db:
        db.get_one(Delivery, known.id).symbols = [["UNEXAMINED", "", 0.0]]
    scan_releases(store)
    assert [now(store, each).state for each in (known, new)] == [State.QUEUED, State.RELEASING]


def test_what_a_worker_left_behind_when_it_died_is_found_again(
    release: Queue, store: Store
) -> None:
    released = release()
    with store.write() as db:
        releases.claim(db, 1, LEASE)
    scan_releases(store)
    assert now(store, released).state is State.RELEASING
    let_time_pass(store)
    asked = RecordedJobs()
    sweep.sweep(store, asked)
    assert ("scan_releases",) in asked.asked
    scan_releases(store)
    assert now(store, released).state is State.QUEUED


def test_a_mail_that_ends_its_worker_each_time_is_held_again(release: Queue, store: Store) -> None:
    released = release()
    for _ in range(10):
        with store.write() as db:
            assert releases.claim(db, 1, LEASE)
        let_time_pass(store)
    scan_releases(store)
    held = now(store, released)
    assert (held.state, held.reason) == (State.QUARANTINED, "could not be scanned")


def test_fifty_releases_at_once_are_one_delivery(hop: Sink, queue: Queue, store: Store) -> None:
    held = queue(held=True)

    def release(number: int) -> bool:
        with store.write() as db:
            return quarantine.release(db, EVERYBODY, held.id, by=str(number), may=true())

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(release, range(50))) == 1
        list(pool.map(lambda _: scan_releases(store), range(3)))
        list(pool.map(lambda _: drain(store, held.lane_id), range(3)))
    assert len(hop.mails) == count(store, "released") == count(store, "release_passed") == 1


@on_sqlite
def test_the_worker_knows_the_job_and_starts_no_child_without_a_release(store: Store) -> None:
    assert releases.JOB in {job.__name__ for job in JOBS}
    scan_releases(store)
    asked = RecordedJobs()
    sweep.sweep(store, asked)
    assert asked.asked == []
