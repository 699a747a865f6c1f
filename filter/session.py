"""One SMTP session: an edge that translates, decides nothing, never blocks, never leaks.

aiosmtpd 1.4.6 knows the commands. DATA is our own: it streams into a spool file and ends at
CRLF.CRLF only, and after every reply to it the envelope is new.
"""

import asyncio
import re
from collections.abc import Sequence
from typing import Any

from filter import reply, xclient
from filter.connection import GONE, LONGEST_COMMAND, Connection, Over
from filter.hooks import NULL_SENDER, Hooks, RelayEnvelope
from filter.outgoing import Submission
from filter.spool import Canonical, Spool
from mailstore.envelopes import Client

# RFC 5321 §4.1.2: a quoted local part may hold brackets; aiosmtpd reads addresses as headers
# write them, and would shorten some to another address.
PATH = re.compile(r"<(?P<path>(?:\"(?:[^\"\\]|\\.)*\"|[^<>\"])*)>(?: +(?P<rest>.*))?")
BARE_PATH = re.compile(r"(?P<path>[^<>\"\s]+)(?: +(?P<rest>.*))?")
END_OF_DATA = b"\r\n.\r\n"
LONGEST_PIECE = 2**16


class RelaySMTP(Connection):
    """A session of the relay."""

    def __init__(self, hooks: Hooks, connections: set[Connection]) -> None:
        super().__init__(hooks, connections)
        self._claim = xclient.NOTHING

    async def _obey(self, line: bytes) -> None:
        verb, _, rest = line.partition(b" ")
        name = verb.upper().decode("ascii", "replace")
        if name == "PROXY":
            raise Over(reply.BAD_PROXY)
        method = getattr(self, f"smtp_{name}", None) if name in self._smtp_methods else None
        if method is None or b"\r" in line or b"\0" in line:
            await self.push(reply.UNKNOWN_COMMAND if method is None else reply.BAD_COMMAND)
            return
        try:
            await method(rest.strip().decode("utf-8", "surrogateescape") or None)
        except (Over, *GONE):
            raise
        except Exception as error:  # noqa: BLE001 (an edge: unplanned is temporary)
            await self.push(await self._hooks.handle_exception(error))

    @staticmethod
    def _getaddr(arg: str) -> tuple[str | None, str | None]:
        """Return the path of MAIL or RCPT as it was written, and the parameters after it."""
        found = PATH.fullmatch(arg) or BARE_PATH.fullmatch(arg)
        if found is None:
            return None, None
        return found["path"] or NULL_SENDER, found["rest"] or ""

    def _getparams(self, params: Sequence[str]) -> dict[str, str | bool] | None:
        """Return the parameters of MAIL or RCPT, or None: aiosmtpd 1.4.6 fails at `SIZE=²`."""
        found: dict[str, str | bool] | None = super()._getparams(params)
        return found if all(map(str.isascii, params)) else None

    async def smtp_STARTTLS(self, arg: str | None) -> None:
        """Go on under TLS, with a session that begins anew."""
        context = self.tls_context
        if arg:
            await self.push("501 5.5.4 Syntax: STARTTLS")
        elif context is None:
            await self.push(reply.NO_MORE_TLS if self.encrypted else reply.NO_TLS)
        else:
            await self.push(reply.READY_FOR_TLS)
            await self.begin_tls(context)
            self._claim = xclient.NOTHING

    async def smtp_VRFY(self, _arg: str | None) -> None:
        """Say nothing of who has a mailbox, nor anything back (RFC 5321 §7.3)."""
        await self.push(reply.CANNOT_VERIFY)

    async def smtp_HELP(self, _arg: str | None) -> None:
        """Help nobody: whoever needs it is no mail server."""
        await self.push(reply.HELP)

    async def smtp_AUTH(self, _arg: str | None) -> None:
        """Refuse: nobody signs in where mail comes in."""
        await self.push(reply.NOT_OFFERED)

    async def smtp_BDAT(self, _arg: str | None) -> None:
        """Refuse: CHUNKING is not offered (RFC 3030)."""
        await self.push(reply.NOT_OFFERED)

    async def smtp_XCLIENT(self, arg: str | None) -> None:
        """Let a trusted peer say for whom it speaks; then the session begins anew."""
        if not self.may_claim:
            await self.push(reply.NO_XCLIENT)
            return
        if self.envelope is not None and self.envelope.mail_from:
            await self.push(reply.NOT_NOW)
            return
        try:
            self._claim = xclient.parse(arg or "", self._claim)
        except xclient.BadClaim:
            await self.push(reply.BAD_XCLIENT)
            return
        if self._claim.ip is not None and (refusal := self._speaks_for(self._claim.ip)):
            raise Over(refusal)
        self._set_post_data_state()  # type: ignore[no-untyped-call]  # private
        if self.session is not None:
            self.session.host_name = None
        await self.push(f"220 {self.hostname} {self.__ident__}")

    async def smtp_DATA(self, arg: str | None) -> None:
        """Stream the mail into a spool file, hand it over and say what became of it."""
        if await self.check_helo_needed():
            return
        if arg:
            await self.push("501 5.5.4 Syntax: DATA")
            return
        envelope = self.envelope
        if not isinstance(envelope, RelayEnvelope) or not envelope.addresses:
            await self.push("503 5.5.1 Need RCPT first")
            return
        self._nothing_said_yet()
        self.envelope = self._create_envelope()
        if self._hooks.space.low:
            await self.push(reply.NO_SPACE)
            return
        with Spool(self._hooks.intake.spool_folder) as spool:
            self.busy = True
            try:
                await self.push("354 End data with <CR><LF>.<CR><LF>")
                self._patience.for_mail(limited=not self.trusted)
                fits = await self._receive(spool)
                self._patience.for_us()
                status = await self._hand_over(envelope, spool) if fits else reply.TOO_LARGE
            finally:
                self.busy = False
        await self.push(status)

    async def _receive(self, spool: Spool) -> bool:
        """Read up to CRLF.CRLF; False if it was too large, and read to the end all the same."""
        reader, canonical = self._reader, Canonical()
        reader._limit = LONGEST_PIECE  # type: ignore[attr-defined]  # private
        # As aiosmtpd does for STARTTLS: the command's own line end may begin the terminator.
        reader._buffer[:0] = b"\r\n"  # type: ignore[attr-defined]  # private
        limit, more = self._hooks.settings.max_message_bytes, True
        while more:
            try:
                chunk = (await reader.readuntil(END_OF_DATA))[: -len(b".\r\n")]
                more = False
            except asyncio.LimitOverrunError as error:
                chunk = await reader.readexactly(error.consumed)
            data = canonical.feed(chunk)
            if spool.size + len(data) <= limit:
                spool.write(data)
            else:
                spool.size = limit + 1
        reader._limit = LONGEST_COMMAND  # type: ignore[attr-defined]  # private
        if spool.size <= limit:
            spool.write(canonical.end())
        spool.bare = canonical.bare
        return spool.size <= limit

    @property
    def _user(self) -> str | None:
        """Who signed in, as far as a trusted peer says so."""
        return self._claim.user

    def _create_envelope(self) -> RelayEnvelope:
        return RelayEnvelope()

    async def _hand_over(self, envelope: RelayEnvelope, spool: Spool) -> str:
        session: Any = self.session
        claim = self._claim
        # No row can hold a NUL, nor the half characters of a name in another charset.
        helo = str(claim.helo or session.host_name or "").replace("\0", "?")
        client = Client(
            ip=self._ip,
            helo=helo.encode("utf-8", "replace").decode(),
            tls=self.encrypted,
            user=self._user,
            esmtp=session.extended_smtp if claim.esmtp is None else claim.esmtp,
        )
        try:
            spool.check()
            intake, sender = self._hooks.intake, envelope.sender
            if (submitter := envelope.submitter) is not None:
                to, unknown = envelope.addresses, envelope.unknown
                return await intake.send(Submission(client, submitter, sender, to, unknown), spool)
            return await intake.accept(client, sender, list(envelope.recipients.values()), spool)
        except Exception as error:  # noqa: BLE001 (an edge: unplanned is temporary)
            return await self._hooks.handle_exception(error)
