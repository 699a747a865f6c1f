from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select, true
from sqlalchemy.orm import Session
from time_machine import Traveller

from mailstore import clock as clocks
from mailstore import lessons, onboarding, quarantine, releases, timeline
from mailstore.checking import findings
from mailstore.deliveries import Delivery, State
from mailstore.domains import Domain
from mailstore.envelopes import MailClass, Symbol
from mailstore.events import Event
from mailstore.mailboxes import Mailbox
from mailstore.retention import expire
from mailstore.scope import EVERYBODY
from mailstore.store import Store
from tests.factories import LEASE, RAW, RecordedJobs, a_held_delivery

SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)
FOUND = Symbol("VIRUS_FOUND", "Eicar", 0.0)
End = Callable[[Session, Delivery], bool]


@pytest.fixture
def released(store: Store, anna: Mailbox, clock: Traveller) -> Delivery:
    return release(store, a_held_delivery(store, anna))


def release(store: Store, held: Delivery) -> Delivery:
    with store.write() as db:
        assert quarantine.release(db, EVERYBODY, held.id, by="anna", may=true())
    return held


def claim(store: Store, limit: int = 20) -> list[Delivery]:
    with store.write() as db:
        return list(releases.claim(db, limit, LEASE))


def row(store: Store, delivery: Delivery) -> Delivery:
    with store.read() as db:
        return db.get_one(Delivery, delivery.id)


def events(store: Store) -> list[tuple[str, str]]:
    with store.read() as db:
        found = db.scalars(select(Event).where(Event.delivery_id.is_not(None)).order_by(Event.id))
        return [(each.kind, each.by) for each in found]


def steps(store: Store, delivery: Delivery) -> list[tuple[str, str]]:
    with store.read() as db:
        return [(step.kind, step.by) for step in timeline.of(db, row(store, delivery)).steps]


def is_due(store: Store) -> bool:
    with store.read() as db:
        return releases.due(db, clocks.now())


def let_go(db: Session, delivery: Delivery) -> bool:
    return releases.let_go(db, delivery)


def stop(db: Session, delivery: Delivery) -> bool:
    return releases.stop(db, delivery, MailClass.VIRUS, "class virus", [FOUND])


def put_off(db: Session, delivery: Delivery) -> bool:
    return releases.put_off(db, delivery, clocks.now() + MINUTE, "clamav: silent")


ENDS = [let_go, stop, put_off]


def test_what_was_released_is_claimed_once_with_its_message_and_a_lease(
    store: Store, anna: Mailbox, released: Delivery
) -> None:
    a_held_delivery(store, anna)
    assert is_due(store)
    (claimed,) = claim(store)
    assert (claimed.id, claimed.message.subject, claimed.attempts) == (released.id, "Plans", 1)
    assert claim(store) == []
    assert not is_due(store)


def test_the_oldest_come_first_and_what_was_tried_before_last(
    store: Store, anna: Mailbox, clock: Traveller
) -> None:
    held = []
    for _ in range(3):
        held.append(release(store, a_held_delivery(store, anna)).id)
        clock.shift(SECOND)
    assert [each.id for each in claim(store, 1)] == held[:1]
    clock.shift(LEASE + SECOND)
    assert [each.id for each in claim(store)] == [*held[1:], held[0]]


def test_what_nothing_speaks_against_is_queued_and_its_lane_is_asked_for(
    store: Store, released: Delivery, jobs: RecordedJobs, clock: Traveller
) -> None:
    clock.shift(MINUTE)
    (claimed,) = claim(store)
    with store.write() as db:
        assert releases.let_go(db, claimed)
    now = row(store, released)
    assert (now.state, now.queued_at, now.next_attempt_at) == (
        State.QUEUED, clocks.now(), clocks.now(),
    )  # fmt: skip
    assert (now.attempts, now.lease_until, now.reply) == (0, None, "")
    assert jobs.asked == [("scan_releases",), ("drain", released.lane_id)]
    assert events(store) == [("released", "anna"), ("release_passed", "worker")]


def test_what_is_stopped_is_held_again_for_what_was_found(
    store: Store, released: Delivery, jobs: RecordedJobs
) -> None:
    (claimed,) = claim(store)
    with store.write() as db:
        assert stop(db, claimed)
    now = row(store, released)
    assert (now.state, now.mail_class, now.reason) == (
        State.QUARANTINED, MailClass.VIRUS, "class virus",
    )  # fmt: skip
    assert now.symbols == [["VIRUS_FOUND", "Eicar", 0.0]]
    assert (now.held_until, now.attempts) == (released.held_until, 0)
    assert jobs.asked == [("scan_releases",)]
    assert events(store) == [("released", "anna"), ("release_stopped", "worker")]
    with store.read() as db:
        assert not lessons.due(db, clocks.now())


def test_what_is_stopped_on_its_last_day_is_held_for_another(
    store: Store, released: Delivery, clock: Traveller
) -> None:
    clock.shift(30 * DAY)
    (claimed,) = claim(store)
    with store.write() as db:
        assert stop(db, claimed)
    assert row(store, released).held_until == clocks.now() + DAY
    expire(store)
    assert row(store, released).state is State.QUARANTINED


def test_what_is_put_off_comes_again_at_its_time(
    store: Store, released: Delivery, clock: Traveller
) -> None:
    (claimed,) = claim(store)
    with store.write() as db:
        assert put_off(db, claimed)
    assert row(store, released).reply == "clamav: silent"
    clock.shift(MINUTE - SECOND)
    assert claim(store) == []
    clock.shift(SECOND)
    assert [each.attempts for each in claim(store)] == [2]


@pytest.mark.parametrize("end", ENDS)
def test_a_worker_that_lost_its_lease_changes_nothing(
    store: Store, released: Delivery, clock: Traveller, end: End
) -> None:
    (late,) = claim(store)
    clock.shift(LEASE + SECOND)
    (other,) = claim(store)
    with store.write() as db:
        assert not end(db, late)
        assert end(db, other)
        assert not end(db, other)
    assert len(events(store)) == 2


@pytest.mark.parametrize("deed", ["release", "delete"])
def test_nobody_releases_or_deletes_what_is_being_scanned(
    store: Store, released: Delivery, deed: str
) -> None:
    with store.write() as db:
        done = (
            quarantine.release(db, EVERYBODY, released.id, by="beat", may=true())
            if deed == "release"
            else quarantine.delete(db, EVERYBODY, released.id, by="beat")
        )
    assert not done
    assert events(store) == [("released", "anna")]


def test_of_workers_that_claim_at_once_each_gets_other_mail(store: Store, anna: Mailbox) -> None:
    ids = {release(store, a_held_delivery(store, anna)).id for _ in range(20)}
    with ThreadPoolExecutor(4) as pool:
        batches = list(pool.map(lambda _: [each.id for each in claim(store, 5)], range(8)))
    claimed = [each for batch in batches for each in batch]
    assert len(claimed) == len(set(claimed))
    assert set(claimed) <= ids


def test_its_content_is_kept_until_it_was_scanned(
    store: Store, released: Delivery, clock: Traveller
) -> None:
    for _ in range(20):
        clock.shift(5 * DAY)
        expire(store)
    (claimed,) = claim(store)
    assert b"".join(store.content(claimed.message)) == RAW
    clock.shift(DAY)
    assert "released, and nobody scans it" in "".join(findings(store))


def test_it_goes_to_the_next_hop_that_its_domain_has_by_then(
    store: Store, anna: Mailbox, released: Delivery
) -> None:
    with store.write() as db:
        domain = db.get_one(Domain, anna.domain_id)
        onboarding.set_next_hop(db, domain, "new.example:25", by="test")
    now = row(store, released)
    assert (now.lane_id, now.state) == (domain.lane_id, State.RELEASING)


def test_the_timeline_says_that_it_is_scanned_and_who_released_it(
    store: Store, released: Delivery
) -> None:
    before = [("accepted", ""), ("held", ""), ("released", "anna")]
    assert steps(store, released) == [*before, ("releasing", "")]
    (claimed,) = claim(store)
    with store.write() as db:
        assert stop(db, claimed)
    assert steps(store, released) == [*before, ("release_stopped", "")]
