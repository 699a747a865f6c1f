"""One TCP connection to a next hop: bounded replies, deadlines per phase, and TLS.

What breaks here is a HopDown: nobody knows what became of the mail in flight.
"""

import asyncio
import ssl
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass

from filter.proof import Demand
from mailstore.deliveries import Outcome, Result

CONNECT_SECONDS = 30.0
# RFC 5321 §4.5.3.2, per phase.
GREETING_SECONDS, COMMAND_SECONDS, BLOCK_SECONDS, END_SECONDS = 300.0, 300.0, 180.0, 600.0
CLOSE_SECONDS = 2.0
LONGEST_LINE = 2048
MOST_LINES = 100
WRITE_BUFFER = 2**20
YES, GO_ON, NO = 2, 3, 5

Content = Callable[[], Iterable[bytes]]


class HopDown(Exception):
    """The next hop does not answer, or ended the connection; the text says how."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address of a next hop; `host` is what its certificate must name.

    `demand`: what it must prove, where its domain says so and not the route.
    """

    host: str
    address: str
    port: int
    demand: Demand | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply of the other server."""

    code: int
    text: str

    @property
    def kind(self) -> int:
        """The class of the reply: 2 yes, 3 go on, 4 not now, 5 no (RFC 5321 §4.2.1)."""
        return self.code // 100

    def outcome(self) -> Outcome:
        """Return what the reply means for the mail it answers."""
        if self.kind == YES:
            return Outcome(Result.SENT, self.text)
        return Outcome(Result.REFUSED if self.kind == NO else Result.TRY_LATER, self.text)


class Endless(HopDown):
    """A reply that does not end; `begun` is what its beginning says."""

    def __init__(self, begun: Reply) -> None:
        super().__init__("the reply does not end")
        self.begun = begun


class Wire:
    """What goes over one connection, in whole commands and whole replies."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        writer.transport.set_write_buffer_limits(WRITE_BUFFER)

    @classmethod
    async def to(cls, endpoint: Endpoint) -> "Wire":
        """Connect, or raise HopDown."""
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                reader, writer = await asyncio.open_connection(
                    endpoint.address, endpoint.port, limit=LONGEST_LINE
                )
        except OSError as error:
            raise HopDown(f"no connection: {error.strerror or type(error).__name__}") from error
        return cls(reader, writer)

    @property
    def alive(self) -> bool:
        """Whether nobody hung up as far as we know."""
        return not (self._writer.is_closing() or self._reader.at_eof())

    def close(self, last: bytes = b"") -> None:
        """Say a last word and hang up."""
        if not self._writer.is_closing():
            self._writer.write(last)
            self._writer.close()
            self._ending = asyncio.create_task(self._end())

    async def _end(self) -> None:
        # TLS takes a moment to end, and uvloop 0.23 cannot close a loop in which it still does.
        try:
            with suppress(OSError):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await self._writer.wait_closed()
        finally:
            self.abort()

    def abort(self) -> None:
        """Hang up at once: what was begun must not end as if it were whole."""
        self._writer.transport.abort()

    def write(self, data: bytes) -> None:
        """Send bytes soon, or raise HopDown."""
        # uvloop 0.23 has its own error for writing to what is closed.
        if self._writer.is_closing():
            raise HopDown("the connection broke")
        self._writer.write(data)

    async def drain(self) -> None:
        """Wait until the other server took what was written, or raise HopDown."""
        try:
            async with asyncio.timeout(BLOCK_SECONDS):
                await self._writer.drain()
        except OSError as error:
            raise HopDown(f"the connection broke: {type(error).__name__}") from error

    async def reply(self, seconds: float) -> Reply:
        """Return the next reply, or raise HopDown for one that is late, endless or no SMTP."""
        lines: list[str] = []
        try:
            async with asyncio.timeout(seconds):
                while len(lines) < MOST_LINES:
                    raw = await self._reader.readuntil(b"\n")
                    line = raw.decode("utf-8", "replace").rstrip("\r\n")
                    lines.append(line)
                    if line[3:4] != "-":
                        return _parse(lines)
        except asyncio.LimitOverrunError:
            begun = await self._reader.read(LONGEST_LINE)
            lines.append(begun.decode("utf-8", "replace"))
        except (OSError, asyncio.IncompleteReadError) as error:
            raise HopDown(f"the connection broke: {type(error).__name__}") from error
        raise Endless(_parse(lines))

    async def secure(self, context: ssl.SSLContext, host: str) -> None:
        """Go on in TLS, or raise HopDown; more in plain after the 220 ends it (RFC 3207 §5)."""
        try:
            async with asyncio.timeout(COMMAND_SECONDS):
                await self._writer.start_tls(context, server_hostname=host)
        except (OSError, ValueError) as error:
            raise HopDown(f"no TLS: {_why(error)}") from error
        # Only now can no more come in plain; under TLS it is our turn to speak.
        if await self._said_more():
            raise HopDown("the server spoke between its reply and TLS")

    @property
    def version(self) -> str:
        """The version of TLS; empty in plain."""
        secured = self._writer.get_extra_info("ssl_object")
        return secured.version() or "" if secured else ""

    @property
    def certificate(self) -> bytes:
        """What the other server showed, in DER; empty in plain."""
        secured = self._writer.get_extra_info("ssl_object")
        return secured.getpeercert(binary_form=True) or b"" if secured else b""

    async def _said_more(self) -> bool:
        try:
            async with asyncio.timeout(0):
                return bool(await self._reader.read(1))
        except TimeoutError:
            return False


class DotStuffer:
    """Doubles leading dots and adds the terminator (RFC 5321 §4.5.2), however chunks are cut."""

    def __init__(self) -> None:
        self._tail = b"\r\n"

    def feed(self, chunk: bytes) -> bytes:
        """Return what goes over the wire for this chunk."""
        whole = self._tail + chunk
        stuffed = whole.replace(b"\r\n.", b"\r\n..")
        kept, self._tail = len(self._tail), whole[-2:]
        return stuffed[kept:]

    def end(self) -> bytes:
        """Return the terminator, with a line end where the mail lacks its last one."""
        return b".\r\n" if self._tail == b"\r\n" else b"\r\n.\r\n"


def _parse(lines: list[str]) -> Reply:
    try:
        code = int(lines[-1][:3])
    except ValueError:
        raise HopDown("the reply is not SMTP") from None
    return Reply(code, "\n".join([lines[-1][:3] + " " + line[4:] for line in lines]).strip())


def _why(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, ssl.SSLError):
        return (error.reason or "the handshake failed").replace("_", " ").lower()
    return type(error).__name__
