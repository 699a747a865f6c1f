"""One SMTP session: an edge that translates, decides nothing, never blocks, never leaks.

aiosmtpd 1.4.6 gives us the commands. DATA is our own: it streams into a spool file and ends
at CRLF.CRLF only, and after every reply to it the envelope is new.
"""

import asyncio
import contextlib
import re
from typing import Any

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session

from filter import reply
from filter.intake import Intake
from filter.spool import Canonical, Spool
from mailstore.addresses import Address
from mailstore.envelopes import Client, Recipient
from mailstore.errors import BadAddress
from mailstore.settings import Settings

log = structlog.get_logger()

NULL_SENDER = "<>"
# RFC 5321 §4.1.2: a quoted local part may hold brackets; aiosmtpd reads addresses as headers
# write them, and would shorten some to another address.
PATH = re.compile(r"<(?P<path>(?:\"(?:[^\"\\]|\\.)*\"|[^<>\"])*)>(?: +(?P<rest>.*))?")
BARE_PATH = re.compile(r"(?P<path>[^<>\"\s]+)(?: +(?P<rest>.*))?")
BARE_LF = re.compile(rb"(?<!\r)\n")
END_OF_DATA = b"\r\n.\r\n"
EXTENSIONS = ["250-PIPELINING", "250-ENHANCEDSTATUSCODES"]


class RelayEnvelope(Envelope):
    """An envelope with its addresses parsed and its recipients found."""

    def __init__(self) -> None:
        super().__init__()
        self.sender: Address | None = None
        self.recipients: list[Recipient] = []


class Hooks:
    """What the sessions of one listener share: the answers to commands."""

    def __init__(self, intake: Intake, settings: Settings) -> None:
        self.intake = intake
        self.settings = settings

    async def handle_EHLO(
        self, _server: SMTP, session: Session, _envelope: Envelope, name: str, said: list[str]
    ) -> list[str]:
        """Offer what aiosmtpd does not by itself (RFC 2920, RFC 2034)."""
        session.host_name = name
        return [said[0], *EXTENSIONS, *said[1:]]

    async def handle_MAIL(
        self,
        _server: SMTP,
        _session: Session,
        envelope: RelayEnvelope,
        path: str,
        options: list[str],
    ) -> str:
        """Take the sender; None stands for the null path."""
        try:
            envelope.sender = None if path == NULL_SENDER else Address.parse(path)
        except BadAddress:
            return reply.BAD_SENDER
        envelope.mail_from = path
        envelope.mail_options.extend(options)
        return reply.OK_SENDER

    async def handle_RCPT(
        self,
        _server: SMTP,
        _session: Session,
        envelope: RelayEnvelope,
        path: str,
        _options: list[str],
    ) -> str:
        """Take a recipient who is one of ours."""
        if len(envelope.recipients) >= self.settings.max_recipients:
            return reply.TOO_MANY_RECIPIENTS
        try:
            address = await self.intake.directory.host_postmaster(path) or Address.parse(path)
        except BadAddress:
            return reply.BAD_RECIPIENT
        known = await self.intake.directory.knows(address)
        if isinstance(known, str):
            return known
        if address.key not in {recipient.address.key for recipient in envelope.recipients}:
            envelope.recipients.append(known)
        return reply.OK_RECIPIENT

    async def handle_exception(self, error: Exception) -> str:
        """Answer 451: without this hook aiosmtpd sends a final 500 that shows the error."""
        log.error("smtp_session_failed", exc_info=error)
        return reply.TRY_LATER


class RelaySMTP(SMTP):
    """A session of the relay."""

    # Also the reader's buffer, so that DATA comes in large pieces; commands keep their 512.
    line_length_limit = 2**16

    def __init__(self, hooks: Hooks, sessions: set["RelaySMTP"]) -> None:
        settings = hooks.settings
        self._sessions = sessions
        self.busy = False
        self._open_end = b""
        super().__init__(
            hooks,
            hostname=settings.hostname,
            ident="ESMTP Mailhafen",
            data_size_limit=settings.max_message_bytes,
            enable_SMTPUTF8=True,
            timeout=settings.smtp_timeout_seconds,
            loop=asyncio.get_running_loop(),
        )
        self._hooks = hooks

    @staticmethod
    def _getaddr(arg: str) -> tuple[str | None, str | None]:
        """Return the path of MAIL or RCPT as it was written, and the parameters after it."""
        found = PATH.fullmatch(arg) or BARE_PATH.fullmatch(arg)
        if found is None:
            return None, None
        return found["path"] or NULL_SENDER, found["rest"] or ""

    def data_received(self, data: bytes) -> None:
        """Let a mail take its time while it comes; a command ends with CRLF and nothing else."""
        super().data_received(data)
        if self.busy:
            self._reset_timeout()
        elif BARE_LF.search(self._open_end + data):
            self._close_with(reply.BARE_LINE_FEED)
        self._open_end = b"\r" if data.endswith(b"\r") else b""

    def eof_received(self) -> bool | None:
        """Answer a mail whose sender has nothing more to say."""
        if self.busy:
            return asyncio.StreamReaderProtocol.eof_received(self)
        return super().eof_received()

    async def handle_exception(self, error: Exception) -> str:
        """End a session that is over; anything else is the hook's."""
        if isinstance(error, asyncio.IncompleteReadError) and self.transport is not None:
            self.transport.close()
            return reply.CLOSING
        return await super().handle_exception(error)

    def _timeout_cb(self) -> None:
        self._close_with(reply.SILENT)

    def _close_with(self, status: str) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self._writer.write(status.encode() + b"\r\n")
            self.transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count the session in."""
        super().connection_made(transport)
        self._sessions.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        """Count the session out."""
        self._sessions.discard(self)
        super().connection_lost(error)

    async def say_goodbye(self, status: str) -> None:
        """End a session between two mails."""
        with contextlib.suppress(ConnectionError):
            await self.push(status)
        if self.transport is not None:
            self.transport.close()

    async def smtp_DATA(self, arg: str | None) -> None:
        """Stream the mail into a spool file, hand it over and say what became of it."""
        if await self.check_helo_needed():
            return
        if arg:
            await self.push("501 5.5.4 Syntax: DATA")
            return
        envelope = self.envelope
        if not isinstance(envelope, RelayEnvelope) or not envelope.recipients:
            await self.push("503 5.5.1 Need RCPT first")
            return
        self.envelope = self._create_envelope()
        with Spool(self._hooks.intake.spool_folder) as spool:
            self.busy = True
            try:
                await self.push("354 End data with <CR><LF>.<CR><LF>")
                fits = await self._receive(spool)
                status = await self._hand_over(envelope, spool) if fits else reply.TOO_LARGE
            finally:
                self.busy = False
        await self.push(status)

    async def _receive(self, spool: Spool) -> bool:
        """Read up to CRLF.CRLF; False if it was too large, and read to the end all the same."""
        limit, canonical = self._hooks.settings.max_message_bytes, Canonical()
        # As aiosmtpd does for STARTTLS: the command's own line end may begin the terminator.
        self._reader._buffer[:0] = b"\r\n"  # type: ignore[attr-defined]  # private
        more = True
        while more:
            try:
                chunk = (await self._reader.readuntil(END_OF_DATA))[: -len(b".\r\n")]
                more = False
            except asyncio.LimitOverrunError as error:
                chunk = await self._reader.readexactly(error.consumed)
            data = canonical.feed(chunk)
            if spool.size + len(data) <= limit:
                spool.write(data)
            else:
                spool.size = limit + 1
        if spool.size <= limit:
            spool.write(canonical.end())
        spool.bare = canonical.bare
        return spool.size <= limit

    def _create_envelope(self) -> RelayEnvelope:
        return RelayEnvelope()

    async def _hand_over(self, envelope: RelayEnvelope, spool: Spool) -> str:
        session: Any = self.session
        # No row can hold a NUL, nor the half characters of a name in another charset.
        helo = str(session.host_name or "").replace("\0", "?").encode("utf-8", "replace").decode()
        client = Client(
            ip=session.peer[0],
            helo=helo,
            tls=session.ssl is not None,
            esmtp=session.extended_smtp,
        )
        try:
            spool.check()
            return await self._hooks.intake.accept(
                client, envelope.sender, envelope.recipients, spool
            )
        except Exception as error:  # noqa: BLE001 (an edge: unplanned is temporary)
            return await self._hooks.handle_exception(error)
