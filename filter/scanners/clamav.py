"""ClamAV: a mail is streamed to clamd by its INSTREAM command (man clamd, "COMMANDS").

Own, because aioclamd 1.1.0 speaks TCP only, and Debian's clamd listens at a socket file.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

from filter.rules.eicar import SYMBOL as VIRUS_FOUND
from filter.rules.outside_engines import CLAMAV_SUSPECTS
from filter.scanners.engine import Declined, Question, Unanswered
from mailstore.addresses import parse_host_port
from mailstore.envelopes import Symbol

CLEAN = "stream: OK"
FOUND = re.compile(r"stream: ([!-~]{1,200}) FOUND")
TOO_LARGE = "INSTREAM size limit exceeded. ERROR"
# What it did not look at, because a limit of its own was met (AlertExceedsMax).
LIMITS = "Heuristics.Limits.Exceeded"
GUESSES = ("Heuristics.", "PUA.")
LONGEST_REPLY = 4096
LENGTH = 4
END = bytes(LENGTH)

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class ClamAV:
    """A clamd, at HOST:PORT or at the path of its socket."""

    name = "clamav"

    def __init__(self, where: str) -> None:
        """Raise BadName for what is neither."""
        self._path = where if where.startswith("/") else ""
        self._host, self._port = ("", 0) if self._path else parse_host_port(where)

    async def ask(self, question: Question) -> Sequence[Symbol]:
        """Return the virus it knows a mail by, or its guess."""
        async with self._connection() as (reader, writer):
            # It may speak before it has everything, and hang up: what it said must not be lost.
            answer, sent = asyncio.ensure_future(_reply(reader)), False
            try:
                sent = await _stream(writer, question, answer)
                return _symbols(await answer)
            except ConnectionError as error:
                if sent:
                    raise
                # What it said of a mail that is too large can be lost with the connection.
                raise Declined("it hung up before it had everything") from error
            finally:
                answer.cancel()

    async def version(self) -> str:
        """Return the versions of the engine and of its signatures."""
        async with self._connection() as (reader, writer):
            writer.write(b"zVERSION\0")
            said = await _reply(reader)
        if not said.startswith("ClamAV "):
            raise Unanswered("not the reply of a clamd")
        return said

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Streams]:
        reader, writer = await self._connect()
        try:
            yield reader, writer
        finally:
            writer.transport.abort()  # each connection is for one mail, and all is said

    async def _connect(self) -> Streams:
        if self._path:
            return await asyncio.open_unix_connection(self._path, limit=LONGEST_REPLY)
        return await asyncio.open_connection(self._host, self._port, limit=LONGEST_REPLY)


async def _stream(
    writer: asyncio.StreamWriter, question: Question, answer: asyncio.Future[str]
) -> bool:
    """Send a mail; False if the other side hung up or spoke before it had everything."""
    with suppress(ConnectionError):  # the answer, or that there is none, says why
        writer.write(b"zINSTREAM\0")
        for chunk in question.chunks():
            if answer.done():
                return False
            writer.write(len(chunk).to_bytes(LENGTH) + chunk)
            await writer.drain()
        writer.write(END)
        await writer.drain()
        return True
    return False


async def _reply(reader: asyncio.StreamReader) -> str:
    try:
        said = await reader.readuntil(b"\0")
    except asyncio.IncompleteReadError as error:
        raise Unanswered("hung up within its reply" if error.partial else "hung up") from error
    except asyncio.LimitOverrunError as error:
        raise Unanswered("a reply without an end") from error
    return said[:-1].decode("ascii", "replace")


def _symbols(said: str) -> list[Symbol]:
    if said == CLEAN:
        return []
    if said == TOO_LARGE:
        raise Declined("too large for it")
    found = FOUND.fullmatch(said)
    if found is None:
        raise Unanswered("not the reply of a clamd")
    signature = found[1]
    if signature.startswith(LIMITS):
        raise Declined("too much in it")
    return [Symbol(CLAMAV_SUSPECTS if signature.startswith(GUESSES) else VIRUS_FOUND, signature)]
