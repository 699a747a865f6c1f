"""Draining again and again, as if the time between two attempts had passed."""

import time
from collections.abc import Callable

from sqlalchemy import update

from filter.delivery import drain
from mailstore import clock
from mailstore.deliveries import Delivery, State
from mailstore.lanes import Lane
from mailstore.store import Store
from tests.filter.rows import now

PATIENCE = 10.0


def let_time_pass(store: Store) -> None:
    """Make all mail due that waits, and each next hop one that may be tried."""
    with store.write() as db:
        db.execute(
            update(Delivery)
            .where(Delivery.state == State.QUEUED)
            .values(next_attempt_at=clock.now())
        )
    let_hops_be_tried(store)


def let_hops_be_tried(store: Store) -> None:
    """End the waits for next hops that were silent, and for these only."""
    with store.write() as db:
        db.execute(update(Lane).values(try_at=None))


def drain_until(store: Store, lane_id: int, done: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < end
        let_time_pass(store)
        drain(store, lane_id)


def drain_until_delivered(store: Store, *queued: Delivery) -> None:
    def done() -> bool:
        return {now(store, each).state for each in queued} == {State.DELIVERED}

    drain_until(store, queued[0].lane_id, done)
