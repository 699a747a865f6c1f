"""Who is written to and nobody has: noted in memory, and written down every few seconds.

It is advice for administrators, so a relay that dies loses some of it, and no mail waits for it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from sqlalchemy.exc import DBAPIError

from mailstore.addresses import Address
from mailstore.moving import knocks
from mailstore.moving.knocks import MOST_SENDERS, Heard
from mailstore.store import Store

log = structlog.get_logger()

PAUSE = 5.0
# Whoever guesses addresses must not fill the memory; what comes again is noted the next time.
MOST = 1000


class Knocking:
    """Notes unknown recipients; `in_thread` runs what waits for a disk beside the event loop."""

    def __init__(self, store: Store, in_thread: Callable[..., Awaitable[Any]]) -> None:
        self._store, self._in_thread = store, in_thread
        self._heard: dict[Address, Heard] = {}
        self._task: asyncio.Task[None] | None = None

    def note(self, address: Address, sender: Address | None) -> None:
        """Note that mail came for an address that nobody has."""
        if address not in self._heard and len(self._heard) >= MOST:
            return
        heard = self._heard.setdefault(address, Heard())
        heard.count += 1
        if sender is not None and len(heard.senders) < MOST_SENDERS:
            heard.senders.add(sender.domain)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._later())

    async def _later(self) -> None:
        await asyncio.sleep(PAUSE)
        self._task, heard, self._heard = None, self._heard, {}
        try:
            await self._in_thread(self._write, heard)
        except (OSError, DBAPIError) as error:
            log.warning("knocks_lost", error=str(error))

    def _write(self, heard: dict[Address, Heard]) -> None:
        with self._store.write() as db:
            knocks.record(db, heard)
