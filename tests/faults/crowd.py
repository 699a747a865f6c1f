"""Many connections at once that want nothing good, and what the relay uses meanwhile."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.load import read_reply
from bench.processes import TICKS
from tests.filter.background import Background

LOCAL = "127.0.0.1"
OPEN_SECONDS = 10.0


@dataclass(slots=True)
class Guest:
    """One connection; the greeting is 0 if there was none."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    greeting: int = 0
    text: str = ""

    @property
    def gone(self) -> bool:
        """Whether the relay ended it."""
        return self.reader.at_eof() or self.writer.is_closing()


async def visit(port: int, source: str, seconds: float) -> Guest | None:
    """Connect from an address of loopback and hear the greeting; None if that is refused."""
    try:
        async with asyncio.timeout(seconds):
            pair = await asyncio.open_connection(LOCAL, port, local_addr=(source, 0))
            guest = Guest(*pair)
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, ValueError):
                guest.greeting, guest.text = await read_reply(guest.reader)
            return guest
    except OSError:
        return None


class Crowd:
    """Connections that stay open in a thread of their own."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.guests: list[Guest] = []
        self.refused = 0
        self._background = Background()
        self._dripping: list[asyncio.Task[None]] = []

    @contextmanager
    def running(self) -> Iterator["Crowd"]:
        with self._background:
            yield self
            self.leave()

    def come(self, sources: Sequence[str], *, seconds: float = OPEN_SECONDS) -> list[int]:
        """Let one guest come from each address; return their greetings in time, 0 for none."""

        async def all_of_them() -> list[Guest | None]:
            return await asyncio.gather(*(visit(self._port, source, seconds) for source in sources))

        came = self._background.run(all_of_them())
        self.guests += [guest for guest in came if guest is not None]
        return [guest.greeting if guest else 0 for guest in came]

    def drip(self, every: float) -> None:
        """Let each guest send a byte of a command that never ends, again and again."""

        async def one(guest: Guest) -> None:
            with contextlib.suppress(OSError):
                while not guest.gone:
                    guest.writer.write(b"E")
                    await guest.writer.drain()
                    await asyncio.sleep(every)

        async def begin() -> None:
            self._dripping += [asyncio.create_task(one(guest)) for guest in self.guests]

        self._background.run(begin())

    def gone(self) -> int:
        """Return how many guests the relay has sent away."""

        async def count() -> int:
            return sum(guest.gone for guest in self.guests)

        return self._background.run(count())

    def leave(self) -> None:
        """Let everybody go."""

        async def close() -> None:
            for task in self._dripping:
                task.cancel()
            for guest in self.guests:
                guest.writer.transport.abort()

        self._background.run(close())
        self.guests.clear()


def addresses(count: int, net: int, each: int = 10) -> list[str]:
    """Return addresses of loopback, so many connections from each."""
    return [f"127.0.{net}.{1 + number // each}" for number in range(count)]


def memory(pid: int) -> int:
    """Return the resident memory of one process, in bytes."""
    line = next(
        line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if "VmRSS" in line
    )
    return int(line.split()[1]) * 1024


def busy(pid: int, seconds: float) -> float:
    """Return which share of a processor one process uses for a while."""

    def used() -> int:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
        return int(fields[11]) + int(fields[12])

    before = used()
    time.sleep(seconds)
    return (used() - before) / TICKS / seconds


def most_memory(pid: int, until: Callable[[], bool]) -> int:
    """Return the most memory a process has until something holds."""
    most = memory(pid)
    while not until():
        time.sleep(0.1)
        most = max(most, memory(pid))
    return most
