"""The straight line: who is it for, what is it, what becomes of it, keep it, say so.

`accept` answers 250 only for what lies synced in a pack and in committed rows. Anything
unplanned before that becomes 451 at the session's edge, and the sender tries again.
"""

from collections.abc import Sequence
from functools import partial
from ipaddress import ip_address
from itertools import groupby

from filter import headers, reply, sealing
from filter.destinations import Destinations
from filter.directory import Directory
from filter.examination import Examiner
from filter.findings import Findings
from filter.judging import Judging, Received, hits, refusals
from filter.knocking import Knocking
from filter.outgoing import Outgoing, Submission
from filter.recorder import Batch, Recorder
from filter.sealing import Sealing, tenant_of
from filter.spool import Spool
from filter.verdict import TAKEN
from mailstore.addresses import Address
from mailstore.envelopes import Client, Recipient, Verdict
from mailstore.recording import Accepted
from mailstore.store import Store


class Intake:
    """What a listener needs to take mail."""

    def __init__(self, store: Store, examiner: Examiner, recorder: Recorder) -> None:
        self.directory = Directory(store)
        self.knocking = Knocking(store, self.directory.in_thread)
        self._store = store
        self._examiner = examiner
        self._recorder = recorder
        self._judging = Judging(self.directory, examiner.rules_off)
        self._trusted = store.settings.trusted_networks
        self._seal = Sealing(store, recorder, self.directory.in_thread)
        self.destinations = Destinations(store, self.directory)
        self._outgoing = Outgoing(store.settings, examiner.of_content(), self.destinations)
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
                    Batch(refused=refusals(received, verdicts, answer), hits=hits(verdicts))
                )
            return answer
        by_tenant = groupby(sorted(verdicts, key=tenant_of), key=tenant_of)
        accepted = [await self._sealed(received, spool, list(group)) for _, group in by_tenant]
        await self._recorder.record(Batch(accepted=accepted, hits=hits(verdicts)))
        return reply.accepted(accepted[0].public_id)

    async def send(self, submission: Submission, spool: Spool) -> str:
        """Take a mail that somebody of ours hands in, and return the reply to DATA."""
        return await self._outgoing.accept(submission, spool, self._recorder, self._seal)

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
        hostname, lines = self._store.settings.hostname, received.findings.lines
        head = partial(headers.trace, received.client, hostname, lines=lines)
        return await sealing.for_tenant(received, verdicts, spool, self._seal, head)

    def _trusts(self, client: Client) -> bool:
        peer = ip_address(client.ip)
        return any(peer in network for network in self._trusted)
