"""A next hop in a process of its own, made to be no limit: it counts, and notes what came when.

    python -m bench.fastsink 10025 127.0.0.1

Each line it reads is answered with a line of JSON: `count`, `report`, or `forget`. It ends with
its input.
"""

import asyncio
import json
import re
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self, cast

import uvloop

from bench.installation import free_port
from mailstore.sandbox import ROOT

HERE = "127.0.0.1"
END = b"\r\n.\r\n"
GO_ON = {
    b"EHLO": b"250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n",
    b"DATA": b"354 go\r\n",
    b"QUIT": b"221 bye\r\n",
}
POLL = 0.05
PATIENCE = 10.0
_ID = re.compile(rb"(?im)^X-Bench-Id: *(\d+)")


@dataclass(slots=True)
class Arrivals:
    """What came: ids in their order, moments of the machine's clock, connections at once."""

    ids: list[int] = field(default_factory=list)
    moments: list[float] = field(default_factory=list)
    connected_at: float = 0.0
    connections: int = 0
    most: int = 0

    @property
    def seconds(self) -> float:
        """From the first connection to the last mail."""
        return max(self.moments, default=0.0) - self.connected_at

    @property
    def twice(self) -> int:
        """How many mails came once more."""
        return len(self.ids) - len(set(self.ids))

    def missing(self, count: int) -> int:
        """Return how many of so many mails never came."""
        return count - len(set(self.ids))

    def out_of_order(self, places: int) -> float:
        """Return the share of mails that came more than so many places away from their age's."""
        right = {each: place for place, each in enumerate(sorted(self.ids))}
        off = sum(abs(right[each] - place) > places for place, each in enumerate(self.ids))
        return off / max(len(self.ids), 1)


class FastSink:
    """`with FastSink() as sink:` runs it, and asks it what came."""

    def __init__(self, addresses: Sequence[str] = (HERE,)) -> None:
        self.port = free_port()
        self._addresses = addresses

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "bench.fastsink", str(self.port), *self._addresses]
        self._process = subprocess.Popen(  # noqa: S603 (our own command)
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.count()  # it answers once it listens
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=PATIENCE)

    def forget(self) -> None:
        """Begin anew."""
        self._ask("forget")

    def count(self) -> int:
        """Return how many mails came."""
        return int(self._ask("count"))

    def report(self) -> Arrivals:
        """Return what came."""
        return Arrivals(**self._ask("report"))

    def wait(self, count: int, seconds: float) -> bool:
        """Whether so many mails came; gives up where none came for so long."""
        came, since = self.count(), time.monotonic()
        while came < count and time.monotonic() < since + seconds:
            time.sleep(POLL)
            before, came = came, self.count()
            since = time.monotonic() if came > before else since
        return came >= count

    def _ask(self, line: str) -> Any:
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the sink has no pipes")
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


class _Session(asyncio.Protocol):
    """One connection; replies to what came together go out together."""

    def __init__(self, arrivals: Arrivals) -> None:
        self._arrivals = arrivals
        self._buffer = bytearray()
        self._in_content = False
        self._looked = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        arrivals = self._arrivals
        arrivals.connected_at = arrivals.connected_at or time.monotonic()
        arrivals.connections += 1
        arrivals.most = max(arrivals.most, arrivals.connections)
        self._transport.write(b"220 sink ESMTP\r\n")

    def connection_lost(self, _error: Exception | None) -> None:
        self._arrivals.connections -= 1

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        said = b""
        while answer := self._content() if self._in_content else self._command():
            said += answer
        if said:
            self._transport.write(said)
        if said.endswith(GO_ON[b"QUIT"]):
            self._transport.close()

    def _command(self) -> bytes:
        end = self._buffer.find(b"\r\n")
        if end < 0:
            return b""
        verb = bytes(self._buffer[:4]).upper()
        self._in_content = verb == b"DATA"
        # The line end of DATA stays: an empty mail ends right there.
        del self._buffer[: end if self._in_content else end + 2]
        return GO_ON.get(verb, b"250 ok\r\n")

    def _content(self) -> bytes:
        end = self._buffer.find(END, max(self._looked - len(END), 0))
        if end < 0:
            self._looked = len(self._buffer)
            return b""
        found = _ID.search(self._buffer, 0, end)
        self._arrivals.ids.append(int(found[1]) if found else -1)
        self._arrivals.moments.append(time.monotonic())
        del self._buffer[: end + len(END)]
        self._in_content, self._looked = False, 0
        return b"250 taken\r\n"


async def _serve(port: int, addresses: Sequence[str]) -> None:
    arrivals, reader, loop = Arrivals(), asyncio.StreamReader(), asyncio.get_running_loop()
    await loop.create_server(lambda: _Session(arrivals), addresses, port, backlog=512)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        if line == b"forget\n":
            arrivals = Arrivals()
        answer: object = asdict(arrivals) if line == b"report\n" else len(arrivals.ids)
        sys.stdout.write(f"{json.dumps(answer)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    # A listener at each of a thousand addresses needs more files than a shell allows at first.
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    uvloop.run(_serve(int(sys.argv[1]), sys.argv[2:]))
