"""Handing mail on: one lane per next hop, many mails per connection, the oldest first.

A drain may run twice and may be lost: the lane is claimed by a lease, each delivery has a
fence, and the next attempt is written before this one is made. A crash after the other
server's 250 and before our commit sends that mail once more; never is one dropped.
"""

import time
from datetime import timedelta

import structlog
import uvloop

from filter import ledger
from filter.crew import Crew
from filter.hop import Hop
from filter.ledger import Ledger
from filter.routing import HopAbsent
from filter.wire import HopDown
from mailstore import lanes, leases
from mailstore.deliveries import Direction, Outcome, Result
from mailstore.jobs import job
from mailstore.lanes import Lane, Patience
from mailstore.sending import homecomings
from mailstore.settings import Settings
from mailstore.store import Store

log = structlog.get_logger()

SLOW_SECONDS = 10.0


@job
def drain(store: Store, lane_id: int) -> None:
    """Send whatever is due on a lane, oldest first, until nothing is or the hop goes down."""
    with store.write() as db:
        lane = lanes.claim(db, lane_id, lease=ledger.LEASE)
    if lane is not None:
        uvloop.run(_drain(store, lane))


async def _drain(store: Store, lane: Lane) -> None:
    hop, patience = Hop(store, lane), patience_of(store.settings)
    begun = time.monotonic()
    try:
        first = await hop.connect()
    except HopAbsent as error:
        _answer_all(store, lane, str(error))
    except HopDown as error:
        log.info("hop_silent", lane=lane.id, error=str(error))
        with store.write() as db:
            if lanes.failed(db, lane, str(error), patience):
                log.warning("lane_down", lane=lane.id, error=str(error))
        return
    else:
        if time.monotonic() - begun > SLOW_SECONDS and not _kept(store, lane):
            first.close()
            return
        if lane.failing_since is not None:
            _is_back(store, lane, patience)
        await Crew(store, lane, hop.connect).run(first)
    with store.write() as db:
        lanes.give_back(db, lane.id, lane.fence)


def _kept(store: Store, lane: Lane) -> bool:
    """Keep a lane whose next hop took long to answer; False if another worker has it by now."""
    with store.write() as db:
        return lanes.extend(db, lane.id, lane.fence, lease=ledger.LEASE)


def _is_back(store: Store, lane: Lane, patience: Patience) -> None:
    with store.write() as db:
        if lane.answers_since is None:
            leases.start_over(db, lane.id)
            homecomings.start_over(db, lane.id)
        if lanes.answered(db, lane, patience):
            log.info("lane_up", lane=lane.id)


def patience_of(settings: Settings) -> Patience:
    """Return how soon this installation calls silence an outage."""
    return Patience(
        timedelta(seconds=settings.probe_seconds), timedelta(seconds=settings.outage_seconds)
    )


def _answer_all(store: Store, lane: Lane, reply: str) -> None:
    """Give what is due its answer where DNS proves that nobody takes it.

    Mail to our own people never fails for that: their domain may only have lapsed.
    """
    notes = Ledger(store, lane)
    while batch := notes.turn():
        for delivery in batch:
            away = delivery.direction is Direction.OUT
            result = Result.REFUSED if away else Result.TRY_LATER
            notes.note(delivery, Outcome(result, reply))
    notes.flush()
