"""What `flask examine` says: mails in files, judged as the relay would, and why."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from filter.directory import Directory
from filter.dns import Resolver
from filter.examination import CHILD, Examiner
from filter.findings import Findings
from filter.judging import Judging, Received
from filter.rule import RULES, load_rules
from filter.spool import Spool
from filter.verdict import judge
from mailstore import mailboxes, policies
from mailstore.addresses import Address
from mailstore.envelopes import Client, Policy, Recipient, Verdict
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


async def explain(
    settings: Settings, case: Case, paths: Iterable[Path]
) -> AsyncIterator[dict[str, Any]]:
    """Yield one explanation for each mail; nothing is stored."""
    load_rules()
    with _judge_for(settings, case) as judged:
        async with SandboxPool(CHILD, 1) as pool:
            examiner = Examiner(settings, pool, Resolver(settings))
            for path in _files(paths):
                yield await _explain_one(examiner, case, judged, path)


Judge = Callable[[Findings], Awaitable[Verdict]]


async def _explain_one(examiner: Examiner, case: Case, judged: Judge, path: Path) -> dict[str, Any]:
    begun = time.monotonic()
    with _spooled(path) as spool:
        findings = await examiner.examine(
            case.client, case.sender, spool, outside=case.sender is not None
        )
    verdict = await judged(findings)
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
        "milliseconds": round((time.monotonic() - begun) * 1000, 2),
    }


def _spooled(path: Path) -> Spool:
    """Return a file's mail with the line ends that SMTP gives it."""
    spool = Spool(None)
    spool.write(path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
    return spool


@contextmanager
def _judge_for(settings: Settings, case: Case) -> Iterator[Judge]:
    """Give what judges findings: by the recipient's policy and lists, or by the standard."""
    if case.recipient is None:
        nobody = Recipient(NOBODY, 0, 0, 0, 0, 0, 0, Policy(mandatory=policies.MANDATORY))

        async def by_the_standard(findings: Findings) -> Verdict:
            return judge(nobody, findings.author, findings.symbols)

        yield by_the_standard
        return
    with closing(Store.open(settings)) as store:
        with store.read() as db:
            known = mailboxes.resolve(db, case.recipient)
        if known is None:
            raise NotFound(f"Nobody here has the address '{case.recipient}'.")
        judging = Judging(Directory(store))

        async def by_lists(findings: Findings) -> Verdict:
            received = Received(case.client, case.sender, findings)
            return (await judging.verdicts(received, [known]))[0]

        yield by_lists


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(each for each in path.rglob("*") if each.is_file())
        else:
            yield path
