import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import update

from filter import sweep
from mailstore import clock, lanes, subscriptions
from mailstore.domains import Domain
from mailstore.lanes import Lane, Patience
from mailstore.mailboxes import Mailbox
from mailstore.messages import Message
from mailstore.naming import checks, claims
from mailstore.naming.checks import CheckKind
from mailstore.onboarding import NewDomain
from mailstore.reports import links
from mailstore.store import Store
from mailstore.subscriptions import Kind, Wish
from mailstore.tenants import Tenant
from tests.factories import RecordedJobs, a_held_delivery, a_mailbox, an_accepted
from tests.filter.rows import renamed

MINUTE = timedelta(minutes=1)


@pytest.fixture
def anna(store: Store) -> Mailbox:
    with store.write() as db:
        return a_mailbox(db)


def asked(store: Store) -> list[tuple[str | int, ...]]:
    """Return what the sweep asks for for once search knows all mail."""
    with store.write() as db:
        db.execute(update(Message).values(indexed=True))
    jobs = RecordedJobs()
    sweep.sweep(store, jobs)
    return jobs.asked


def test_claims_and_checks_that_are_due_are_asked_for(store: Store, anna: Mailbox) -> None:
    with store.write() as db:
        domain = db.get_one(Domain, anna.domain_id)
        claim = claims.claim(db, anna.tenant_id, NewDomain("new.example", "mail:25"), by="x")
        kinds = (CheckKind.DNS, CheckKind.HOP, CheckKind.PROBE)
        dns, hop, _ = (checks.ask(db, domain, each, by="x") for each in kinds)
    expected = {("check_claim", claim.id), ("look_at_dns", dns), ("try_hop", hop)}
    assert {each for each in asked(store) if each[0] in {name for name, _ in expected}} == expected


def report_due(store: Store, anna: Mailbox, *, hours: int) -> None:
    with store.write() as db:
        due = clock.now() + timedelta(hours=hours)
        db.execute(update(Mailbox).where(Mailbox.id == anna.id).values(report_due_at=due))


def test_nothing_is_asked_for_while_nothing_is_due(store: Store, anna: Mailbox) -> None:
    report_due(store, anna, hours=1)
    a_held_delivery(store, anna)
    assert asked(store) == []


def test_a_lane_with_mail_due_is_drained_once_however_much_it_is(
    store: Store, anna: Mailbox
) -> None:
    report_due(store, anna, hours=1)
    queued = [an_accepted(store, anna) for _ in range(3)]
    assert asked(store) == [("drain", queued[0].lane_id)]


@pytest.mark.parametrize("why", ["claimed", "down"])
def test_a_lane_that_is_taken_or_waits_for_its_probe_is_left_alone(
    store: Store, anna: Mailbox, why: str
) -> None:
    report_due(store, anna, hours=1)
    lane_id = an_accepted(store, anna).lane_id
    with store.write() as db:
        lane = lanes.claim(db, lane_id, lease=timedelta(minutes=5))
        assert lane is not None
        if why == "down":
            lanes.failed(db, lane, "no connection", Patience(MINUTE, 2 * MINUTE))
    assert asked(store) == []


def test_a_lane_whose_worker_died_is_asked_for_again(store: Store, anna: Mailbox) -> None:
    report_due(store, anna, hours=1)
    lane_id = an_accepted(store, anna).lane_id
    with store.write() as db:
        db.execute(update(Lane).values(lease_until=clock.now() - timedelta(seconds=1)))
    assert asked(store) == [("drain", lane_id)]


@pytest.mark.parametrize("why", ["due", "asked for"])
def test_reports_that_are_due_or_asked_for_are_written(
    store: Store, anna: Mailbox, why: str
) -> None:
    report_due(store, anna, hours=-1 if why == "due" else 1)
    if why == "asked for":
        with store.write() as db:
            assert links.ask_now(db, anna.id)
    assert asked(store) == [("write_reports",)]


def test_a_report_of_domains_that_is_due_is_asked_for(store: Store, anna: Mailbox) -> None:
    report_due(store, anna, hours=1)
    wish = Wish(Kind.OVERVIEW, anna.address)
    with store.write() as db:
        tenant = db.get_one(Tenant, anna.tenant_id)
        made = subscriptions.add(db, tenant, wish, by="test")
    assert asked(store) == []
    with store.write() as db:
        subscriptions.send_now(db, tenant.id, made.id, by="test")
    assert asked(store) == [("send_subscription", made.id)]


@contextmanager
def working(store: Store, jobs: RecordedJobs) -> Iterator[None]:
    stop = threading.Event()
    worker = threading.Thread(target=sweep.work, args=(store, jobs, stop))
    worker.start()
    try:
        yield
    finally:
        stop.set()
        worker.join()


def wait_for(jobs: RecordedJobs, name: str, times: int = 1) -> None:
    end = time.monotonic() + 5
    while sum(job[0] == name for job in jobs.asked) < times:
        assert time.monotonic() < end, jobs.asked
        time.sleep(0.01)


def test_a_worker_sweeps_until_it_is_told_to_stop_and_expires_at_once(
    store: Store, anna: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "EVERY", 0.01)
    jobs = RecordedJobs()
    an_accepted(store, anna)
    with working(store, jobs):
        wait_for(jobs, "drain", times=3)
    assert jobs.asked.count(("expire",)) == 1


def test_a_worker_outlives_a_database_that_fails(
    store: Store, anna: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "EVERY", 0.01)
    jobs = RecordedJobs()
    an_accepted(store, anna)
    away = ExitStack()
    away.enter_context(renamed(store, "deliveries"))
    with working(store, jobs):
        wait_for(jobs, "expire")
        assert jobs.asked == [("expire",)]
        away.close()
        wait_for(jobs, "drain")
