"""The connections of one lane: one at first, more while more mail waits than connections are.

They take the oldest mail first. A server that lets no further connection in keeps those it has;
one whose connections all broke is left to the next drain.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import replace

import structlog

from filter.content import wire_bytes
from filter.ledger import Ledger
from filter.nexthop import Connection, Unanswered
from filter.wire import HopDown
from mailstore.deliveries import Delivery, Outcome, Result
from mailstore.errors import Corrupt, NotFound
from mailstore.lanes import Lane
from mailstore.sending import sentcopies
from mailstore.store import Store

log = structlog.get_logger()

MOST_CONNECTIONS = 20
PACE = 0.02
LINGER = 1.0
LONGEST = 600.0

Connect = Callable[[], Awaitable[Connection]]


class Crew:
    """Sends what is due on a lane, over as many connections as are worth it."""

    def __init__(self, store: Store, lane: Lane, connect: Connect) -> None:
        self._store, self._lane, self._connect = store, lane, connect
        self._ledger = Ledger(store, lane)
        self._waiting: deque[Delivery] = deque()
        self._working = self._busy = 0
        self._most = MOST_CONNECTIONS
        self._over = False
        self._more, self._changed = asyncio.Event(), asyncio.Event()

    async def run(self, first: Connection) -> None:
        """Send until nothing is due, or no connection is left."""
        try:
            async with asyncio.TaskGroup() as self._tasks:
                renewing = self._tasks.create_task(self._ledger.keep())
                self._working = 1
                self._tasks.create_task(self._work(first))
                try:
                    await self._feed()
                finally:
                    self._over = True
                    self._more.set()
                    renewing.cancel()
        finally:
            self._ledger.put_back(self._waiting)

    async def _feed(self) -> None:
        """Claim what is due, and what comes to be due while connections are open anyway."""
        end = time.monotonic() + LONGEST
        while self._working and self._goes_on and time.monotonic() < end:
            begun = time.monotonic()
            if batch := self._ledger.turn():
                self._waiting.extend(batch)
                self._more.set()
                await self._until(lambda: not self._waiting)
                # Mail that comes in a stream is claimed together; a lone one did not wait.
                await asyncio.sleep(max(begun + PACE - time.monotonic(), 0))
            elif self._busy:
                await self._until(lambda: not self._busy)
            elif not self._store.jobs.asked_again("drain", self._lane.id, seconds=LINGER):
                return
            else:
                await asyncio.sleep(0)  # hear whether the other server hung up meanwhile

    async def _until(self, done: Callable[[], bool]) -> None:
        while self._working and not done():
            self._changed.clear()
            await self._changed.wait()

    @property
    def _goes_on(self) -> bool:
        return not (self._over or self._store.closing.is_set()) and self._ledger.holds

    async def _work(self, connection: Connection) -> None:
        try:
            while delivery := await self._next(connection):
                self._busy += 1
                self._ledger.note(delivery, await self._attempt(connection, delivery))
                self._busy -= 1
                self._changed.set()
                self._grow()
        finally:
            self._working -= 1
            self._changed.set()
            connection.close()

    async def _next(self, connection: Connection) -> Delivery | None:
        """Return the oldest mail that waits; None once this connection is of no use any more."""
        while self._goes_on and connection.alive:
            if self._waiting:
                found = self._waiting.popleft()
                self._changed.set()
                return found
            self._more.clear()
            await self._more.wait()
        return None

    def _grow(self) -> None:
        if len(self._waiting) > self._working and self._working < self._most and self._goes_on:
            self._working += 1
            self._tasks.create_task(self._join())

    async def _join(self) -> None:
        try:
            connection = await self._connect()
        except HopDown:
            self._working -= 1
            self._most = max(self._working, 1)
            self._changed.set()
        else:
            await self._work(connection)

    async def _attempt(self, connection: Connection, delivery: Delivery) -> Outcome:
        try:
            outcome = await connection.send(
                # Nobody is told what becomes of a writer's copy, and no program answers it.
                "" if sentcopies.is_one(delivery) else delivery.message.sender,
                delivery.recipient,
                lambda: wire_bytes(self._store, delivery),
            )
            return replace(outcome, tls=connection.tls)
        except Unanswered as error:
            log.warning("delivery_ambiguous", delivery=delivery.id)
            # A server that always hangs up here may keep each of them.
            return Outcome(Result.TRY_LATER, str(error), soon=delivery.attempts == 1)
        except HopDown as error:
            return Outcome(Result.TRY_LATER, str(error), soon=True)
        except (Corrupt, NotFound, OSError) as error:
            log.exception("content_unreadable", delivery=delivery.id)
            return Outcome(Result.TRY_LATER, f"the stored mail cannot be read: {error}")
        except Exception:  # one mail that we stumble over must not stop its whole lane
            log.exception("delivery_stumbled", delivery=delivery.id)
            return Outcome(Result.TRY_LATER, "an error of ours; the log has it")
