from datetime import timedelta

import pytest
from sqlalchemy import select
from time_machine import Traveller

from mailstore import policies, quarantine, reports
from mailstore.events import Event
from mailstore.mailboxes import Mailbox
from mailstore.policies import WITHOUT_REPORT
from mailstore.reports import LINK_LIFE, Report
from mailstore.scope import Scope
from mailstore.store import Store
from tests.factories import NOON, a_held_delivery, an_accepted

pytestmark = pytest.mark.usefixtures("clock")

# The clock stands at noon in Greenwich: nine o'clock of the next day is 20 hours away.
DUE = NOON + timedelta(hours=20)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


def begin(store: Store, mailbox: Mailbox) -> Report | None:
    with store.write() as db:
        return reports.begin_due(db, mailbox.id)


def begun(store: Store, mailbox: Mailbox) -> Report:
    report = begin(store, mailbox)
    assert report is not None
    return report


def shown(store: Store, report: Report) -> list[int]:
    with store.read() as db:
        return [delivery.id for _, delivery in reports.lines(db, report.id)]


def due(store: Store) -> list[int]:
    with store.read() as db:
        return list(reports.due(db, DUE)) + list(reports.due(db, DUE - SECOND))


def test_a_report_is_due_for_every_active_mailbox(store: Store, anna: Mailbox) -> None:
    assert due(store) == [anna.id]
    with store.write() as db:
        db.get_one(Mailbox, anna.id).active = False
    assert due(store) == []


def test_a_report_shows_what_is_held_newest_first(
    store: Store, anna: Mailbox, clock: Traveller
) -> None:
    held = [a_held_delivery(store, anna, at=NOON + each * SECOND).id for each in (1, 2)]
    an_accepted(store, anna, at=NOON + SECOND)
    clock.move_to(DUE)
    report = begun(store, anna)
    assert shown(store, report) == held[::-1]
    with store.read() as db:
        lines, pages = reports.lines(db, report.id), reports.page_links(db, report.id)
    links = [link for link, _ in lines] + list(pages.values())
    assert {link.kind.value for link in links} == {"held", "quarantine", "webmail"}
    assert {link.mailbox_id for link in links} == {anna.id}
    assert lines[0][1].message.subject == "Plans"


def test_a_report_is_begun_once(store: Store, anna: Mailbox, clock: Traveller) -> None:
    a_held_delivery(store, anna, at=NOON + SECOND)
    assert begin(store, anna) is None
    clock.move_to(DUE)
    assert begin(store, anna) is not None
    assert begin(store, anna) is None


def test_without_anything_new_there_is_no_report(
    store: Store, anna: Mailbox, clock: Traveller
) -> None:
    a_held_delivery(store, anna, at=NOON + SECOND)
    clock.move_to(DUE)
    begun(store, anna)
    clock.shift(DAY)
    assert begin(store, anna) is None
    clock.shift(DAY)
    new = a_held_delivery(store, anna, at=DUE + DAY + SECOND)
    assert shown(store, begun(store, anna)) == [new.id]


def test_what_is_no_longer_held_is_not_reported(
    store: Store, anna: Mailbox, clock: Traveller
) -> None:
    held = a_held_delivery(store, anna, at=NOON + SECOND)
    with store.write() as db:
        quarantine.delete(db, Scope(anna.tenant_id), held.id, by="anna")
    clock.move_to(DUE)
    assert begin(store, anna) is None


def test_missed_reports_are_caught_up_in_one(store: Store, anna: Mailbox, clock: Traveller) -> None:
    held = [a_held_delivery(store, anna, at=NOON + each * DAY).id for each in (1, 2, 3)]
    clock.move_to(DUE + 3 * DAY + timedelta(minutes=5))
    assert shown(store, begun(store, anna)) == held[::-1]
    assert begin(store, anna) is None
    with store.read() as db:
        assert db.get_one(Mailbox, anna.id).report_due_at == DUE + 4 * DAY


def test_mail_that_is_recorded_while_a_report_begins_is_in_the_next(
    store: Store, anna: Mailbox, clock: Traveller
) -> None:
    a_held_delivery(store, anna, at=NOON + SECOND)
    clock.move_to(DUE)
    begun(store, anna)
    late = a_held_delivery(store, anna, at=DUE - SECOND / 100)
    clock.move_to(DUE + DAY)
    assert shown(store, begun(store, anna)) == [late.id]


def test_who_wants_no_report_gets_none(store: Store, anna: Mailbox, clock: Traveller) -> None:
    a_held_delivery(store, anna, at=NOON + SECOND)
    with store.write() as db:
        mailbox = db.get_one(Mailbox, anna.id)
        mailbox.policy_id = policies.recommended(db, WITHOUT_REPORT).id
    clock.move_to(DUE)
    assert begin(store, anna) is None
    assert due(store) == []


def test_a_report_asked_for_shows_everything_held(store: Store, anna: Mailbox) -> None:
    held = [a_held_delivery(store, anna, at=NOON - each * DAY).id for each in (1, 2)]
    with store.write() as db:
        report = reports.begin_now(db, db.get_one(Mailbox, anna.id))
    assert shown(store, report) == held
    assert due(store) == [anna.id]


def unsent(store: Store) -> list[int]:
    with store.read() as db:
        return list(reports.unsent(db, NOON + timedelta(hours=1)))


def test_a_report_that_was_not_sent_is_found_again(
    store: Store, anna: Mailbox, clock: Traveller
) -> None:
    with store.write() as db:
        report_id = reports.begin_now(db, db.get_one(Mailbox, anna.id)).id
        assert reports.try_again_later(db, report_id)
        assert not reports.try_again_later(db, report_id)
        assert reports.unsent(db, NOON) == []
    assert unsent(store) == [report_id]
    clock.shift(reports.RESEND_AFTER)
    with store.write() as db:
        assert reports.try_again_later(db, report_id)


def test_a_report_is_marked_sent_once(store: Store, anna: Mailbox) -> None:
    with store.write() as db:
        report_id = reports.begin_now(db, db.get_one(Mailbox, anna.id)).id
        assert [reports.mark_sent(db, report_id) for _ in range(2)] == [True, False]
        assert not reports.try_again_later(db, report_id)
        assert db.scalars(select(Event.kind).where(Event.kind == "report_sent")).all() == [
            "report_sent"
        ]
    assert unsent(store) == []


def test_links_live_for_a_week(store: Store, anna: Mailbox) -> None:
    with store.write() as db:
        report = reports.begin_now(db, db.get_one(Mailbox, anna.id))
        ends = {link.ends_at for link in reports.page_links(db, report.id).values()}
    assert ends == {NOON + LINK_LIFE}
    assert timedelta(days=7) == LINK_LIFE
