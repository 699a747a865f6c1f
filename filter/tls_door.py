"""A place where TLS begins with the first byte: each connection shakes hands before its session.

The loop's own listener would wait for handshakes without a count of them, and keep the certificate
it was given at its start.
"""

import asyncio
import socket
from collections import Counter
from collections.abc import Callable

import structlog

from filter.connection import Connection
from filter.tls import Certificate

log = structlog.get_logger()

HANDSHAKE_SECONDS = 10.0
MOST_SHAKING, MOST_SHAKING_FROM_ADDRESS = 200, 20
PAUSE = 0.5


class TLSDoor:
    """Accepts connections at a bound socket until it is closed."""

    def __init__(
        self, bound: socket.socket, certificate: Certificate, session: Callable[[], Connection]
    ) -> None:
        self._bound, self._certificate, self._session = bound, certificate, session
        self._shaking: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()
        self._accepting = self._loop.create_task(self._accept())

    def close(self) -> None:
        """Take nobody any more, and let go of whoever has not shaken hands."""
        for each in (self._accepting, *self._tasks):
            each.cancel()
        self._bound.close()

    async def _accept(self) -> None:
        while True:
            try:
                accepted, address = await self._loop.sock_accept(self._bound)
            except OSError as error:  # no descriptor is left, or the client is gone already
                log.warning("accept_failed", error=error.strerror)
                await asyncio.sleep(PAUSE)
                continue
            ip = address[0]
            crowded = self._shaking[ip] >= MOST_SHAKING_FROM_ADDRESS
            if crowded or self._shaking.total() >= MOST_SHAKING:
                accepted.close()
                continue
            self._shaking[ip] += 1
            task = self._loop.create_task(self._begin(accepted, ip))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _begin(self, accepted: socket.socket, ip: str) -> None:
        try:
            await self._loop.connect_accepted_socket(
                self._session,
                accepted,
                ssl=self._certificate.context,
                ssl_handshake_timeout=HANDSHAKE_SECONDS,
            )
        except OSError:  # no TLS, or not ours; nobody is there to be told
            accepted.close()
        finally:
            self._shaking[ip] -= 1
            if not self._shaking[ip]:
                del self._shaking[ip]
