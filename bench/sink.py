"""A next hop that takes mail as fast as it can and remembers what it took."""

import asyncio
import hashlib
import re
import threading
import time
from dataclasses import dataclass

END = b"\r\n.\r\n"
REPLIES = {
    b"EHLO": b"250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n",
    b"DATA": b"250 taken\r\n",
    b"QUIT": b"221 bye\r\n",
}
_ID = re.compile(rb"(?im)^X-Bench-Id: *(\S+)")
_PUBLIC_ID = re.compile(rb"(?im)^X-Mailhafen-Id: *(\S+)")


@dataclass(frozen=True, slots=True)
class Taken:
    """One mail as it came: its id, recipient, hash below our lines, when, and our id of it."""

    id: str
    recipient: str
    sha256: str
    at: float
    content: bytes
    public_id: str = ""


class Sink:
    """Runs in a thread of its own; `down` stops listening, `up` begins again on the same port.

    It takes `pause` seconds before it answers each mail.
    """

    def __init__(self, *, keep: bool = False, port: int = 0) -> None:
        self.taken: list[Taken] = []
        self.keep = keep
        self.pause = 0.0
        self.port = port
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()
        self.up()

    def stop(self) -> None:
        """End for good."""
        self.down()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def up(self) -> None:
        """Listen, on the same port as before."""
        asyncio.run_coroutine_threadsafe(self._up(), self._loop).result()

    def down(self) -> None:
        """Listen no more, and end what is open."""
        asyncio.run_coroutine_threadsafe(self._down(), self._loop).result()

    def wait(self, count: int, seconds: float) -> bool:
        """Whether so many mails came in time."""
        end = time.monotonic() + seconds
        while len(self.taken) < count and time.monotonic() < end:
            time.sleep(0.01)
        return len(self.taken) >= count

    async def _up(self) -> None:
        self._server = await asyncio.start_server(
            self._talk, "127.0.0.1", self.port, limit=2**20, backlog=512
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def _down(self) -> None:
        if self._server is not None:
            self._server.close()
            for writer in list(self._writers):
                writer.transport.abort()
            self._server = None
        await asyncio.sleep(0)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        writer.write(b"220 sink ESMTP\r\n")
        try:
            await self._answer(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        recipient = ""
        while line := await reader.readuntil(b"\r\n"):
            verb = line[:4].upper()
            if verb == b"RCPT":
                recipient = line.decode().partition("<")[2].partition(">")[0]
            elif verb == b"DATA":
                writer.write(b"354 go\r\n")
                self._take(recipient, await _until_end(reader))
                await asyncio.sleep(self.pause)
            writer.write(REPLIES.get(verb, b"250 ok\r\n"))
            if verb == b"QUIT":
                return

    def _take(self, recipient: str, stuffed: bytes) -> None:
        content = (b"\r\n" + stuffed).replace(b"\r\n..", b"\r\n.")[2:]
        found = _ID.search(content)
        at = content.find(b"X-Bench-Id:")
        own = content[at:] if at >= 0 else content
        ours = _PUBLIC_ID.search(content)
        self.taken.append(
            Taken(
                found[1].decode() if found else "",
                recipient,
                hashlib.sha256(own).hexdigest(),
                time.monotonic(),
                content if self.keep else b"",
                ours[1].decode() if ours else "",
            )
        )


async def _until_end(reader: asyncio.StreamReader) -> bytes:
    pieces = []
    while True:
        try:
            pieces.append((await reader.readuntil(END))[: -len(b".\r\n")])
        except asyncio.LimitOverrunError as error:
            pieces.append(await reader.readexactly(error.consumed))
        else:
            return b"".join(pieces)
