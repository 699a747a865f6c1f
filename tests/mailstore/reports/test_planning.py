"""When the reports of many people are due: spread over a while, and the same each day."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, select
from time_machine import Traveller

from mailstore.mailboxes import Mailbox
from mailstore.reports import planning
from mailstore.store import Store
from tests.factories import NOON

pytestmark = pytest.mark.usefixtures("clock")

NINE = NOON + timedelta(hours=20)
DAY = timedelta(days=1)


def due(store: Store) -> list[timedelta]:
    """Return how long after nine people's reports are due, each once for each moment."""
    planning.plan_reports(store)
    with store.read() as db:
        moments = db.scalars(select(Mailbox.report_due_at).where(Mailbox.report_due_at > NOON))
        return sorted({moment - NINE for moment in moments if moment})


def join(store: Store, anna: Mailbox, people: int) -> None:
    ids = {"tenant_id": anna.tenant_id, "domain_id": anna.domain_id}
    rows = [{"address": f"p{each}@muster.example", **ids} for each in range(people)]
    with store.write() as db:
        db.execute(insert(Mailbox), rows)


def test_reports_of_a_large_tenant_are_spread_the_same_way_each_day(
    store: Store, anna: Mailbox, clock: Traveller
) -> None:
    assert due(store) == [timedelta()]
    join(store, anna, 2 * planning.SPREAD_FROM)
    spread = due(store)
    assert len(spread) == 2 * planning.SPREAD_FROM // planning.SPREAD_RATE
    assert max(spread) < planning.SPREAD_OVER
    clock.shift(DAY)
    assert due(store) == [DAY + each for each in spread]


def test_whoever_is_taken_is_nobody_elses_for_a_while(
    store: Store, anna: Mailbox, clock: Traveller
) -> None:
    join(store, anna, planning.SPREAD_FROM)
    planning.plan_reports(store)
    clock.shift(DAY)
    taken: list[int] = []
    for _ in range(6):
        with store.write() as db:
            some = planning.take(db)
        assert len(some) <= planning.BATCH
        taken += some
    assert len(taken) == len(set(taken)) == planning.SPREAD_FROM + 1
    clock.shift(planning.LEASE)
    with store.write() as db:
        assert len(planning.take(db)) == planning.BATCH
