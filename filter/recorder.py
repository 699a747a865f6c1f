"""The recorder: the heart of a durable relay.

It takes whatever waits, writes it together, and answers together; a lone mail never waits for
company.
First the bytes (one fdatasync for each expiry day), then the rows that name them (one
transaction with full sync), then the replies. If that fails, nothing of it was promised. What
cannot begin in time, because somebody else holds the rows, is withdrawn and never written.
"""

import asyncio
import queue
import threading
from collections.abc import Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date

import structlog

from mailstore import recording
from mailstore.db import connection_lost, storage_broke
from mailstore.recording import Accepted
from mailstore.refusals import Refused
from mailstore.store import Store

log = structlog.get_logger()

MOST_TOGETHER = 256
LONGEST_WAIT = 30.0


@dataclass(slots=True)
class Batch:
    """What one transaction of SMTP leaves behind."""

    accepted: Sequence[Accepted] = ()
    refused: Sequence[Refused] = ()
    hits: Set[int] = frozenset()
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)
    done: "asyncio.Future[None]" = field(init=False)
    _decided: threading.Lock = field(default_factory=threading.Lock)
    begun: bool = False

    def __post_init__(self) -> None:
        self.done = self.loop.create_future()

    def begin(self) -> bool:
        """Whether the batch may be written: nobody has withdrawn it, nor can from now on."""
        if self._decided.acquire(blocking=False):
            self.begun = True
        return self.begun

    def withdraw(self) -> None:
        """Give the batch up if it has not begun."""
        if self._decided.acquire(blocking=False) and not self.done.done():
            self.done.set_exception(TimeoutError("the rows are in somebody else's hands"))


class Recorder:
    """Writes batches in a thread of its own; `broken` is set when storage fails for good."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: queue.SimpleQueue[Batch | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._keys = ThreadPoolExecutor(1, thread_name_prefix="keys")
        self.broken = asyncio.Event()
        self._thread.start()

    async def record(self, batch: Batch) -> None:
        """Return once the batch is durable; raises what made that impossible.

        A client that goes away meanwhile changes nothing: the batch is written all the same.
        """
        self._waiting.put(batch)
        timer = batch.loop.call_later(LONGEST_WAIT, batch.withdraw)
        try:
            await asyncio.shield(batch.done)
        finally:
            timer.cancel()

    async def make_key(self, tenant_id: int, day: date) -> None:
        """Return once a tenant's day has a durable key; raises TimeoutError, like `record`."""
        loop = asyncio.get_running_loop()
        making = loop.run_in_executor(self._keys, self._store.make_key, tenant_id, day)
        await asyncio.wait_for(making, LONGEST_WAIT)

    def close(self) -> None:
        """Write what waits, then stop."""
        self._keys.shutdown(cancel_futures=True)
        self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (first := self._waiting.get()) is not None:
            together, more = [first], True
            while more and len(together) < MOST_TOGETHER:
                try:
                    following = self._waiting.get_nowait()
                except queue.Empty:
                    break
                if following is None:
                    self._waiting.put(None)
                    more = False
                else:
                    together.append(following)
            self._write(together)

    def _write(self, together: list[Batch]) -> None:
        error: Exception | None = None
        try:
            self._store_all(together)
        except Exception as failed:
            error = failed
            if storage_broke(failed):
                log.critical("storage_failed", error=str(failed))
                together[0].loop.call_soon_threadsafe(self.broken.set)
            elif _one_may_be_to_blame(together, failed):
                for batch in together:
                    self._write([batch])
                return
            else:
                log.exception("recording_failed")
        together[0].loop.call_soon_threadsafe(_settle, together, error)

    def _store_all(self, together: list[Batch]) -> None:
        accepted = [each for batch in together for each in batch.accepted]
        places = iter(self._store.packs.append([each.sealed.slice for each in accepted]))
        placed = [[(each, next(places)) for each in batch.accepted] for batch in together]
        with self._store.write() as db:
            db.connection()
            # Only now, with the rows in hand, is it too late to withdraw a batch.
            kept = [pair for pair in zip(together, placed, strict=True) if pair[0].begin()]
            recording.record(
                db,
                [each for _, pairs in kept for each in pairs],
                [each for batch, _ in kept for each in batch.refused],
                {entry_id for batch, _ in kept for entry_id in batch.hits},
            )


def _one_may_be_to_blame(together: Sequence[Batch], error: Exception) -> bool:
    several = len(together) > 1 and any(batch.begun for batch in together)
    return several and not connection_lost(error)


def _settle(together: Sequence[Batch], error: Exception | None) -> None:
    for batch in together:
        if batch.done.done():
            continue
        if error is None:
            batch.done.set_result(None)
        else:
            batch.done.set_exception(error)
