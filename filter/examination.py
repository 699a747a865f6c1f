"""Examination: what is this mail? A sandboxed child says so (`filter.reading`), and we ask it.

Whatever goes wrong there becomes a symbol: a mail is held, never lost, when it cannot be
examined.
"""

import asyncio
from collections.abc import Iterator
from copy import copy
from dataclasses import asdict, replace
from typing import Any, Protocol, Self

import structlog

from filter import headers
from filter.dns import Resolver
from filter.findings import Findings
from filter.scanners import Scanners
from filter.verdict import UNEXAMINED
from mailstore.addresses import Address
from mailstore.envelopes import Client, Summary, Symbol
from mailstore.errors import SandboxFailed
from mailstore.sandbox import Content
from mailstore.sandbox_pool import Answer
from mailstore.settings import Settings

log = structlog.get_logger()

CHILD = "filter.reading"
BARE_LINE_ENDS = "BARE_LINE_ENDS"


class Spooled(Protocol):
    """A mail that came in."""

    bare: bool

    def content(self) -> Content:
        """Return its bytes, or their descriptor."""

    def chunks(self) -> Iterator[bytes]:
        """Yield it from its beginning."""


class Children(Protocol):
    """Sandboxed children; a pool in the relay, a single one where mails can wait."""

    async def call(
        self,
        name: str,
        args: object,
        content: Content,
        *,
        seconds: float,
        answer: Answer,
        group: str = "",
    ) -> Any:
        """Return what a child says of a mail, or raise SandboxFailed."""


class Examiner:
    """Has mails examined in sandboxed children."""

    def __init__(
        self,
        settings: Settings,
        pool: Children,
        resolver: Resolver,
        scanners: Scanners | None = None,
    ) -> None:
        self._settings = settings
        self._scanners = scanners or Scanners(settings, resolver)
        self._pool = pool
        self._resolver = resolver
        self.rules_off = [name.strip() for name in settings.rules_off.split(",") if name.strip()]

    def of_content(self) -> Self:
        """Return an examiner that asks no list of senders, for mail of our own people."""
        fewer = copy(self)
        fewer._scanners = self._scanners.of_content()
        return fewer

    async def examine(
        self,
        client: Client,
        sender: Address | None,
        spooled: Spooled,
        *,
        outside: bool = True,
        token_key: bytes | None = None,
    ) -> Findings:
        """Return what rules and scanners find; UNEXAMINED where that took too much of anything.

        Only mail from outside is asked for proof of its sender; tokens are made with a key only.
        """
        if not self._scanners.on:
            return await self._read(client, sender, spooled, outside, token_key)
        found, scanned = await asyncio.gather(
            self._read(client, sender, spooled, outside, token_key),
            self._scanners.scan(client, sender, spooled),
        )
        return replace(found, symbols=(*found.symbols, *scanned))

    async def _read(
        self,
        client: Client,
        sender: Address | None,
        spooled: Spooled,
        outside: bool,
        token_key: bytes | None,
    ) -> Findings:
        args = {
            "client": asdict(client),
            "sender": str(sender) if sender else "",
            "hostname": self._settings.hostname,
            "authenticate": outside,
            "arc_sealers": self._settings.believed_sealers,
            "rules_off": self.rules_off,
            "learned": token_key.hex() if token_key else "",
        }
        try:
            said = await self._pool.call(
                "examine",
                args,
                spooled.content(),
                seconds=self._settings.examine_seconds,
                answer=self._resolver.for_mail(0.75 * self._settings.examine_seconds).answer,
                group=f"{client.ip} {sender}",
            )
        except SandboxFailed as error:
            log.warning("examination_failed", error=str(error))
            cut = headers.cuts(next(spooled.chunks(), b""), self._settings.hostname)
            return Findings((Symbol(UNEXAMINED, str(error)),), Summary(cuts=cut))
        found = _findings(said)
        return _with_symbol(found, BARE_LINE_ENDS) if spooled.bare else found


def _findings(said: dict[str, Any]) -> Findings:
    summary = said["summary"]
    author = summary["author"]
    return Findings(
        symbols=tuple(Symbol(name, detail) for name, detail in said["symbols"]),
        summary=Summary(
            **summary
            | {
                "author": Address.parse(author) if author else None,
                "cuts": tuple((start, end) for start, end in summary["cuts"]),
            }
        ),
        lines=tuple(said["lines"]),
        spf=said["spf"],
        proofs=frozenset(said["proofs"]),
        reply_to=tuple(said["reply_to"]),
        authors=tuple((name, address) for name, address in said["authors"]),
        tokens=tuple(said["tokens"]),
        hops=said["hops"],
    )


def _with_symbol(findings: Findings, name: str) -> Findings:
    return replace(findings, symbols=(*findings.symbols, Symbol(name)))
