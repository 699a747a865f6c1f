import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import update
from time_machine import Traveller

from mailstore import outbox, subscriptions
from mailstore.deliveries import Direction
from mailstore.domains import Domain
from mailstore.mailboxes import Mailbox
from mailstore.periods import Every
from mailstore.store import Store
from mailstore.subscriptions import Kind, Subscription
from portal.stats.mails import send_subscription
from tests.databases import on_sqlite
from tests.factories import ANNA, NOON, RecordedJobs
from tests.mailstore.holding import lines
from tests.portal.stats.reported import (
    OUTSIDE,
    a_subscription,
    busy,
    file_of,
    queued,
    said,
    written,
)

pytestmark = pytest.mark.usefixtures("clock")

DAY = timedelta(days=1)
ADDRESS = re.compile(r"[\w.+=-]+@[\w-]+\.[\w.]+")
BOTH = pytest.mark.parametrize("kind", Kind)


@pytest.fixture
def mailed(store: Store, anna: Mailbox, beat: Mailbox, clock: Traveller) -> None:
    """Let yesterday have had some mail."""
    busy(store, anna, beat, beat)
    clock.shift(DAY)


def next_due(store: Store, made: Subscription) -> object:
    with store.read() as db:
        return db.get_one(Subscription, made.id).due_at


@BOTH
@pytest.mark.usefixtures("mailed")
def test_an_address_outside_gets_numbers_and_no_address_at_all(
    store: Store, anna: Mailbox, kind: Kind
) -> None:
    mail = written(store, a_subscription(store, anna, kind=kind, period=Every.DAILY))
    assert ADDRESS.findall(said(mail)) == []
    assert "Anna" not in said(mail)
    assert str(mail["To"]) == OUTSIDE


@on_sqlite
@BOTH
@pytest.mark.usefixtures("mailed")
@pytest.mark.parametrize(
    "wish", [{"address": ANNA}, {"detailed": True}], ids=["own", "outside, confirmed"]
)
def test_who_may_know_gets_addresses_too(
    store: Store, anna: Mailbox, kind: Kind, wish: dict[str, object]
) -> None:
    made = a_subscription(store, anna, kind=kind, period=Every.DAILY, **wish)
    found = set(ADDRESS.findall(said(written(store, made))))
    assert {"anna@muster.example", "beat@muster.example"} <= found
    assert ("=cmd@evil.example" in found) is (kind is Kind.STATISTICS)


@on_sqlite
@pytest.mark.usefixtures("mailed")
@pytest.mark.parametrize(
    ("kind", "subject"),
    [
        (Kind.STATISTICS, "Mail report: 6 received, 3 held, 0 refused"),
        (Kind.OVERVIEW, "Quarantine: 3 held for 2 people"),
    ],
)
def test_the_subject_says_the_numbers(
    store: Store, anna: Mailbox, kind: Kind, subject: str
) -> None:
    made = a_subscription(store, anna, kind=kind, period=Every.DAILY, language="en")
    mail = written(store, made)
    assert mail["Subject"] == subject
    kinds = [part.get_content_type() for part in mail.walk()]
    assert kinds == ["multipart/mixed", "multipart/alternative", "text/plain", "text/html",
                     "text/csv"]  # fmt: skip


@pytest.mark.usefixtures("mailed")
def test_a_report_is_of_its_domains_only(store: Store, anna: Mailbox, stranger: Mailbox) -> None:
    busy(store, stranger)
    made = a_subscription(store, stranger, period=Every.DAILY, language="en")
    assert written(store, made)["Subject"] == "Mail report: 0 received, 0 held, 0 refused"


@pytest.mark.usefixtures("mailed")
def test_a_report_of_a_domain_that_went_away_is_not_of_all_others(
    store: Store, anna: Mailbox, stranger: Mailbox
) -> None:
    made = a_subscription(store, anna, kind=Kind.OVERVIEW, domain_ids=[anna.domain_id])
    with store.write() as db:
        db.execute(update(Subscription).values(domain_ids=[stranger.domain_id]))
    assert "0" in file_of(written(store, made)).splitlines()[-1].split(";")


def test_a_due_report_is_queued_once_though_its_job_runs_twice(
    store: Store, anna: Mailbox, clock: Traveller, jobs: RecordedJobs
) -> None:
    made = a_subscription(store, anna, address=ANNA, period=Every.DAILY)
    send_subscription(store, made.id)
    assert queued(store) == []
    clock.shift(3 * DAY)
    for _ in range(2):
        send_subscription(store, made.id)
    (mail,) = queued(store)
    assert (mail.recipient, mail.direction) == (ANNA, Direction.IN)
    assert next_due(store, made) == NOON + 3 * DAY + timedelta(hours=18)
    assert jobs.asked == [("drain", mail.lane_id)]


def test_of_two_workers_at_once_one_queues_a_report(store: Store, anna: Mailbox) -> None:
    made = a_subscription(store, anna)
    with store.write() as db:
        subscriptions.send_now(db, anna.tenant_id, made.id, by="beat")
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: send_subscription(store, made.id), range(4)))
    (mail,) = queued(store)
    assert (mail.recipient, mail.direction) == (OUTSIDE, Direction.OUT)


def test_a_report_whose_worker_died_before_the_commit_comes_all_the_same(
    store: Store, anna: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = a_subscription(store, anna)
    with store.write() as db:
        subscriptions.send_now(db, anna.tenant_id, made.id, by="beat")
    with monkeypatch.context() as patch:
        patch.setattr(outbox, "queue", _die)
        with pytest.raises(KeyboardInterrupt):
            send_subscription(store, made.id)
    assert queued(store) == []
    with store.read() as db:
        assert subscriptions.due(db, NOON) == [made.id]
    send_subscription(store, made.id)
    assert len(queued(store)) == 1


def test_a_report_to_a_mailbox_that_was_closed_waits_for_its_next_time(
    store: Store, anna: Mailbox, beat: Mailbox, clock: Traveller
) -> None:
    made = a_subscription(store, anna, address=ANNA, period=Every.DAILY)
    with store.write() as db:
        db.get_one(Mailbox, anna.id).active = False
    clock.shift(DAY)
    send_subscription(store, made.id)
    assert queued(store) == []
    assert len(lines(store, "report_of_domains_unsent")) == 1
    assert next_due(store, made) == NOON + DAY + timedelta(hours=18)


def test_a_report_that_was_removed_does_not_come(store: Store, anna: Mailbox) -> None:
    made = a_subscription(store, anna)
    with store.write() as db:
        db.get_one(Domain, anna.domain_id)
        assert subscriptions.remove(db, anna.tenant_id, made.id, by="beat")
    send_subscription(store, made.id)
    assert queued(store) == []


def _die(*_: object) -> None:
    raise KeyboardInterrupt
