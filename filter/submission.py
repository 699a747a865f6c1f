"""Submission: people's programs hand in mail, under TLS and signed in (RFC 6409, 8314, 4954).

Nobody is told whether it was the name or the password that did not fit, and looking at either takes
the same time, in threads of its own: the loop serves everybody else meanwhile.
"""

import asyncio
import base64
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from aiosmtpd.smtp import Envelope, Session

from filter import reply, sasl
from filter.connection import Connection, Over
from filter.hooks import Hooks, RelayEnvelope
from filter.intake import Intake
from filter.limits import Gate
from filter.sasl import Shown
from filter.session import RelaySMTP
from filter.tls import Certificate
from mailstore.sending import entering
from mailstore.sending.entering import Answer, Entrant
from mailstore.sending.submitters import Submitter
from mailstore.store import Store

OFFER = "250-AUTH PLAIN LOGIN"
MOST_WRONG = 10
THREADS = 2
LONGEST_NAME = 320


class SubmissionHooks(Hooks):
    """The answers where people send: nobody says MAIL who did not sign in."""

    def __init__(self, store: Store, intake: Intake, gate: Gate, certificate: Certificate) -> None:
        super().__init__(intake, store.settings, gate, certificate)
        self._store = store
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="sign-in")

    async def sign_in(self, shown: Shown, ip: str) -> Answer:
        """Look at a name and a secret, beside the loop."""
        if not shown.whole or len(shown.name) > LONGEST_NAME:
            return Answer()
        look = partial(entering.enter, self._store, shown.name, shown.secret, ip)
        return await asyncio.get_running_loop().run_in_executor(self._threads, look)

    async def handle_EHLO(
        self, server: Any, session: Session, envelope: Envelope, name: str, said: list[str]
    ) -> list[str]:
        """Offer to sign in where a password can be said."""
        *offers, last = await super().handle_EHLO(server, session, envelope, name, said)
        may = server.encrypted and server.entrant is None
        return [*offers, *([OFFER] if may else ()), last]

    async def handle_MAIL(
        self, server: Any, session: Session, envelope: RelayEnvelope, path: str, options: list[str]
    ) -> str:
        """Take the sender from whoever signed in, and may send still."""
        if not server.encrypted:
            return reply.TLS_FIRST
        entrant = server.entrant
        submitter = entrant and await self.intake.directory.in_thread(self._submitter, entrant)
        if submitter is None:
            server.entrant = None
            return reply.SIGN_IN_FIRST
        envelope.submitter = submitter
        return await super().handle_MAIL(server, session, envelope, path, options)

    def _submitter(self, entrant: Entrant) -> Submitter | None:
        with self._store.read() as db:
            return entering.submitter_of(db, entrant)


class SubmissionSMTP(RelaySMTP):
    """A session of somebody who sends."""

    _hooks: SubmissionHooks

    def __init__(self, hooks: SubmissionHooks, connections: set[Connection]) -> None:
        super().__init__(hooks, connections)
        self.entrant: Entrant | None = None
        self._name: str | None = None
        self._wrong = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count the session in, under TLS already where that comes first (RFC 8314 §3.3)."""
        super().connection_made(transport)
        self.encrypted = transport.get_extra_info("sslcontext") is not None
        # A PROXY header would come before TLS.
        self.may_claim = self.may_claim and not self.encrypted

    @property
    def _user(self) -> str | None:
        return self._name

    def _getparams(self, params: Any) -> dict[str, str | bool] | None:
        """Return the parameters but AUTH, which says whom a trusted server vouches for."""
        found = super()._getparams(params)
        if found is not None:
            # RFC 4954 §5: here nobody is, so it means the same as `<>`.
            found.pop("AUTH", None)
        return found

    async def smtp_XCLIENT(self, _arg: str | None) -> None:
        """Refuse: people speak for themselves."""
        await self.push(reply.NOT_OFFERED)

    async def smtp_AUTH(self, arg: str | None) -> None:
        """Let somebody sign in, by what they show at once or when asked."""
        if await self.check_helo_needed("EHLO"):
            return
        mechanism, _, first = (arg or "").partition(" ")
        ask = {"PLAIN": self._by_plain, "LOGIN": self._by_login}.get(mechanism.upper())
        if (refusal := self._may_not_sign_in()) or ask is None:
            await self.push(refusal or reply.NO_MECHANISM)
            return
        try:
            shown = await ask(first.strip().encode("utf-8", "surrogateescape"))
        except sasl.Cancelled:
            await self._failed(reply.CANCELLED)
        except sasl.BadResponse:
            await self._failed(reply.BAD_RESPONSE)
        else:
            await self._enter(shown)

    def _may_not_sign_in(self) -> str | None:
        if not self.encrypted:
            return reply.NOT_IN_THE_CLEAR
        if self.entrant is not None:
            return reply.SIGNED_IN_ALREADY
        return reply.NOT_NOW if self.envelope is not None and self.envelope.mail_from else None

    async def _enter(self, shown: Shown) -> None:
        answer = await self._hooks.sign_in(shown, self._ip)
        if answer.entrant is None:
            said = reply.TOO_OFTEN_WRONG if answer.too_often else reply.DOES_NOT_FIT
            await self._failed(said)
            return
        self.entrant, self._name = answer.entrant, shown.name
        await self.push(reply.SIGNED_IN)

    async def _failed(self, said: str) -> None:
        """Say that nobody signed in; whoever only tries is sent away, trusted peers too."""
        self._wrong += 1
        if self._wrong >= MOST_WRONG:
            raise Over(reply.TOO_MANY_ERRORS)
        await self.push(said)

    async def _by_plain(self, first: bytes) -> Shown:
        return sasl.plain(await self._response(first, b""))

    async def _by_login(self, first: bytes) -> Shown:
        name = sasl.text(await self._response(first, b"Username:"))
        return Shown(name, sasl.text(await self._response(b"", b"Password:")))

    async def _response(self, first: bytes, asked: bytes) -> bytes:
        """Return what somebody says: with the command already, or when asked for it."""
        if first == sasl.EMPTY:
            return b""
        if not first:
            await self.push(b"334 " + base64.b64encode(asked))
            self._patience.for_command(crowded=False)
            first = await self._read_command()
            self._patience.for_us()
        return sasl.decoded(first)
