"""Examination: what is this mail? A sandboxed child says so (`filter.reading`), and we ask it.

Whatever goes wrong there becomes a symbol: a mail is held, never lost, when it cannot be
examined.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Protocol

import structlog

from filter import headers
from filter.dns import Resolver
from filter.verdict import UNEXAMINED
from mailstore.addresses import Address
from mailstore.envelopes import Client, Summary, Symbol
from mailstore.errors import SandboxFailed
from mailstore.sandbox import Content
from mailstore.sandbox_pool import SandboxPool
from mailstore.settings import Settings

log = structlog.get_logger()

CHILD = "filter.reading"
BARE_LINE_ENDS = "BARE_LINE_ENDS"


@dataclass(frozen=True, slots=True)
class Findings:
    """What examination says of a mail, the same for all its recipients."""

    symbols: tuple[Symbol, ...]
    summary: Summary = field(default_factory=Summary)
    authentication: tuple[str, ...] = ()
    hops: int = 0

    @property
    def author(self) -> Address | None:
        """The From address, if there is exactly one that can be read."""
        return self.summary.author


class Spooled(Protocol):
    """A mail that came in."""

    bare: bool

    def content(self) -> Content:
        """Return its bytes, or their descriptor."""

    def chunks(self) -> Iterator[bytes]:
        """Yield it from its beginning."""


class Examiner:
    """Has mails examined in sandboxed children."""

    def __init__(self, settings: Settings, pool: SandboxPool, resolver: Resolver) -> None:
        self._settings = settings
        self._pool = pool
        self._resolver = resolver
        self._rules_off = [name.strip() for name in settings.rules_off.split(",") if name.strip()]

    async def examine(
        self, client: Client, sender: Address | None, spooled: Spooled, *, check_spf: bool = True
    ) -> Findings:
        """Return what the rules find; UNEXAMINED where that took too much of anything."""
        args = {
            "client": asdict(client),
            "sender": str(sender) if sender else "",
            "hostname": self._settings.hostname,
            "check_spf": check_spf,
            "rules_off": self._rules_off,
        }
        try:
            said = await self._pool.call(
                "examine",
                args,
                spooled.content(),
                seconds=self._settings.examine_seconds,
                answer=self._resolver.answer,
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
        authentication=tuple(said["authentication"]),
        hops=said["hops"],
    )


def _with_symbol(findings: Findings, name: str) -> Findings:
    return replace(findings, symbols=(*findings.symbols, Symbol(name)))
