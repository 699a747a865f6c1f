"""How much room there is: new mail stops early, so that the rest of the work goes on."""

import os
import time
from collections.abc import Callable
from math import inf
from pathlib import Path

import structlog

log = structlog.get_logger()

LOOK_EVERY = 1.0


class FreeSpace:
    """Watches the free space of a folder's disk."""

    def __init__(
        self, folder: Path, least: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._folder, self._least, self._clock = folder, least, clock
        self._looked_at = -inf
        self._low = False

    @property
    def low(self) -> bool:
        """Whether less than the stated bytes are free; looks once a second."""
        now = self._clock()
        if now - self._looked_at >= LOOK_EVERY:
            self._looked_at = now
            self._look()
        return self._low

    def _look(self) -> None:
        found = os.statvfs(self._folder)
        free = found.f_bavail * found.f_frsize
        if (free < self._least) is not self._low:
            self._low = not self._low
            log.warning("space_low" if self._low else "space_enough", free=free)
