"""One SMTP connection: counted, timed, and read line by line within bounds.

aiosmtpd 1.4.6 takes lines that end with LF, makes a timer for each command, gives a second one
for nothing to whoever is slow, and knows no limits; here is what stands in place of that.
"""

import asyncio
from ssl import SSLContext
from typing import Any

from aiosmtpd.smtp import SMTP

from filter import proxy, reply
from filter.hooks import Hooks
from filter.timing import Patience

# RFC 5321 §4.5.3.1.4 asks for 512, and extensions for more. What waits beyond stays unread.
LONGEST_COMMAND = 2048
MOST_UNSENT = 2**16
UNKNOWN_PAUSE = 1.0
HANDSHAKE_SECONDS = 60.0


class Over(Exception):
    """The session ends with this reply."""


GONE = (asyncio.IncompleteReadError, ConnectionError)


class Connection(SMTP):
    """A client's connection; what it says is obeyed by a subclass."""

    def __init__(self, hooks: Hooks, connections: set["Connection"]) -> None:
        loop = asyncio.get_running_loop()
        self.__dict__.update(self._pattern(hooks, loop))
        reader = asyncio.StreamReader(limit=LONGEST_COMMAND, loop=loop)
        asyncio.StreamReaderProtocol.__init__(self, reader, self._cb_client_connected, loop)
        self._hooks, self._connections = hooks, connections
        self._patience = Patience(hooks.settings, self._lose_patience)
        self._ip = ""
        self._counted: str | None = None
        self._refusal: str | None = None
        self._errors = self._unknown = 0
        self.busy = self.trusted = self.may_claim = self.encrypted = False

    @classmethod
    def _pattern(cls, hooks: Hooks, loop: asyncio.AbstractEventLoop) -> dict[str, Any]:
        """Return what aiosmtpd sets in every session, the same for all of one listener.

        aiosmtpd 1.4.6 finds its own methods by looking through all members of three objects;
        for each connection that would cost as much as taking a mail.
        """
        if hooks.pattern is None:
            made = object.__new__(cls)
            SMTP.__init__(
                made,
                hooks,
                hostname=hooks.settings.hostname,
                ident="ESMTP Mailhafen",
                data_size_limit=hooks.settings.max_message_bytes,
                enable_SMTPUTF8=True,
                loop=loop,
            )
            hooks.pattern = made.__dict__
        return hooks.pattern

    @property
    def ip(self) -> str:
        """The address of whoever speaks, as far as we and trusted peers know."""
        return self._ip

    @property
    def tls_context(self) -> SSLContext | None:
        """What a handshake needs now; None without a certificate, and under TLS."""
        certificate = self._hooks.certificate
        return certificate.context if certificate is not None and not self.encrypted else None

    @tls_context.setter
    def tls_context(self, _given: object) -> None:
        """Let aiosmtpd set what it was not given."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count the session in."""
        super().connection_made(transport)
        self._connections.add(self)
        peer = transport.get_extra_info("peername")
        self.may_claim = self._hooks.trusts(peer[0] if peer else "")
        self._refusal = self._speaks_for(peer[0] if peer else "")

    def connection_lost(self, _error: Exception | None) -> None:
        """Count the session out."""
        self._connections.discard(self)
        self._count_out()
        # Nobody will ask why, and asyncio would log that nobody did.
        super().connection_lost(None)

    def data_received(self, data: bytes) -> None:
        """Let a mail take its time while it comes."""
        super().data_received(data)
        if self.busy:
            self._patience.came(len(data))

    def eof_received(self) -> bool | None:
        """Answer what was said before the client had nothing more to say."""
        return asyncio.StreamReaderProtocol.eof_received(self)

    def _speaks_for(self, ip: str) -> str | None:
        """Count the session for an address, or return the reply that refuses it."""
        self._count_out()
        self._ip, self.trusted = ip, self._hooks.trusts(ip)
        if self.trusted:
            return None
        refusal = self._hooks.gate.enter(ip)
        self._counted = ip if refusal is None else None
        return refusal

    def _count_out(self) -> None:
        if self._counted is not None:
            self._hooks.gate.leave(self._counted)
            self._counted = None

    def _reset_timeout(self, duration: float | None = None) -> None:  # noqa: ARG002 (aiosmtpd's)
        # aiosmtpd only cancels it, when the connection is lost.
        self._timeout_handle = self._patience  # type: ignore[assignment]  # stands in

    def _close_with(self, status: str) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self._writer.write(status.encode() + b"\r\n")
            self._close()

    def _close(self) -> None:
        """Close once the client has read what we said, but not only then."""
        if self.transport is not None:
            self.transport.close()
            self._patience.for_farewell()

    def _lose_patience(self) -> None:
        if self.transport is not None and self.transport.is_closing():
            self._writer.transport.abort()
        self._close_with(reply.SILENT)

    def say_goodbye(self) -> None:
        """End a session between two mails."""
        self._close_with(reply.CLOSING)

    async def _handle_client(self) -> None:
        """Greet, then obey one command after another until the session is over."""
        try:
            await self._greet()
            while self.transport is not None and not self.transport.is_closing():
                self._patience.for_command(crowded=not self.trusted and self._hooks.gate.crowded)
                line = await self._read_command()
                self._patience.for_us()
                await self._obey(line)
        except Over as over:
            self._close_with(str(over))
        except GONE:
            pass  # the client went away
        self._close()

    async def _greet(self) -> None:
        if self._refusal is not None:
            raise Over(self._refusal)
        if not self.trusted:
            await asyncio.sleep(self._hooks.settings.greeting_pause_seconds)
            self._nothing_said_yet()
        await self.push(f"220 {self.hostname} {self.__ident__}")
        if self.may_claim:
            self._patience.for_command(crowded=False)
            await self._read_proxy_header()

    def _nothing_said_yet(self) -> None:
        """End a session whose client talks when it is our turn (RFC 2920 §3.1)."""
        if self._reader._buffer:  # type: ignore[attr-defined]  # private
            raise Over(reply.TOO_EARLY)

    async def _read_proxy_header(self) -> None:
        """Believe a trusted peer that begins with a PROXY header; mail cannot begin so."""
        first = await self._reader.readexactly(1)
        self._reader._buffer[:0] = first  # type: ignore[attr-defined]  # private
        if first in (proxy.WORD[:1], proxy.SIGNATURE[:1]):
            self._patience.for_proxy_header()
            try:
                source = (await proxy.read(self._reader)).source
            except proxy.BadHeader:
                raise Over(reply.BAD_PROXY) from None
            if source is not None:
                # From here on it is the client who talks, and nobody vouches for what it claims.
                self.may_claim = False
                if refusal := self._speaks_for(source):
                    raise Over(refusal)

    async def _read_command(self) -> bytes:
        """Return one line without its end; what is too long is skipped and refused."""
        while True:
            try:
                line = await self._reader.readuntil(b"\n")
                break
            except asyncio.LimitOverrunError as error:
                await self._reader.readexactly(error.consumed)
                await self._skip_line()
                await self.push(reply.TOO_LONG)
        if not line.endswith(b"\r\n"):
            raise Over(reply.BARE_LINE_FEED)
        return line[:-2]

    async def _skip_line(self) -> None:
        more = True
        while more:
            try:
                await self._reader.readuntil(b"\n")
                more = False
            except asyncio.LimitOverrunError as error:
                await self._reader.readexactly(error.consumed)

    async def begin_tls(self, context: SSLContext) -> None:
        """Shake hands and forget what was said before (RFC 3207 §4.2), or raise a GONE.

        aiosmtpd 1.4.6 waits for a handshake as long as asyncio does, and never tells the session
        that its client left within one.
        """
        seconds = min(HANDSHAKE_SECONDS, self._hooks.settings.smtp_timeout_seconds)
        self._reader._buffer.clear()  # type: ignore[attr-defined]  # private
        try:
            await self._writer.start_tls(context, ssl_handshake_timeout=seconds)
        except OSError as error:
            self.connection_lost(error)
            raise ConnectionResetError from error
        self.transport = self._writer.transport
        # CPython 3.11 leaves the reader with the transport that TLS itself reads from.
        self._reader._transport = self.transport  # type: ignore[attr-defined]  # private
        self.encrypted = True
        self.session = self._create_session()
        self._set_rset_state()  # type: ignore[no-untyped-call]  # private

    async def push(self, status: str | bytes) -> None:
        """Send a reply; a client that only makes errors is sent away."""
        response = status.encode() if isinstance(status, str) else status
        failed = response.startswith(b"5")
        if failed:
            response = reply.enhanced(response)
        if self.transport is None or self.transport.is_closing():
            raise ConnectionResetError
        self._writer.write(response + b"\r\n")
        if self._writer.transport.get_write_buffer_size() > MOST_UNSENT:
            self._patience.for_command(crowded=False)
            await self._writer.drain()
        if failed and not self.trusted:
            self._errors += 1
            if self._errors >= self._hooks.settings.max_errors:
                raise Over(reply.TOO_MANY_ERRORS)

    async def guessed(self) -> None:
        """Slow a client down that guesses recipients."""
        self._unknown += 1
        if self._unknown > self._hooks.settings.max_unknown_recipients and not self.trusted:
            await asyncio.sleep(UNKNOWN_PAUSE)

    async def _obey(self, line: bytes) -> None:
        raise NotImplementedError
