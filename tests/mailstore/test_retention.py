from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, true, update
from time_machine import Traveller

from mailstore import copies, marks, quarantine, retention, tenants
from mailstore.deliveries import Delivery, State
from mailstore.errors import NotFound
from mailstore.events import Event
from mailstore.keys import DataKey
from mailstore.mailboxes import Mailbox
from mailstore.marks import MarkDeed
from mailstore.messages import Message
from mailstore.packs import Pack
from mailstore.retention import METADATA, expire, expiry_day
from mailstore.scope import EVERYBODY, Scope
from mailstore.store import Store
from mailstore.tenants import Tenant
from tests.factories import NOON, RAW, a_held_delivery, a_mailbox, an_accepted

pytestmark = pytest.mark.usefixtures("clock")

DAY = timedelta(days=1)


def row(store: Store, delivery: Delivery) -> Delivery:
    with store.read() as db:
        return db.get_one(Delivery, delivery.id)


def readable(store: Store, delivery: Delivery) -> bool:
    """Return whether another process reads the mail, which must be whole."""
    other = Store.open(store.settings)
    with other.read() as db:
        message = db.get_one(Message, delivery.message_id)
    try:
        return b"".join(other.content(message)) == RAW
    except NotFound:
        return False
    finally:
        other.close()


def delivered(store: Store, mailbox: Mailbox) -> Delivery:
    delivery = an_accepted(store, mailbox)
    with store.write() as db:
        db.execute(update(Delivery).where(Delivery.id == delivery.id).values(state=State.DELIVERED))
    return delivery


def pack_files(store: Store) -> list[Path]:
    return sorted((store.settings.data_dir / "packs").glob("*/*.pack"))


def count(store: Store, table: type[DataKey] | type[Pack] | type[Message]) -> int:
    with store.read() as db:
        return db.scalar(select(func.count()).select_from(table)) or 0


@pytest.mark.parametrize(
    ("hour", "days", "last"),
    [(0, 7, date(2026, 12, 1)), (23, 7, date(2026, 12, 1)), (12, 30, date(2026, 12, 24))],
)
def test_the_last_day_is_as_many_days_after_the_first(hour: int, days: int, last: date) -> None:
    assert expiry_day(NOON.replace(hour=hour), days) == last


def test_delivered_mail_is_there_to_the_end_of_its_last_day_and_then_erased(
    store: Store, anna: Mailbox, clock: Traveller
) -> None:
    delivery = delivered(store, anna)
    clock.move_to(NOON.replace(hour=23, minute=59) + 7 * DAY)
    expire(store)
    assert readable(store, delivery)
    clock.move_to(NOON.replace(hour=0) + 8 * DAY)
    expire(store)
    assert not readable(store, delivery)
    assert (count(store, DataKey), count(store, Pack), pack_files(store)) == (0, 0, [])


def test_what_lists_show_outlives_the_content(
    store: Store, anna: Mailbox, clock: Traveller
) -> None:
    delivery = delivered(store, anna)
    clock.shift(METADATA)
    expire(store)
    with store.read() as db:
        message = db.get_one(Message, delivery.message_id)
        assert (message.subject, message.snippet, message.place) == ("Plans", "", None)
    clock.shift(DAY)
    expire(store)
    assert count(store, Message) == 0


def test_erasing_is_in_the_log(store: Store, anna: Mailbox, clock: Traveller) -> None:
    delivered(store, anna)
    clock.shift(8 * DAY)
    for _ in range(2):
        expire(store)
    with store.read() as db:
        logged = db.scalars(select(Event).where(Event.kind == "keys_erased")).one()
    assert logged.tenant_id == anna.tenant_id
    assert logged.detail == {"keys": 1, "mails": 1, "day": "2026-12-01"}


@pytest.mark.parametrize("days", [7, 8, 30, 100], ids=lambda days: f"day {days}")
def test_queued_mail_is_carried_until_it_is_delivered(
    store: Store, anna: Mailbox, clock: Traveller, days: int
) -> None:
    queued = an_accepted(store, anna)
    for moment in (NOON + each * DAY for each in (days - 1, days)):
        clock.move_to(moment)
        expire(store)
    assert readable(store, queued)
    assert row(store, queued).state is State.QUEUED


def test_queued_mail_is_carried_after_a_long_downtime(
    store: Store, anna: Mailbox, clock: Traveller
) -> None:
    queued, gone = an_accepted(store, anna), delivered(store, anna)
    clock.shift(40 * DAY)
    expire(store)
    assert readable(store, queued)
    assert not readable(store, gone)
    assert len(pack_files(store)) == 1


def test_carried_mail_leaves_nothing_of_its_first_day(
    store: Store, anna: Mailbox, clock: Traveller
) -> None:
    an_accepted(store, anna)
    (before,) = pack_files(store)
    clock.shift(8 * DAY)
    expire(store)
    (after,) = pack_files(store)
    assert before != after
    with store.read() as db:
        assert db.scalars(select(DataKey.day)).all() == [NOON.date() + 15 * DAY]


def test_held_mail_is_kept_thirty_days_and_then_out_of_sight(
    store: Store, anna: Mailbox, clock: Traveller
) -> None:
    held = a_held_delivery(store, anna)
    clock.move_to(NOON + 30 * DAY)
    expire(store)
    assert readable(store, held)
    assert row(store, held).state is State.QUARANTINED
    clock.shift(1)
    expire(store)
    assert row(store, held).state is State.DELETED
    clock.shift(2 * DAY)
    expire(store)
    assert not readable(store, held)


def test_an_expired_mail_says_so_in_the_log(store: Store, anna: Mailbox, clock: Traveller) -> None:
    held = a_held_delivery(store, anna)
    clock.shift(31 * DAY)
    for _ in range(2):
        expire(store)
    with store.read() as db:
        logged = db.scalars(select(Event).where(Event.delivery_id == held.id)).one()
    assert (logged.kind, logged.by, logged.mailbox_id) == ("expired", "worker", anna.id)


def test_mail_released_on_its_last_day_is_carried(
    store: Store, anna: Mailbox, clock: Traveller
) -> None:
    held = a_held_delivery(store, anna)
    clock.move_to(NOON + 30 * DAY)
    with store.write() as db:
        assert quarantine.release(db, EVERYBODY, held.id, by="anna", may=true())
    for _ in range(3):
        clock.shift(4 * DAY)
        expire(store)
    assert readable(store, held)


def test_a_copy_sent_again_on_its_last_day_is_carried(
    store: Store, anna: Mailbox, clock: Traveller
) -> None:
    delivery = delivered(store, anna)
    clock.move_to(NOON + 7 * DAY)
    with store.write() as db:
        assert copies.resend(db, Scope(anna.tenant_id), delivery.id, by="anna")
    for _ in range(3):
        clock.shift(DAY)
        expire(store)
    assert readable(store, delivery)


def test_a_longer_setting_keeps_mail_that_is_stored_already(
    store: Store, anna: Mailbox, clock: Traveller
) -> None:
    delivery = delivered(store, anna)
    with store.write() as db:
        tenants.set_retention(db, anna.tenant_id, 20, 30, 30, by="root")
    for _ in range(5):
        clock.shift(4 * DAY)
        expire(store)
        assert readable(store, delivery)
    clock.shift(8 * DAY)
    expire(store)
    assert not readable(store, delivery)


def test_pinned_mail_is_kept_as_long_as_its_tenant_lets_it_be(
    store: Store, anna: Mailbox, clock: Traveller
) -> None:
    pinned, other = delivered(store, anna), delivered(store, anna)
    with store.write() as db:
        marks.do(db, Scope(anna.tenant_id), MarkDeed.PIN, [pinned.id], by="anna")
    for _ in range(7):
        clock.shift(4 * DAY)
        expire(store)
    assert [readable(store, each) for each in (pinned, other)] == [True, False]
    with store.write() as db:
        marks.do(db, Scope(anna.tenant_id), MarkDeed.UNPIN, [pinned.id], by="anna")
    clock.shift(8 * DAY)
    expire(store)
    assert not readable(store, pinned)


def test_pinned_mail_goes_when_its_days_are_over(
    store: Store, anna: Mailbox, clock: Traveller
) -> None:
    pinned = delivered(store, anna)
    with store.write() as db:
        marks.do(db, Scope(anna.tenant_id), MarkDeed.PIN, [pinned.id], by="anna")
    for _ in range(5):
        clock.shift(8 * DAY)
        expire(store)
    assert not readable(store, pinned)


def test_mail_of_another_tenant_that_is_over_goes_all_the_same(
    store: Store, anna: Mailbox, clock: Traveller
) -> None:
    with store.write() as db:
        other = a_mailbox(db, "anna@other.example")
        db.get_one(Tenant, other.tenant_id).keep_days = 20
    short, long = delivered(store, anna), delivered(store, other)
    clock.shift(8 * DAY)
    expire(store)
    assert (readable(store, short), readable(store, long)) == (False, True)


def test_damaged_mail_does_not_stop_the_rest(
    store: Store, anna: Mailbox, clock: Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    queued = [an_accepted(store, anna) for _ in range(5)]
    with store.write() as db:
        broken = [each.message_id for each in queued[:3]]
        db.execute(update(Message).where(Message.id.in_(broken)).values(sha256="0" * 64))
    clock.shift(8 * DAY)
    expire(store)
    assert [readable(store, each) for each in queued[3:]] == [True, True]


def test_waiting_mail_that_cannot_be_read_today_is_not_given_up(
    store: Store, anna: Mailbox, clock: Traveller
) -> None:
    queued = an_accepted(store, anna)
    folder = store.settings.data_dir / "packs"
    folder.rename(folder.with_name("unmounted"))
    clock.shift(8 * DAY)
    expire(store)
    assert not readable(store, queued)
    folder.with_name("unmounted").rename(folder)
    expire(store)
    assert readable(store, queued)


def test_expiry_before_its_time_changes_nothing(
    store: Store, anna: Mailbox, clock: Traveller
) -> None:
    kept = [delivered(store, anna), an_accepted(store, anna), a_held_delivery(store, anna)]
    states = [row(store, each).state for each in kept]
    for moment in (NOON, NOON - 10 * DAY, datetime(1970, 1, 2, tzinfo=NOON.tzinfo), NOON + 6 * DAY):
        clock.move_to(moment)
        expire(store)
    assert all(readable(store, each) for each in kept)
    assert [row(store, each).state for each in kept] == states
