"""The straight line: who is it for, what is it, what becomes of it, keep it, say so.

`accept` answers 250 only for what lies synced in a pack and in committed rows. Anything
unplanned before that becomes 451 at the session's edge, and the sender tries again.
"""

from collections.abc import Sequence
from datetime import date
from ipaddress import ip_address
from itertools import groupby

from filter import headers, reply
from filter.directory import Directory
from filter.examination import Examiner
from filter.findings import Findings
from filter.judging import Judging, Received
from filter.recorder import Batch, Recorder
from filter.spool import Spool
from filter.verdict import TAKEN
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
        self._judging = Judging(self.directory, examiner.rules_off)
        self._trusted = store.settings.trusted_networks
        self.spool_folder = store.settings.spool_folder

    async def accept(
        self, client: Client, sender: Address | None, recipients: Sequence[Recipient], spool: Spool
    ) -> str:
        """Judge a mail, make what is taken durable, and return the reply to DATA."""
        outside = not self._trusts(client)
        token_key = await self.directory.token_key(recipients)
        findings = await self._examiner.examine(
            client, sender, spool, outside=outside, token_key=token_key
        )
        received = Received(client, sender, findings, outside)
        verdicts = await self._judging.verdicts(received, recipients)
        if answer := self._refusal(findings, verdicts):
            # What is put off comes again: only what is final is kept for people to look up.
            if not reply.is_temporary(answer):
                await self._recorder.record(
                    Batch(refused=_refusals(received, verdicts, answer), hits=_hits(verdicts))
                )
            return answer
        by_tenant = groupby(sorted(verdicts, key=_tenant), key=_tenant)
        accepted = [await self._sealed(received, spool, list(group)) for _, group in by_tenant]
        await self._recorder.record(Batch(accepted=accepted, hits=_hits(verdicts)))
        return reply.accepted(accepted[0].public_id)

    def _refusal(self, findings: Findings, verdicts: Sequence[Verdict]) -> str | None:
        """Return the reply to a mail that nobody takes, or None."""
        if findings.hops > self._store.settings.max_hops:
            return reply.TOO_MANY_HOPS
        if any(verdict.action in TAKEN for verdict in verdicts):
            return None
        return reply.deferred(verdicts) or reply.refused(verdicts)

    async def _sealed(
        self, received: Received, spool: Spool, verdicts: Sequence[Verdict]
    ) -> Accepted:
        """Return a mail for one tenant, compressed and encrypted, ready to be appended."""
        now, public_id = clock.now(), new_public_id()
        tenant_id = _tenant(verdicts[0])
        day = expiry_day(now, max(map(_days, verdicts)))
        findings, client = received.findings, received.client
        hostname = self._store.settings.hostname
        return Accepted(
            public_id=public_id,
            tenant_id=tenant_id,
            received_at=now,
            client=client,
            sender=str(received.sender or ""),
            summary=findings.summary,
            sealed=await self._seal(tenant_id, day, spool),
            headers=headers.trace(client, hostname, public_id, now, findings.lines),
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


def _refusals(received: Received, verdicts: Sequence[Verdict], answer: str) -> list[Refused]:
    """Return what the recipients may later see of a mail that was turned away."""
    return [
        Refused(
            at=clock.now(),
            tenant_id=verdict.recipient.tenant_id,
            domain_id=verdict.recipient.domain_id,
            mailbox_id=verdict.recipient.mailbox_id,
            recipient=str(verdict.recipient.address),
            client_ip=received.client.ip,
            sender=str(received.sender or ""),
            author=str(received.findings.author or ""),
            subject=received.findings.summary.subject,
            reason=verdict.reason,
            reply=answer,
        )
        for verdict in verdicts
        if verdict.recipient.mailbox_id is not None
    ]


def _hits(verdicts: Sequence[Verdict]) -> frozenset[int]:
    """Return the entries of lists that spoke, and have long not been noted."""
    return frozenset().union(*(verdict.recipient.policy.hits for verdict in verdicts))


def _tenant(verdict: Verdict) -> int:
    return verdict.recipient.tenant_id


def _days(verdict: Verdict) -> int:
    held = verdict.action is Action.QUARANTINE
    return max(verdict.recipient.keep_days, verdict.recipient.held_days * held)
