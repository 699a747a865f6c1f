from datetime import timedelta

import pytest
from sqlalchemy import select
from time_machine import Traveller

from mailstore import policies, quarantine
from mailstore.events import Event
from mailstore.mailboxes import Mailbox
from mailstore.policies import WITHOUT_REPORT
from mailstore.reports import planning
from mailstore.scope import Scope
from mailstore.store import Store
from tests.factories import NOON, a_held_delivery, an_accepted
from tests.reporting import Kept, keep, keep_due

pytestmark = pytest.mark.usefixtures("clock")

# The clock stands at noon in Greenwich: nine o'clock of the next day is 20 hours away.
DUE = NOON + timedelta(hours=20)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


def kept_when_due(store: Store, mailbox: Mailbox) -> Kept:
    report = keep_due(store, mailbox)
    assert report is not None
    return report


def shown(report: Kept) -> list[int | None]:
    return [link.delivery_id for link in report.held]


def due(store: Store) -> list[bool]:
    """Return whether a report is due a second before its time, and at its time."""
    with store.read() as db:
        return [planning.due(db, DUE - SECOND), planning.due(db, DUE)]


def test_a_report_is_due_for_an_active_mailbox_only(store: Store, anna: Mailbox) -> None:
    assert due(store) == [False, True]
    with store.write() as db:
        db.get_one(Mailbox, anna.id).active = False
    assert due(store) == [False, False]


def test_a_report_shows_what_is_held_newest_first(
    store: Store, anna: Mailbox, clock: Traveller
) -> None:
    held = [a_held_delivery(store, anna, at=NOON + each * SECOND).id for each in (1, 2)]
    an_accepted(store, anna, at=NOON + SECOND)
    clock.move_to(DUE)
    report = kept_when_due(store, anna)
    assert shown(report) == held[::-1]
    assert report.draft.lines.new[0].message.subject == "Plans"


def test_every_link_of_a_report_is_of_its_mailbox(store: Store, anna: Mailbox) -> None:
    a_held_delivery(store, anna)
    report = keep(store, anna)
    links = [*report.held, *report.pages.values()]
    assert {link.kind.value for link in links} == {
        "held", "report", "quarantine", "webmail", "settings", "unsubscribe",
    }  # fmt: skip
    assert {link.mailbox_id for link in links} == {anna.id}


def test_without_anything_new_there_is_no_report(
    store: Store, anna: Mailbox, clock: Traveller
) -> None:
    a_held_delivery(store, anna, at=NOON + SECOND)
    clock.move_to(DUE)
    kept_when_due(store, anna)
    clock.shift(DAY)
    assert keep_due(store, anna) is None
    clock.shift(DAY)
    new = a_held_delivery(store, anna, at=DUE + DAY + SECOND)
    assert shown(kept_when_due(store, anna)) == [new.id]


def test_what_is_no_longer_held_is_not_reported(
    store: Store, anna: Mailbox, clock: Traveller
) -> None:
    held = a_held_delivery(store, anna, at=NOON + SECOND)
    with store.write() as db:
        quarantine.delete(db, Scope(anna.tenant_id), held.id, by="anna")
    clock.move_to(DUE)
    assert keep_due(store, anna) is None


def test_missed_reports_are_caught_up_in_one(store: Store, anna: Mailbox, clock: Traveller) -> None:
    held = [a_held_delivery(store, anna, at=NOON + each * DAY).id for each in (1, 2, 3)]
    clock.move_to(DUE + 3 * DAY + timedelta(minutes=5))
    assert shown(kept_when_due(store, anna)) == held[::-1]
    assert keep_due(store, anna) is None
    with store.read() as db:
        assert db.get_one(Mailbox, anna.id).report_due_at == DUE + 4 * DAY


def test_mail_that_is_recorded_while_a_report_is_written_is_in_the_next(
    store: Store, anna: Mailbox, clock: Traveller
) -> None:
    a_held_delivery(store, anna, at=NOON + SECOND)
    clock.move_to(DUE)
    kept_when_due(store, anna)
    late = a_held_delivery(store, anna, at=DUE - SECOND / 100)
    clock.move_to(DUE + DAY)
    assert shown(kept_when_due(store, anna)) == [late.id]


def test_who_wants_no_report_gets_none(store: Store, anna: Mailbox, clock: Traveller) -> None:
    a_held_delivery(store, anna, at=NOON + SECOND)
    with store.write() as db:
        mailbox = db.get_one(Mailbox, anna.id)
        mailbox.policy_id = policies.recommended(db, WITHOUT_REPORT).id
    clock.move_to(DUE)
    assert keep_due(store, anna) is None
    assert due(store) == [False, False]


def test_a_report_asked_for_shows_everything_held(store: Store, anna: Mailbox) -> None:
    held = [a_held_delivery(store, anna, at=NOON - each * DAY).id for each in (2, 1)]
    assert shown(keep(store, anna)) == held[::-1]
    assert due(store) == [False, True]


def test_a_report_that_was_kept_is_in_the_log(store: Store, anna: Mailbox) -> None:
    a_held_delivery(store, anna)
    report = keep(store, anna)
    with store.read() as db:
        (event,) = db.scalars(select(Event).where(Event.kind == "report_sent"))
    assert event.mailbox_id == anna.id
    assert event.detail == {"report": report.report_id, "lines": 1}


@pytest.mark.parametrize(("on", "days"), [("", 7), ("workdays", 7), ("fri", 14), ("1", 35)])
def test_links_outlive_the_time_of_the_next_report(
    store: Store, anna: Mailbox, on: str, days: int
) -> None:
    with store.write() as db:
        db.get_one(Mailbox, anna.id).report_on = on
    ends = {link.ends_at for link in keep(store, anna).pages.values()}
    assert ends == {NOON + days * DAY}
