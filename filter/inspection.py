"""What `flask examine` says: mails in files, judged as the relay would, and why."""

import time
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from filter.directory import Directory, View
from filter.dns import Resolver
from filter.examination import CHILD, Examiner
from filter.findings import Findings
from filter.judging import Judging, Received
from filter.rule import RULES, load_rules
from filter.spool import Spool
from mailstore import mailboxes, policies
from mailstore.addresses import Address
from mailstore.envelopes import Client, Policy, Recipient, TenantFacts, Verdict
from mailstore.errors import NotFound
from mailstore.sandbox_pool import SandboxPool
from mailstore.settings import Settings
from mailstore.store import Store

NOBODY = Address("nobody", "example.invalid")


@dataclass(frozen=True, slots=True)
class Case:
    """Who sent the mails, and to whom."""

    client: Client
    sender: Address | None
    recipient: Address | None

    @classmethod
    def of(cls, client_ip: str, helo: str, mail_from: str, rcpt: str) -> Self:
        """Read the options of the command, or raise BadAddress."""
        return cls(
            Client(client_ip, helo),
            Address.parse(mail_from) if mail_from else None,
            Address.parse(rcpt) if rcpt else None,
        )

    @property
    def outside(self) -> bool:
        """Whether proof of the sender is asked for: only if one is named."""
        return self.sender is not None


class WithoutRows:
    """What is known where nobody is named as the recipient: what the operator set."""

    def __init__(self, settings: Settings) -> None:
        self._view = View(TenantFacts(0, strict_domains=settings.strict_domains), True, None)

    async def listed(
        self, recipients: Sequence[Recipient], _findings: Findings, _sender: Address | None = None
    ) -> Sequence[Recipient]:
        """Return the recipients as they are: nobody has a list."""
        return recipients

    async def view(self, _tenant_id: int, _findings: Findings) -> View:
        """Return what the operator set; every author counts as known."""
        return self._view

    async def token_key(self, _recipients: Sequence[Recipient]) -> bytes | None:
        """Return None: nothing was learned for nobody."""
        return None


@dataclass(frozen=True, slots=True)
class Inspector:
    """Examines and judges one mail after the other, as the relay does."""

    examiner: Examiner
    known: WithoutRows | Directory
    recipient: Recipient
    case: Case

    async def explain(self, path: Path) -> dict[str, Any]:
        """Return what a mail is and what would become of it, with all the reasons."""
        begun, case = time.monotonic(), self.case
        key = await self.known.token_key([self.recipient])
        with _spooled(path) as spool:
            findings = await self.examiner.examine(
                case.client, case.sender, spool, outside=case.outside, token_key=key
            )
        received = Received(case.client, case.sender, findings, case.outside)
        judging = Judging(self.known, self.examiner.rules_off)
        (verdict,) = await judging.verdicts(received, [self.recipient])
        return _told(path, findings, verdict) | {
            "milliseconds": round((time.monotonic() - begun) * 1000, 2)
        }


async def explain(
    settings: Settings, case: Case, paths: Iterable[Path]
) -> AsyncIterator[dict[str, Any]]:
    """Yield one explanation for each mail; nothing is stored."""
    load_rules()
    with _known(settings, case) as (known, recipient):
        async with SandboxPool(CHILD, 1) as pool:
            examiner = Examiner(settings, pool, Resolver(settings))
            inspector = Inspector(examiner, known, recipient, case)
            for path in _files(paths):
                yield await inspector.explain(path)


def _told(path: Path, findings: Findings, verdict: Verdict) -> dict[str, Any]:
    return {
        "file": str(path),
        "score": round(verdict.score, 2),
        "action": verdict.action,
        "class": verdict.mail_class,
        "reason": verdict.reason,
        "symbols": [
            {
                "name": symbol.name,
                "weight": symbol.points,
                "detail": symbol.detail,
                "text": RULES[symbol.name].says if symbol.name in RULES else "",
            }
            for symbol in verdict.symbols
        ],
        "authentication": list(findings.lines),
        "trail": list(verdict.trail),
    }


def _spooled(path: Path) -> Spool:
    """Return a file's mail with the line ends that SMTP gives it."""
    spool = Spool(None)
    spool.write(path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
    return spool


@contextmanager
def _known(settings: Settings, case: Case) -> Iterator[tuple[WithoutRows | Directory, Recipient]]:
    """Give what is known of the recipient; of nobody, under the standard policy, by default."""
    if case.recipient is None:
        standard = Policy(mandatory=policies.MANDATORY)
        yield WithoutRows(settings), Recipient(NOBODY, 0, 0, 0, 0, 0, 0, standard)
        return
    with closing(Store.open(settings)) as store:
        with store.read() as db:
            found = mailboxes.resolve(db, case.recipient)
        if found is None:
            raise NotFound(f"Nobody here has the address '{case.recipient}'.")
        yield Directory(store), found


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(each for each in path.rglob("*") if each.is_file())
        else:
            yield path
