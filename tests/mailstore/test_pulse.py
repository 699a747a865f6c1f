from datetime import timedelta

import pytest
from sqlalchemy import func, select
from time_machine import Traveller

from mailstore import pulse
from mailstore.pulse import Pulse
from mailstore.store import Store

pytestmark = pytest.mark.usefixtures("clock")

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
STEADY = {
    "a minute": MINUTE,
    "an hour": HOUR,
    "no time at all": timedelta(),
    "set back a little": -2 * MINUTE,
}
JUMPS = {
    "forward ten days": 10 * DAY,
    "an hour and a second": HOUR + timedelta(seconds=1),
    "back three minutes": -3 * MINUTE,
    "back ten days": -10 * DAY,
    "back to 1970": -56 * 365 * DAY,
}


def beat(store: Store) -> timedelta | None:
    with store.write() as db:
        return pulse.beat(db)


def settled(store: Store) -> bool:
    with store.read() as db:
        return pulse.settled(db)


def test_before_the_first_beat_ages_are_trusted(store: Store) -> None:
    assert settled(store)
    assert beat(store) is None
    assert settled(store)


@pytest.mark.parametrize("gap", STEADY.values(), ids=STEADY)
def test_time_that_goes_by_is_no_jump(store: Store, clock: Traveller, gap: timedelta) -> None:
    for before in (HOUR, gap):
        beat(store)
        clock.shift(before)
    assert settled(store)
    assert beat(store) is None
    assert settled(store)


@pytest.mark.parametrize("gap", JUMPS.values(), ids=JUMPS)
def test_after_a_jump_ages_are_not_trusted_for_an_hour(
    store: Store, clock: Traveller, gap: timedelta
) -> None:
    beat(store)
    clock.shift(gap)
    assert not settled(store)  # before anybody noted it, too
    assert beat(store) == gap
    for _ in range(59):
        assert not settled(store)
        clock.shift(MINUTE)
        assert beat(store) is None
    clock.shift(MINUTE)
    assert settled(store)


def test_a_second_jump_begins_the_hour_anew(store: Store, clock: Traveller) -> None:
    beat(store)
    for gap in (10 * DAY, -10 * DAY):
        clock.shift(gap)
        assert beat(store) == gap
    clock.shift(HOUR - MINUTE)
    assert not settled(store)
    clock.shift(MINUTE)
    assert settled(store)


def test_there_is_one_pulse_however_often_it_beats(store: Store, clock: Traveller) -> None:
    for _ in range(5):
        beat(store)
        clock.shift(MINUTE)
    with store.read() as db:
        assert db.scalar(select(func.count()).select_from(Pulse)) == 1
