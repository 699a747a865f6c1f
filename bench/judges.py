"""Those who judge mail in the bench of accuracy: what each says of a mail, and we ourselves."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from bench.corpus import Judged
from filter.directory import Directory
from filter.dns import Resolver
from filter.examination import CHILD, Examiner
from filter.inspection import WithoutRows
from filter.judging import Judging, Received
from filter.rule import load_rules
from filter.spool import Spool
from mailstore import policies
from mailstore.addresses import Address
from mailstore.envelopes import Action, Client, Policy, Recipient
from mailstore.errors import BadAddress
from mailstore.sandbox_pool import SandboxPool
from mailstore.settings import Settings


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a judge says of a mail; `refused` where a mandatory rule does, whatever it scores."""

    mail: Judged
    score: float
    symbols: tuple[str, ...]
    milliseconds: float
    refused: bool = False


class Judge(Protocol):
    """Whoever gives mails a score."""

    name: str

    def opinions(self, mails: Sequence[Judged]) -> list[Opinion]:
        """Return what it says of each mail."""


class Ours:
    """The whole examination in a sandboxed child, and the verdict; nothing is asked of DNS."""

    name = "ours"

    def __init__(self, directory: Directory | None = None, tenant_id: int = 0) -> None:
        self._settings = Settings()
        self._directory = directory or WithoutRows(self._settings)
        policy = Policy(mandatory=policies.MANDATORY)
        nobody = Address("nobody", "example.invalid")
        self._nobody = Recipient(nobody, tenant_id, 0, 0, 0, 0, 0, policy)

    def opinions(self, mails: Sequence[Judged]) -> list[Opinion]:
        """Return what the relay would say of each mail, one after the other."""
        return asyncio.run(self._opinions(mails))

    async def _opinions(self, mails: Sequence[Judged]) -> list[Opinion]:
        load_rules()
        judging = Judging(self._directory)
        async with SandboxPool(CHILD, 1) as pool:
            examiner = Examiner(self._settings, pool, Resolver(self._settings))
            return [await self._opinion(examiner, judging, mail) for mail in mails]

    async def _opinion(self, examiner: Examiner, judging: Judging, mail: Judged) -> Opinion:
        client, sender = Client("192.0.2.1", "client.example.invalid"), address(mail.sender)
        spool = Spool(None)
        spool.write(mail.raw)
        begun = time.perf_counter()
        key = await self._directory.token_key([self._nobody])
        findings = await examiner.examine(client, sender, spool, outside=False, token_key=key)
        received = Received(client, sender, findings, outside=False)
        (verdict,) = await judging.verdicts(received, [self._nobody])
        milliseconds = (time.perf_counter() - begun) * 1000
        spool.close()
        names = tuple(symbol.name for symbol in verdict.symbols)
        refused = verdict.action is Action.REJECT
        return Opinion(mail, verdict.score, names, milliseconds, refused)


def address(text: str) -> Address | None:
    """Return an address, or None."""
    try:
        return Address.parse(text) if text else None
    except BadAddress:
        return None
