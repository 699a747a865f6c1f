"""The straight line: who is it for, what is it, what becomes of it, keep it, say so.

`accept` answers 250 only for what lies synced in a pack and in committed rows. Anything
unplanned before that becomes 451 at the session's edge, and the sender tries again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from ipaddress import ip_address
from itertools import groupby

from filter import headers, reply
from filter.directory import Directory
from filter.examination import Examiner, Findings
from filter.recorder import Batch, Recorder
from filter.spool import Spool
from filter.verdict import judge, settle
from mailstore import clock
from mailstore.addresses import Address
from mailstore.envelopes import Action, Client, Recipient, Verdict
from mailstore.messages import new_public_id
from mailstore.recording import Accepted
from mailstore.refusals import Refused
from mailstore.retention import expiry_day
from mailstore.slices import Sealed
from mailstore.store import Store

SMALL = 2**18


class Intake:
    """What a listener needs to take mail."""

    def __init__(self, store: Store, examiner: Examiner, recorder: Recorder) -> None:
        self.directory = Directory(store)
        self._store = store
        self._examiner = examiner
        self._recorder = recorder
        self._trusted = store.settings.trusted_networks
        self.spool_folder = store.settings.spool_folder

    async def accept(
        self, client: Client, sender: Address | None, recipients: Sequence[Recipient], spool: Spool
    ) -> str:
        """Judge a mail, make what is taken durable, and return the reply to DATA."""
        check_spf = not self._trusts(client)
        findings = await self._examiner.examine(client, sender, spool, check_spf=check_spf)
        listed = await self.directory.listed(recipients, findings.author)
        verdicts = settle(
            [judge(recipient, findings.author, findings.symbols) for recipient in listed]
        )
        transaction = Transaction(client, str(sender or ""), findings)
        if answer := self._refusal(findings, verdicts):
            await self._recorder.record(Batch(refused=transaction.refusals(verdicts, answer)))
            return answer
        by_tenant = groupby(sorted(verdicts, key=_tenant), key=_tenant)
        accepted = [await self._sealed(transaction, spool, list(group)) for _, group in by_tenant]
        await self._recorder.record(Batch(accepted=accepted))
        return reply.accepted(accepted[0].public_id)

    def _refusal(self, findings: Findings, verdicts: Sequence[Verdict]) -> str | None:
        """Return the reply to a mail that nobody takes, or None."""
        if findings.hops > self._store.settings.max_hops:
            return reply.TOO_MANY_HOPS
        if all(verdict.action is Action.REJECT for verdict in verdicts):
            return reply.refused(verdicts)
        return None

    async def _sealed(
        self, transaction: "Transaction", spool: Spool, verdicts: Sequence[Verdict]
    ) -> Accepted:
        """Return a mail for one tenant, compressed and encrypted, ready to be appended."""
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
            sealed=await self._seal(tenant_id, day, spool),
            headers=headers.trace(client, hostname, public_id, now, findings.authentication),
            verdicts=tuple(verdicts),
        )

    async def _seal(self, tenant_id: int, day: date, spool: Spool) -> Sealed:
        """Seal a small mail here, and beside the event loop what would hold it up."""
        if self._store.ring.known(tenant_id, day) is None:
            await self._recorder.make_key(tenant_id, day)
        if spool.size <= SMALL:
            return self._store.seal(tenant_id, day, spool.chunks())
        return await self.directory.in_thread(self._store.seal, tenant_id, day, spool.chunks())

    def _trusts(self, client: Client) -> bool:
        peer = ip_address(client.ip)
        return any(peer in network for network in self._trusted)


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
