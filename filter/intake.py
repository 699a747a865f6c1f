"""The straight line: who is it for, what is it, what becomes of it, keep it, say so.

`accept` answers 250 only for what lies synced in a pack and in committed rows. Anything
unplanned before that becomes 451 at the session's edge, and the sender tries again.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_address
from itertools import groupby
from typing import ParamSpec, TypeVar

from filter import headers, reply
from filter.examination import Examiner, Findings
from filter.recorder import Batch, Recorder
from filter.spool import Spool
from filter.verdict import judge, settle
from mailstore import clock, domains, mailboxes, senders
from mailstore.addresses import Address
from mailstore.envelopes import Action, Client, Recipient, Verdict
from mailstore.messages import new_public_id
from mailstore.recording import Accepted
from mailstore.refusals import Refused
from mailstore.retention import expiry_day
from mailstore.store import Store

LOOKUP_THREADS = 4

P = ParamSpec("P")
T = TypeVar("T")


class Intake:
    """What a listener needs to take mail."""

    def __init__(self, store: Store, examiner: Examiner, recorder: Recorder) -> None:
        self._store = store
        self._examiner = examiner
        self._recorder = recorder
        self._threads = ThreadPoolExecutor(LOOKUP_THREADS, thread_name_prefix="lookup")
        self._trusted = store.settings.trusted_networks
        self.spool_folder = store.settings.spool_folder

    async def knows(self, address: Address) -> Recipient | str:
        """Return the recipient behind an address, or the reply that turns it away."""
        return await self._in_thread(self._find, address)

    async def host_postmaster(self, path: str) -> Address | None:
        """Return whom a bare `Postmaster` means (RFC 5321 §4.5.1): that of our oldest domain."""
        if path.lower() != mailboxes.POSTMASTER:
            return None
        oldest = await self._in_thread(self._oldest_domain)
        return Address(path, oldest) if oldest else None

    async def accept(
        self, client: Client, sender: Address | None, recipients: Sequence[Recipient], spool: Spool
    ) -> str:
        """Judge a mail, make what is taken durable, and return the reply to DATA."""
        check_spf = not self._trusts(client)
        findings = await self._examiner.examine(client, sender, spool, check_spf=check_spf)
        listed = await self._in_thread(self._apply_lists, recipients, findings.author)
        verdicts = settle(
            [judge(recipient, findings.author, findings.symbols) for recipient in listed]
        )
        transaction = Transaction(client, str(sender or ""), findings)
        if answer := self._refusal(findings, verdicts):
            await self._recorder.record(Batch(refused=transaction.refusals(verdicts, answer)))
            return answer
        by_tenant = groupby(sorted(verdicts, key=_tenant), key=_tenant)
        accepted = [
            await self._in_thread(self._seal, transaction, spool, tuple(group))
            for _, group in by_tenant
        ]
        await self._recorder.record(Batch(accepted=accepted))
        return reply.accepted(accepted[0].public_id)

    def _refusal(self, findings: Findings, verdicts: Sequence[Verdict]) -> str | None:
        """Return the reply to a mail that nobody takes, or None."""
        if findings.hops > self._store.settings.max_hops:
            return reply.TOO_MANY_HOPS
        if all(verdict.action is Action.REJECT for verdict in verdicts):
            return reply.refused(verdicts)
        return None

    def _oldest_domain(self) -> str | None:
        with self._store.read() as db:
            return domains.oldest(db)

    def _find(self, address: Address) -> Recipient | str:
        with self._store.read() as db:
            recipient = mailboxes.resolve(db, address)
            if recipient is not None:
                return recipient
            return reply.UNKNOWN_MAILBOX if domains.ours(db, address.domain) else reply.NOT_OURS

    def _apply_lists(
        self, recipients: Sequence[Recipient], author: Address | None
    ) -> list[Recipient]:
        with self._store.read() as db:
            return senders.apply_lists(db, recipients, author)

    def _seal(
        self, transaction: "Transaction", spool: Spool, verdicts: tuple[Verdict, ...]
    ) -> Accepted:
        """Compress and encrypt a mail for one tenant, ready to be appended."""
        now, public_id = clock.now(), new_public_id()
        tenant_id = _tenant(verdicts[0])
        day = expiry_day(now, max(map(_days, verdicts)))
        findings, client = transaction.findings, transaction.client
        hostname = self._store.settings.hostname
        return Accepted(
            public_id=public_id,
            tenant_id=tenant_id,
            received_at=now,
            client=client,
            sender=transaction.sender,
            summary=findings.summary,
            sealed=self._store.seal(tenant_id, day, spool.chunks()),
            headers=headers.trace(client, hostname, public_id, now, findings.authentication),
            verdicts=verdicts,
        )

    def _trusts(self, client: Client) -> bool:
        peer = ip_address(client.ip)
        return any(peer in network for network in self._trusted)

    async def _in_thread(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        call = partial(function, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)


@dataclass(frozen=True, slots=True)
class Transaction:
    """What one DATA was about, for all its recipients."""

    client: Client
    sender: str
    findings: Findings

    def refusals(self, verdicts: Sequence[Verdict], answer: str) -> list[Refused]:
        """Return what the recipients may later see of a mail that was turned away."""
        return [
            Refused(
                at=clock.now(),
                tenant_id=verdict.recipient.tenant_id,
                domain_id=verdict.recipient.domain_id,
                mailbox_id=verdict.recipient.mailbox_id,
                recipient=str(verdict.recipient.address),
                client_ip=self.client.ip,
                sender=self.sender,
                author=str(self.findings.author or ""),
                subject=self.findings.summary.subject,
                reason=verdict.reason,
                reply=answer,
            )
            for verdict in verdicts
        ]


def _tenant(verdict: Verdict) -> int:
    return verdict.recipient.tenant_id


def _days(verdict: Verdict) -> int:
    held = verdict.action is Action.QUARANTINE
    return max(verdict.recipient.keep_days, verdict.recipient.held_days * held)
