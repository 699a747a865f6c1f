"""What the sessions of one listener share, and their answers to commands."""

import functools
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session

from filter import reply, xclient
from filter.intake import Intake
from filter.limits import Gate
from filter.space import FreeSpace
from filter.tls import Certificate
from mailstore.addresses import Address
from mailstore.db import storage_full
from mailstore.errors import BadAddress
from mailstore.settings import Settings

if TYPE_CHECKING:
    from mailstore.envelopes import Recipient
    from mailstore.sending.submitters import Submitter

log = structlog.get_logger()

NULL_SENDER = "<>"
EXTENSIONS = ["250-PIPELINING", "250-ENHANCEDSTATUSCODES"]


class RelayEnvelope(Envelope):
    """An envelope with its addresses parsed and its recipients found.

    With a `submitter` it may go to strangers too; so many `unknown` ones of ours were refused.
    """

    def __init__(self) -> None:
        super().__init__()
        self.sender: Address | None = None
        self.recipients: dict[str, Recipient] = {}
        self.strangers: dict[str, Address] = {}
        self.submitter: Submitter | None = None
        self.unknown = 0

    @property
    def addresses(self) -> list[Address]:
        """Everybody it is for."""
        return [*(each.address for each in self.recipients.values()), *self.strangers.values()]


class Hooks:
    """The answers to commands; also whom to trust, and how much of everything."""

    def __init__(
        self,
        intake: Intake,
        settings: Settings,
        gate: Gate,
        certificate: Certificate | None = None,
    ) -> None:
        self.intake = intake
        self.settings = settings
        self.gate = gate
        self.certificate = certificate
        self.pattern: dict[str, Any] | None = None
        self.space = FreeSpace(settings.data_dir, settings.min_free_bytes)
        self._trusted = settings.trusted_networks
        self.trusts = functools.lru_cache(10_000)(self._trusts)

    async def handle_EHLO(
        self, server: Any, session: Session, _envelope: Envelope, name: str, said: list[str]
    ) -> list[str]:
        """Offer what we do, and not what aiosmtpd could (RFC 2920, RFC 2034)."""
        session.host_name = name
        offers = [line for line in said[1:] if not line.startswith("250-AUTH")]
        if server.may_claim:
            offers.insert(0, f"250-{xclient.OFFER}")
        return [said[0], *EXTENSIONS, *offers]

    async def handle_MAIL(
        self,
        _server: SMTP,
        _session: Session,
        envelope: RelayEnvelope,
        path: str,
        options: list[str],
    ) -> str:
        """Take the sender; None stands for the null path."""
        if self.space.low:
            return reply.NO_SPACE
        try:
            envelope.sender = None if path == NULL_SENDER else Address.parse(path)
        except BadAddress:
            return reply.BAD_SENDER
        envelope.mail_from = path
        envelope.mail_options.extend(options)
        return reply.OK_SENDER

    async def handle_RCPT(
        self,
        server: Any,
        _session: Session,
        envelope: RelayEnvelope,
        path: str,
        _options: list[str],
    ) -> str:
        """Take a recipient who is one of ours, or anybody from those who may send."""
        if len(envelope.recipients) + len(envelope.strangers) >= self.settings.max_recipients:
            return reply.TOO_MANY_RECIPIENTS
        directory = self.intake.directory
        try:
            address = await directory.host_postmaster(path) or Address.parse(path)
        except BadAddress:
            return reply.BAD_RECIPIENT
        known = await directory.knows(address)
        elsewhere = known in (reply.NOT_OURS, reply.NOT_TAKEN)
        if elsewhere and await self._may_send(server, envelope):
            envelope.strangers.setdefault(address.key, address)
            return reply.OK_RECIPIENT
        if isinstance(known, str) and known.startswith("4"):
            return known
        if isinstance(known, str):
            envelope.unknown += 1
            if known == reply.UNKNOWN_MAILBOX:
                self.intake.knocking.note(address, envelope.sender)
            await server.guessed()
            return known
        envelope.recipients.setdefault(address.key, known)
        return reply.OK_RECIPIENT

    async def _may_send(self, server: Any, envelope: RelayEnvelope) -> bool:
        """Whether mail may go to strangers: that of a customer's server, at a listed address."""
        if envelope.submitter is None:
            relayer = self.intake.destinations.relayer
            envelope.submitter = await relayer(server.ip, envelope.sender)
        return envelope.submitter is not None

    async def handle_NOOP(self, *_: object) -> str:
        """Answer as aiosmtpd does, with a code."""
        return reply.OK

    async def handle_RSET(self, *_: object) -> str:
        """Answer as aiosmtpd does, with a code."""
        return reply.OK

    async def handle_QUIT(self, *_: object) -> str:
        """Answer as aiosmtpd does, with a code."""
        return reply.BYE

    async def handle_exception(self, error: Exception) -> str:
        """Answer 451: without this hook aiosmtpd sends a final 500 that shows the error."""
        if storage_full(error):
            return reply.NO_SPACE
        log.error("smtp_session_failed", exc_info=error)
        return reply.TRY_LATER

    def _trusts(self, ip: str) -> bool:
        try:
            peer = ip_address(ip)
        except ValueError:
            return False
        return any(peer in network for network in self._trusted)
