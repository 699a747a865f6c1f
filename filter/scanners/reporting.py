"""What administrators are told of scanners, written beside the event loop."""

import asyncio

import structlog
from sqlalchemy.exc import SQLAlchemyError

from mailstore import scanners
from mailstore.store import Store

log = structlog.get_logger()


class Reporting:
    """Notes in rows which engines do not answer."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._running: set[asyncio.Future[None]] = set()

    def tell(self, name: str, why: str | None) -> None:
        """Note why an engine does not answer, or that it does, soon; mail does not wait for it."""
        note = asyncio.get_running_loop().run_in_executor(None, self._note, name, why)
        self._running.add(note)
        note.add_done_callback(self._running.discard)

    async def settled(self) -> None:
        """Wait until what was told is noted."""
        await asyncio.gather(*self._running)

    def _note(self, name: str, why: str | None) -> None:
        try:
            with self._store.write() as db:
                scanners.note(db, name, why)
        except SQLAlchemyError as error:
            log.warning("scanner_not_noted", engine=name, error=type(error).__name__)
