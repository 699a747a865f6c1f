"""How long a client may take: for a command, for each piece of a mail, and for all of it."""

import asyncio
from collections.abc import Callable
from math import inf

from mailstore.settings import Settings

CROWDED_SECONDS = 10.0
# haproxy's doc/proxy-protocol.txt §2 asks for three at least: one lost packet is sent again.
PROXY_HEADER_SECONDS = 3.0
LONGEST_LOOK = 5.0
FAREWELL_SECONDS = 10.0


class Patience:
    """One timer for a whole session, so that a new deadline costs next to nothing."""

    def __init__(self, settings: Settings, lost: Callable[[], None]) -> None:
        self._settings, self._lost = settings, lost
        self._loop = asyncio.get_running_loop()
        self._deadline = inf
        self._begun, self._bytes = 0.0, 0
        self._mail_limits = False
        self._timer: asyncio.TimerHandle | None = None

    def for_command(self, *, crowded: bool) -> None:
        """Wait for a whole command; nothing that comes of it extends the time."""
        seconds = self._settings.smtp_timeout_seconds
        self._until(self._loop.time() + (min(seconds, CROWDED_SECONDS) if crowded else seconds))

    def for_proxy_header(self) -> None:
        """Wait for the rest of a PROXY header, which a balancer sends at once."""
        seconds = min(self._settings.smtp_timeout_seconds, PROXY_HEADER_SECONDS)
        self._until(self._loop.time() + seconds)

    def for_mail(self, *, limited: bool) -> None:
        """Wait for a mail: for each piece, and where it is limited for a rate and for all."""
        self._begun, self._bytes, self._mail_limits = self._loop.time(), 0, limited
        self.came(0)

    def came(self, count: int) -> None:
        """Note that so many bytes of a mail came."""
        settings, now = self._settings, self._loop.time()
        self._bytes += count
        deadline = now + settings.smtp_timeout_seconds
        if self._mail_limits:
            earned = settings.smtp_timeout_seconds + self._bytes / settings.min_bytes_per_second
            deadline = min(deadline, self._begun + min(earned, settings.data_seconds))
        self._until(deadline)

    def for_farewell(self) -> None:
        """Wait for the client to read our last words."""
        seconds = min(self._settings.smtp_timeout_seconds, FAREWELL_SECONDS)
        self._until(self._loop.time() + seconds)

    def for_us(self) -> None:
        """Wait for nothing: it is our turn."""
        self._deadline = inf

    def cancel(self) -> None:
        """Stop looking: the session is over."""
        self._deadline = inf
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _until(self, deadline: float) -> None:
        self._deadline = deadline
        if self._timer is not None and self._timer.when() > deadline:
            self._timer.cancel()
            self._timer = None
        if self._timer is None:
            self._timer = self._loop.call_at(deadline, self._look)

    def _look(self) -> None:
        self._timer = None
        now = self._loop.time()
        if now >= self._deadline:
            self._lost()
        else:
            self._timer = self._loop.call_at(min(self._deadline, now + LONGEST_LOOK), self._look)
