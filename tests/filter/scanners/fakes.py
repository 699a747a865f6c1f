"""A server on loopback that behaves like an engine on a bad day."""

import asyncio
import contextlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

ENOUGH = 2**16


class Manner(StrEnum):
    """What it does instead of answering."""

    SAYS = "says"
    HANGS_UP = "hangs up"
    HANGS = "hangs"
    CUTS = "cuts"
    DRIPS = "drips"
    FLOODS = "floods"
    READS_NOTHING = "reads nothing"


@dataclass
class FakeEngine:
    """Says `reply` in its manner, whatever it is sent."""

    reply: bytes
    manner: Manner = Manner.SAYS
    got: bytearray = field(default_factory=bytearray)
    connections: int = 0
    port: int = 0
    _open: set[asyncio.Task[None]] = field(default_factory=set)

    async def start(self) -> None:
        """Listen at a free port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Answer nobody any more."""
        self._server.close()
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        self.connections += 1
        try:
            with contextlib.suppress(ConnectionError):
                await self._behave(reader, writer)
        except asyncio.CancelledError:
            pass  # the test is over
        finally:
            self._open.discard(task)
            writer.close()

    async def _behave(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.manner is not Manner.READS_NOTHING:
            self.got += await reader.read(ENOUGH)
        pieces, pause = self._script()
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)

    def _script(self) -> tuple[Iterable[bytes], float]:
        """Return what is said, piece by piece, and the seconds after each piece."""
        scripts: dict[Manner, tuple[Iterable[bytes], float]] = {
            Manner.SAYS: ([self.reply], 0),
            Manner.HANGS_UP: ([], 0),
            Manner.HANGS: ([b""], 60),
            Manner.CUTS: ([self.reply[:-5]], 0),
            Manner.DRIPS: ([bytes([byte]) for byte in self.reply], 0.2),
            Manner.FLOODS: ([self.reply[:-1], *[b"x" * ENOUGH] * 200], 0),
            Manner.READS_NOTHING: ([b""], 60),
        }
        return scripts[self.manner]
