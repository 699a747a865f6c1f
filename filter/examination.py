"""Examination: what is this mail? Parsed and judged by rules in a sandboxed child.

The child side serves `examine`; the parent side, Examiner, asks it and turns whatever goes
wrong there into a symbol: a mail is held, never lost, when it cannot be examined.
"""

import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Protocol

import structlog

from filter import authentication, headers
from filter.dns import Resolver
from filter.rule import Exam, Rule, load_rules
from filter.verdict import UNEXAMINED
from mailstore.addresses import Address
from mailstore.envelopes import Client, Summary, Symbol
from mailstore.errors import SandboxFailed
from mailstore.mime import Mail
from mailstore.sandbox import SandboxPool
from mailstore.sandbox_child import Ask
from mailstore.settings import Settings

log = structlog.get_logger()

LONGEST_HEAD = 2**20
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


class Content(Protocol):
    """A mail in a file."""

    bare: bool

    def fileno(self) -> int:
        """Return the descriptor of its bytes."""


class Examiner:
    """Has mails examined in sandboxed children."""

    def __init__(self, settings: Settings, pool: SandboxPool, resolver: Resolver) -> None:
        self._settings = settings
        self._pool = pool
        self._resolver = resolver

    async def examine(
        self, client: Client, sender: Address | None, content: Content, *, check_spf: bool = True
    ) -> Findings:
        """Return what the rules find; UNEXAMINED where that took too much of anything."""
        args = {
            "client": asdict(client),
            "sender": str(sender) if sender else "",
            "hostname": self._settings.hostname,
            "check_spf": check_spf,
        }
        try:
            said = await self._pool.call(
                "examine",
                args,
                content.fileno(),
                seconds=self._settings.examine_seconds,
                answer=self._resolver.answer,
            )
        except SandboxFailed as error:
            log.warning("examination_failed", error=str(error))
            cut = headers.cuts(os.pread(content.fileno(), LONGEST_HEAD, 0), self._settings.hostname)
            return Findings((Symbol(UNEXAMINED, str(error)),), Summary(cuts=cut))
        found = _findings(said)
        return _with_symbol(found, BARE_LINE_ENDS) if content.bare else found


def examine(args: dict[str, Any], raw: bytes, ask: Ask) -> dict[str, Any]:
    """Return symbols, summary and authentication results of a mail; the child's side."""
    client = Client(**args["client"])
    mail = Mail(raw)
    sender, results = args["sender"], []
    exam = Exam(mail=mail, client=client, sender=sender)
    if args["check_spf"]:
        exam = replace(exam, spf=authentication.check_spf(client, sender, ask))
        results.append(authentication.spf_result_line(exam.spf, client, sender))
    symbols = find_symbols(exam, load_rules().values())
    return {
        "symbols": [[symbol.name, symbol.detail[:200]] for symbol in symbols],
        "summary": summarize(mail, args["hostname"]),
        "authentication": results,
        "hops": len(mail.headers("Received")),
    }


def find_symbols(exam: Exam, rules: Iterable[Rule]) -> list[Symbol]:
    """Return what the rules find; a rule that breaks says so and stops nothing."""
    found: list[Symbol] = []
    for each in rules:
        try:
            found += each.find(exam)
        except Exception as error:  # noqa: BLE001 (an edge: a rule cannot stop mail)
            found.append(Symbol("RULE_BROKEN", f"{each.symbol}: {type(error).__name__}"))
    return found


def summarize(mail: Mail, hostname: str) -> dict[str, Any]:
    """Return what lists show of a mail."""
    authors = mail.authors
    name, author = authors[0] if len(authors) == 1 else ("", None)
    return {
        "author": str(author) if author else "",
        "author_name": name[:200],
        "subject": mail.header("Subject")[:500],
        "message_id": mail.header("Message-ID")[:500],
        "snippet": mail.snippet,
        "attachments": len(mail.attachments),
        "cuts": headers.cuts(mail.raw, hostname),
    }


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


SERVED = {"examine": examine}
