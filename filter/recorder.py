"""The recorder: the heart of a durable relay.

It takes whatever waits, writes it together, and answers together; a lone mail never waits for
company.
First the bytes (one fdatasync for each expiry day), then the rows that name them (one
transaction with full sync), then the replies. If that fails, nothing of it was promised.
"""

import asyncio
import queue
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from mailstore import recording
from mailstore.recording import Accepted
from mailstore.refusals import Refused
from mailstore.store import Store

log = structlog.get_logger()

MOST_TOGETHER = 256


@dataclass(slots=True)
class Batch:
    """What one transaction of SMTP leaves behind."""

    accepted: Sequence[Accepted] = ()
    refused: Sequence[Refused] = ()
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)
    done: "asyncio.Future[None]" = field(init=False)

    def __post_init__(self) -> None:
        self.done = self.loop.create_future()


class Recorder:
    """Writes batches in a thread of its own; `broken` is set when storage fails for good."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: queue.SimpleQueue[Batch | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self.broken = asyncio.Event()
        self._thread.start()

    async def record(self, batch: Batch) -> None:
        """Return once the batch is durable; raises what made that impossible.

        A client that goes away meanwhile changes nothing: the batch is written all the same.
        """
        self._waiting.put(batch)
        await asyncio.shield(batch.done)

    def close(self) -> None:
        """Write what waits, then stop."""
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
        except OSError as failed:
            log.critical("storage_failed", error=str(failed))
            error = failed
            first = together[0]
            first.loop.call_soon_threadsafe(self.broken.set)
        except Exception as failed:
            if len(together) > 1:
                for batch in together:
                    self._write([batch])
                return
            log.exception("recording_failed")
            error = failed
        for batch in together:
            batch.loop.call_soon_threadsafe(_settle, batch.done, error)

    def _store_all(self, together: list[Batch]) -> None:
        accepted = [each for batch in together for each in batch.accepted]
        refused = [each for batch in together for each in batch.refused]
        places = self._store.packs.append([each.sealed.slice for each in accepted])
        with self._store.write() as db:
            recording.record(db, list(zip(accepted, places, strict=True)), refused)


def _settle(done: "asyncio.Future[None]", error: Exception | None) -> None:
    if done.done():
        return
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)
