from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import func, select

from mailstore.sending import stspolicies
from mailstore.sending.stspolicies import Mode, StsPolicy, Wish
from mailstore.store import Store

THERE = "there.example"
WEEK = timedelta(days=7)


def keep(store: Store, version: str = "1", max_age: timedelta = WEEK, domain: str = THERE) -> None:
    with store.write() as db:
        wish = Wish(Mode.ENFORCE, ("mx.there.example",), max_age)
        stspolicies.keep(db, domain, version, wish)


def in_force(store: Store) -> StsPolicy | None:
    with store.read() as db:
        return stspolicies.in_force(db, THERE)


def test_a_policy_is_in_force_until_its_end(store: Store, clock: time_machine.Traveller) -> None:
    keep(store)
    clock.shift(WEEK - timedelta(seconds=1))
    found = in_force(store)
    assert found is not None
    assert (found.mode, found.patterns) == (Mode.ENFORCE, ["mx.there.example"])
    clock.shift(timedelta(seconds=1))
    assert in_force(store) is None


def test_a_newer_policy_takes_the_place_of_the_one_before(store: Store) -> None:
    keep(store, "1")
    keep(store, "2")
    found = in_force(store)
    assert found is not None
    assert found.version == "2"


def test_what_has_ended_is_forgotten_when_another_is_kept(
    store: Store, clock: time_machine.Traveller
) -> None:
    keep(store)
    clock.shift(WEEK)
    keep(store, domain="elsewhere.example")
    with store.read() as db:
        assert db.scalar(select(func.count(StsPolicy.domain))) == 1
        assert [each.domain for each in stspolicies.known(db)] == ["elsewhere.example"]


@pytest.mark.parametrize(
    ("max_age", "after", "old"),
    [
        (WEEK, timedelta(hours=23), False),
        (WEEK, timedelta(days=1), True),
        (timedelta(hours=2), timedelta(minutes=59), False),
        (timedelta(hours=2), timedelta(hours=1), True),
    ],
    ids=["of today", "of yesterday", "young", "half of its time"],
)
def test_a_policy_is_read_again_long_before_it_ends(
    store: Store, clock: time_machine.Traveller, max_age: timedelta, after: timedelta, old: bool
) -> None:
    keep(store, max_age=max_age)
    found = in_force(store)
    assert found is not None
    assert found.is_old(found.fetched_at + after) is old


@pytest.mark.parametrize(
    ("pattern", "host", "named"),
    [
        ("mx.there.example", "mx.there.example", True),
        ("mx.there.example", "MX.There.Example.", True),
        ("mx.there.example", "mx2.there.example", False),
        ("*.there.example", "mx.there.example", True),
        ("*.there.example", "a.mx.there.example", False),
        ("*.there.example", "there.example", False),
        ("there.example", "mx.there.example", False),
        ("*.there.example", "mx.there.example.evil.example", False),
    ],
)
def test_a_star_stands_for_one_label(pattern: str, host: str, named: bool) -> None:
    assert StsPolicy(patterns=[pattern]).names(host) is named
