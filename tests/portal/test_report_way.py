"""From what is due to a queued mail: each exactly once, whoever dies when."""

from datetime import timedelta

import pytest
from time_machine import Traveller

from mailstore.deliveries import State
from mailstore.mailboxes import Mailbox
from mailstore.messages import Message
from mailstore.reports import planning
from mailstore.store import Store
from portal.reports import sending
from portal.reports.sending import write_reports
from tests.factories import a_held_delivery
from tests.reporting import queued, reports_of

# What these ask of rows is tested on both where it is done.
DATABASES = ["sqlite"]

pytestmark = pytest.mark.usefixtures("clock")

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def test_a_report_that_is_due_is_queued_once(store: Store, anna: Mailbox, clock: Traveller) -> None:
    a_held_delivery(store, anna)
    for _ in range(3):
        write_reports(store)
    assert queued(store) == []
    clock.shift(DAY)
    for _ in range(3):
        write_reports(store)
    (mail,) = queued(store)
    assert (mail.state, mail.recipient, reports_of(store)) == (State.QUEUED, anna.address, 1)


@pytest.mark.parametrize("died", ["taken", "written"])
def test_a_worker_that_dies_leaves_the_report_to_the_next(
    store: Store, anna: Mailbox, clock: Traveller, died: str
) -> None:
    a_held_delivery(store, anna)
    clock.shift(DAY)
    with store.write() as db:
        assert planning.take(db) == [anna.id]
    if died == "written":
        assert len(sending.write(store, [anna.id])[0]) == 1
    write_reports(store)
    assert queued(store) == []
    clock.shift(planning.LEASE)
    for _ in range(2):
        write_reports(store)
    assert len(queued(store)) == 1


def test_of_two_workers_with_the_same_report_one_queues_it(
    store: Store, anna: Mailbox, clock: Traveller
) -> None:
    a_held_delivery(store, anna)
    clock.shift(DAY)
    with store.write() as db:
        taken = planning.take(db)
    first, _ = sending.write(store, taken)
    second, _ = sending.write(store, taken)
    for written in (first, second):
        with store.write() as db:
            if planning.settle(db, taken):
                sending.queue(db, written)
    assert len(queued(store)) == 1


def test_a_newer_report_replaces_one_that_still_waits_and_says_all_it_said(
    store: Store, anna: Mailbox, clock: Traveller
) -> None:
    a_held_delivery(store, anna)
    clock.shift(DAY)
    write_reports(store)
    a_held_delivery(store, anna)
    clock.shift(DAY)
    write_reports(store)
    old, new = queued(store)
    assert (old.state, new.state) == (State.DELETED, State.QUEUED)
    with store.read() as db:
        message = db.get_one(Message, new.message_id)
    assert message.subject == "2 neue Nachrichten in der Quarantäne"


def test_reports_are_written_though_nobody_can_write_along(
    store: Store, anna: Mailbox, clock: Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its company, two processes without settings, ends at once."""
    monkeypatch.setattr(planning, "MANY", 1)
    monkeypatch.setattr("os.cpu_count", lambda: 3)
    monkeypatch.setenv("MAILHAFEN_DATA_DIR", "/nowhere")
    a_held_delivery(store, anna)
    clock.shift(DAY)
    write_reports(store)
    assert len(queued(store)) == 1
