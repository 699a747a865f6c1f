from datetime import date, timedelta

import pytest
from sqlalchemy import func, select, update
from time_machine import Traveller

from mailstore import marks
from mailstore.deliveries import Delivery, State
from mailstore.erasure import cuts, forgetting
from mailstore.erasure.forgetting import Leftover
from mailstore.errors import BadName, NotFound
from mailstore.events import Event
from mailstore.keys import DataKey
from mailstore.mailboxes import Mailbox
from mailstore.marks import MarkDeed
from mailstore.messages import Message
from mailstore.retention import expire
from mailstore.scope import Scope
from mailstore.store import Store
from tests.factories import NOON, RAW, RecordedJobs, a_held_delivery, an_accepted

pytestmark = pytest.mark.usefixtures("clock")
DAY = timedelta(days=1)


@pytest.fixture
def long(store: Store, anna: Mailbox) -> Mailbox:
    """Return Anna's mailbox, of a tenant that keeps mail for thirty days."""
    with store.write() as db:
        cuts.change(db, anna.tenant_id, 30, 40, 30, by="root")
    return anna


def cut(store: Store, mailbox: Mailbox, keep: int = 7, held: int = 40) -> None:
    with store.write() as db:
        cuts.change(db, mailbox.tenant_id, keep, held, 30, by="root")


def delivered(store: Store, mailbox: Mailbox) -> Delivery:
    found = an_accepted(store, mailbox)
    with store.write() as db:
        db.execute(update(Delivery).where(Delivery.id == found.id).values(state=State.DELIVERED))
    return found


def message_of(store: Store, delivery: Delivery) -> Message:
    with store.read() as db:
        return db.get_one(Message, delivery.message_id)


def readable(store: Store, delivery: Delivery) -> bool:
    try:
        return b"".join(store.content(message_of(store, delivery))) == RAW
    except NotFound:
        return False


def count(store: Store, table: type[Leftover] | type[DataKey]) -> int:
    with store.read() as db:
        return db.scalar(select(func.count()).select_from(table)) or 0


def test_a_shorter_retention_ends_what_is_stored_at_its_new_day(
    store: Store, long: Mailbox, clock: Traveller
) -> None:
    old = delivered(store, long)
    clock.shift(8 * DAY)
    young = delivered(store, long)
    cut(store, long)
    assert ("expire",) in store.jobs.asked  # type: ignore[attr-defined]  # tests' jobs only
    expire(store)
    assert (readable(store, old), readable(store, young)) == (False, True)
    assert message_of(store, young).last_day == (NOON + 15 * DAY).date()
    clock.move_to(NOON + 16 * DAY)
    expire(store)
    assert not readable(store, young)


def test_the_bytes_of_what_ended_early_are_overwritten_and_those_of_others_stay(
    store: Store, long: Mailbox, clock: Traveller
) -> None:
    old = delivered(store, long)
    place = message_of(store, old).place
    assert place
    waiting = an_accepted(store, long)
    clock.shift(8 * DAY)
    cut(store, long)
    expire(store)
    assert set(b"".join(store.packs.read(place))) == {0}
    assert readable(store, waiting)
    assert count(store, Leftover) == 0


def test_a_crash_before_the_bytes_are_overwritten_leaves_them_for_the_next_time(
    store: Store, long: Mailbox
) -> None:
    old = delivered(store, long)
    place = message_of(store, old).place
    assert place
    with store.write() as db:
        assert forgetting.forget(db, [old.message_id]) == {long.tenant_id: 1}
        assert forgetting.forget(db, [old.message_id]) == {}
    assert (readable(store, old), count(store, Leftover)) == (False, 1)
    assert any(b"".join(store.packs.read(place)))
    expire(store)
    assert set(b"".join(store.packs.read(place))) == {0}


def test_the_key_of_a_day_goes_as_soon_as_nobody_needs_it_and_nothing_new_comes(
    store: Store, long: Mailbox, clock: Traveller
) -> None:
    delivered(store, long)
    clock.shift(8 * DAY)
    cut(store, long)
    expire(store)
    # Somebody could still seal mail for a day that is this far away.
    assert count(store, DataKey) == 1
    clock.move_to(NOON + 26 * DAY)
    expire(store)
    assert count(store, DataKey) == 0
    with store.read() as db:
        said = db.scalars(select(Event).where(Event.kind == "content_forgotten")).one()
    assert (said.tenant_id, said.detail) == (
        long.tenant_id, {"mails": 1, "why": "shorter retention"}
    )  # fmt: skip


@pytest.mark.parametrize("keeps", ["waits", "pinned", "longer again"])
def test_what_somebody_still_needs_outlives_a_shorter_retention(
    store: Store, long: Mailbox, clock: Traveller, keeps: str
) -> None:
    mail = an_accepted(store, long) if keeps == "waits" else delivered(store, long)
    clock.shift(10 * DAY)
    if keeps == "pinned":
        with store.write() as db:
            marks.do(db, Scope(long.tenant_id), MarkDeed.PIN, [mail.id], by="anna")
    cut(store, long)
    if keeps == "longer again":
        cut(store, long, 30)
    expire(store)
    assert readable(store, mail)
    assert message_of(store, mail).until == (
        None if keeps == "longer again" else date(2026, 12, 1)
    )  # fmt: skip


def test_held_mail_leaves_the_quarantine_when_the_new_days_say_so(
    store: Store, long: Mailbox, clock: Traveller
) -> None:
    held = a_held_delivery(store, long)
    clock.shift(9 * DAY)
    young = a_held_delivery(store, long)
    cut(store, long, 30, 8)
    expire(store)
    with store.read() as db:
        states = [db.get_one(Delivery, each.id).state for each in (held, young)]
    assert states == [State.DELETED, State.QUARANTINED]
    assert (readable(store, held), readable(store, young)) == (False, True)
    cut(store, long, 30, 20)
    expire(store)
    with store.read() as db:
        assert db.get_one(Delivery, young.id).held_until == NOON + 29 * DAY


def test_mail_that_is_kept_for_other_days_than_the_tenants_stays(
    store: Store, long: Mailbox, clock: Traveller
) -> None:
    own = delivered(store, long)
    with store.write() as db:
        longer = update(Message).where(Message.id == own.message_id)
        db.execute(longer.values(day=NOON.date() + 29 * DAY))
    clock.shift(10 * DAY)
    cut(store, long)
    cuts.follow(store)
    assert message_of(store, own).until is None


def test_mail_that_came_under_the_old_days_a_moment_later_follows_too(
    store: Store, long: Mailbox, clock: Traveller, jobs: RecordedJobs
) -> None:
    cut(store, long)
    late = delivered(store, long)
    with store.write() as db:
        db.execute(update(Message).values(day=NOON.date() + 30 * DAY))
    for hours in (0, 1, 2):
        clock.move_to(NOON + timedelta(hours=hours))
        cuts.follow(store)
    assert message_of(store, late).last_day == NOON.date() + 7 * DAY


@pytest.mark.parametrize("days", [(6, 30), (7, 6), (0, 0)])
def test_nobody_keeps_mail_for_less_than_seven_days(
    store: Store, anna: Mailbox, days: tuple[int, int]
) -> None:
    with pytest.raises(BadName), store.write() as db:
        cuts.change(db, anna.tenant_id, *days, 30, by="root")
