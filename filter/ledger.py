"""What a drain has claimed and what became of it: rows are written together, and in time.

The next attempt is written before an attempt is made, its outcome 50 ms after the first of them at
the latest; a process that was frozen for longer than its lease finds that it must stop.
"""

import asyncio
import time
from collections.abc import Iterable, Sequence
from datetime import timedelta

import structlog
from sqlalchemy.orm import Session

from mailstore import claims, lanes, leases
from mailstore.deliveries import Delivery, Outcome
from mailstore.lanes import Lane
from mailstore.retries import Retries
from mailstore.store import Store

log = structlog.get_logger()

LEASE = timedelta(minutes=5)
TOGETHER = 50
LATEST = 0.05


class Ledger:
    """The claims and outcomes of one lane; use it in one event loop."""

    def __init__(self, store: Store, lane: Lane) -> None:
        self._store, self._lane = store, lane
        self._retries = Retries.of(store.settings)
        self._claimed: dict[int, Delivery] = {}
        self._noted: list[tuple[Delivery, Outcome]] = []
        self._timer: asyncio.TimerHandle | None = None
        # From before the rows say so: a process may be frozen right after.
        self._since = self._renewed_at = time.monotonic()

    @property
    def holds(self) -> bool:
        """Whether nobody else may send what is claimed here."""
        return time.monotonic() - self._since < LEASE.total_seconds()

    def turn(self) -> Sequence[Delivery]:
        """Commit what is noted and claim what is due next, in one go."""
        begun, claimed = time.monotonic(), list[Delivery]()
        with self._store.write() as db:
            self._finish(db)
            if self._keep(db, begun):
                claimed += claims.claim(
                    db, self._lane.id, limit=TOGETHER, lease=LEASE, retries=self._retries
                )
        self._forget()
        if not self._claimed:
            self._since = begun
        self._claimed |= {each.id: each for each in claimed}
        return claimed

    def note(self, delivery: Delivery, outcome: Outcome) -> None:
        """Note what an attempt came to."""
        self._noted.append((delivery, outcome))
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(LATEST, self.flush)

    def flush(self) -> None:
        """Commit what is noted, and keep the lease if it is old."""
        begun = time.monotonic()
        if self._noted or self._is_old(begun):
            with self._store.write() as db:
                self._finish(db)
                self._keep(db, begun)
            self._forget()

    async def keep(self) -> None:
        """Keep the lease until cancelled: a hop may think for longer (RFC 5321 §4.5.3.2.6)."""
        while True:
            await asyncio.sleep(LEASE.total_seconds() / 6)
            if self.holds and self._is_old(time.monotonic()):
                self.flush()

    def put_back(self, untried: Iterable[Delivery]) -> None:
        """Commit what is noted, and return what was claimed and never tried."""
        self.flush()
        if untried := list(untried):
            with self._store.write() as db:
                leases.put_back(db, untried)

    def _is_old(self, now: float) -> bool:
        return now - self._renewed_at >= LEASE.total_seconds() / 3

    def _keep(self, db: Session, begun: float) -> bool:
        """Whether nobody else can have the lane; a fresh lease need not be written again."""
        if not self._is_old(begun):
            return True
        if not lanes.extend(db, self._lane.id, self._lane.fence, lease=LEASE):
            return False
        leases.extend(db, self._open(), lease=LEASE)
        self._since = self._renewed_at = begun
        return True

    def _open(self) -> list[Delivery]:
        noted = {delivery.id for delivery, _ in self._noted}
        return [each for each in self._claimed.values() if each.id not in noted]

    def _finish(self, db: Session) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._noted:
            for lost in claims.finish_all(db, self._noted, self._retries):
                log.warning("lease_lost", delivery=lost)

    def _forget(self) -> None:
        for delivery, _ in self._noted:
            self._claimed.pop(delivery.id, None)
        self._noted.clear()
