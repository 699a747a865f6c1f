"""Handing mail on: one lane per next hop, many mails per connection.

A drain may run twice and may be lost: the lane is claimed by a lease, each delivery has a
fence, and the next attempt is written before this one is made. A crash after the other
server's 250 and before our commit sends that mail once more; never is one dropped.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import structlog
import uvloop
from sqlalchemy.orm import Session

from filter import headers, seal
from filter.nexthop import Connection, HopDown
from mailstore import deliveries, lanes
from mailstore.deliveries import Delivery, Outcome, Result, Retries
from mailstore.errors import Corrupt, NotFound
from mailstore.jobs import job
from mailstore.lanes import Lane
from mailstore.messages import without
from mailstore.settings import Settings
from mailstore.store import Store

log = structlog.get_logger()

LEASE = timedelta(minutes=5)
TOGETHER = 50
LATEST = 0.05
PACE = 0.02
LINGER = 1.0


@job
def drain(store: Store, lane_id: int) -> None:
    """Send whatever is due on a lane, oldest first, until nothing is or the hop goes down."""
    with store.write() as db:
        lane = lanes.claim(db, lane_id, lease=LEASE)
    if lane is not None:
        uvloop.run(_drain(store, lane))


async def _drain(store: Store, lane: Lane) -> None:
    settings = store.settings
    try:
        async with Connection(lane.host, lane.port, settings.hostname) as connection:
            if lane.down_since is not None:
                with store.write() as db:
                    lanes.came_back(db, lane.id, lane.fence)
                log.info("lane_up", lane=lane.id)
            await _send_all(store, lane, connection)
    except HopDown as error:
        log.info("lane_down", lane=lane.id, error=str(error))
        with store.write() as db:
            lanes.went_down(db, lane.id, lane.fence, str(error), first_wait=settings.probe_seconds)
        return
    with store.write() as db:
        lanes.give_back(db, lane.id, lane.fence)


def retries(settings: Settings) -> Retries:
    """Return how this installation tries again."""
    return Retries(timedelta(seconds=settings.retry_seconds), timedelta(days=settings.give_up_days))


async def _send_all(store: Store, lane: Lane, connection: Connection) -> None:
    """Send what is due, and what comes to be due while the connection is open anyway."""
    ledger = Ledger(store)
    try:
        while connection.alive and not store.closing.is_set():
            begun = time.monotonic()
            if batch := ledger.turn(lane):
                await _send_batch(store, lane, connection, ledger, batch, Lease(begun))
                # Mail that comes in a stream is claimed together; a lone one did not wait.
                await asyncio.sleep(max(begun + PACE - time.monotonic(), 0))
            elif not store.jobs.asked_again("drain", lane.id, seconds=LINGER):
                return
            else:
                await asyncio.sleep(0)  # hear whether the other server hung up meanwhile
    finally:
        ledger.flush()


async def _send_batch(
    store: Store,
    lane: Lane,
    connection: Connection,
    ledger: "Ledger",
    batch: Sequence[Delivery],
    lease: "Lease",
) -> None:
    """Send a claimed batch; what is left untried is put back."""
    waiting = deque(batch)
    async with _kept(store, lane, waiting, lease):
        while waiting and connection.alive and lease.holds:
            outcome = await _attempt(store, connection, waiting[0])
            ledger.add(waiting.popleft(), outcome)
    if waiting:
        ledger.flush()
        with store.write() as db:
            deliveries.put_back(db, waiting)


class Lease:
    """The time within which nobody else may send what was claimed.

    It counts from before the rows say so: a process may be frozen right after.
    """

    def __init__(self, since: float) -> None:
        self._since = since

    @property
    def holds(self) -> bool:
        """Whether it lasts; a process that was frozen for long finds that it does not."""
        return time.monotonic() - self._since < LEASE.total_seconds()

    def renewed(self, since: float) -> None:
        """Count anew, from before the rows were written."""
        self._since = since


@asynccontextmanager
async def _kept(
    store: Store, lane: Lane, waiting: Collection[Delivery], lease: Lease
) -> AsyncIterator[None]:
    """Keep a lease alive: a hop may think for longer than one lasts (RFC 5321 §4.5.3.2.6)."""

    def renew() -> None:
        if lease.holds:
            begun = time.monotonic()
            with store.write() as db:
                lanes.extend(db, lane.id, lane.fence, lease=LEASE)
                deliveries.extend(db, waiting, lease=LEASE)
            lease.renewed(begun)
            timer[0] = loop.call_later(pause, renew)

    loop, pause = asyncio.get_running_loop(), LEASE.total_seconds() / 3
    timer = [loop.call_later(pause, renew)]
    try:
        yield
    finally:
        timer[0].cancel()


async def _attempt(store: Store, connection: Connection, delivery: Delivery) -> Outcome:
    try:
        return await connection.send(
            delivery.message.sender, delivery.recipient, lambda: wire_bytes(store, delivery)
        )
    except HopDown as error:
        return Outcome(Result.TRY_LATER, str(error), soon=True)
    except (Corrupt, NotFound, OSError) as error:
        log.exception("content_unreadable", delivery=delivery.id)
        return Outcome(Result.TRY_LATER, f"the stored mail cannot be read: {error}")


def wire_bytes(store: Store, delivery: Delivery) -> Iterator[bytes]:
    """Yield what goes to the next hop, under an ARC set of ours where that is asked for."""
    plain = _unsealed(store, delivery)
    return seal.sealed(store, delivery, plain) if delivery.tag else plain


def _unsealed(store: Store, delivery: Delivery) -> Iterator[bytes]:
    """Yield our lines, then the stored bytes without the cuts."""
    yield headers.prepended(delivery)
    message = delivery.message
    chunks = without(store.content(message), [tuple(cut) for cut in message.cuts])
    first = next(chunks, b"")
    yield headers.tagged(first, delivery.tag) if delivery.tag else first
    yield from chunks


class Ledger:
    """Collects outcomes and commits them together, 50 ms after the first at the latest."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._retries = retries(store.settings)
        self._extended_at = time.monotonic()
        self._waiting: list[tuple[Delivery, Outcome]] = []
        self._timer: asyncio.TimerHandle | None = None

    def add(self, delivery: Delivery, outcome: Outcome) -> None:
        """Note an outcome."""
        self._waiting.append((delivery, outcome))
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(LATEST, self.flush)

    def flush(self) -> None:
        """Commit what is noted."""
        if self._waiting:
            with self._store.write() as db:
                self._finish(db)
            self._waiting.clear()

    def turn(self, lane: Lane) -> Sequence[Delivery]:
        """Commit what is noted and claim what is due next, in one go."""
        claimed: Sequence[Delivery] = []
        with self._store.write() as db:
            self._finish(db)
            if self._is_ours(db, lane):
                claimed = deliveries.claim(
                    db, lane.id, limit=TOGETHER, lease=LEASE, retries=self._retries
                )
        self._waiting.clear()
        return claimed

    def _is_ours(self, db: Session, lane: Lane) -> bool:
        """Whether nobody else can have the lane; a fresh lease need not be written again."""
        now = time.monotonic()
        if now - self._extended_at < LEASE.total_seconds() / 3:
            return True
        self._extended_at = now
        return lanes.extend(db, lane.id, lane.fence, lease=LEASE)

    def _finish(self, db: Session) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waiting:
            for lost in deliveries.finish_all(db, self._waiting, self._retries):
                log.warning("lease_lost", delivery=lost)
