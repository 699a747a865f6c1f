"""The way out: whose mail is it, what is it, to whom does it go here, keep it, say so.

Mail of our own people is judged by their own policy, for all recipients alike: what is dangerous,
or looks like spam, is held until an administrator looks at it. Which rules a policy has for mail
that comes in (old programs, newsletters, impersonation) do not apply. An author is one address,
and the sender's own, so that nobody writes in the name of somebody else (RFC 6409 §6.1).
"""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial

from filter import completing, headers, reply, sealing
from filter.destinations import Destinations, Towards
from filter.examination import Examiner
from filter.findings import Findings
from filter.judging import Judging, Received
from filter.neighbours import Handed, Neighbours
from filter.recorder import Batch, Recorder
from filter.sealing import Seal
from filter.spool import Spool
from filter.verdict import UNEXAMINED, judge
from mailstore import clock
from mailstore.addresses import Address
from mailstore.envelopes import Action, Client, Ended, Verdict
from mailstore.recording import Accepted
from mailstore.sending.submitters import Author, Submitter
from mailstore.settings import Settings
from mailstore.slices import Sealed
from mailstore.writing.departures import Why


@dataclass(frozen=True, slots=True)
class Submission:
    """A mail that somebody hands in; so many `unknown` recipients were refused before."""

    client: Client
    submitter: Submitter
    sender: Address | None
    recipients: Sequence[Address]
    unknown: int = 0


@dataclass(frozen=True, slots=True)
class Turned:
    """Why a mail is not sent: the reply, and a word for pages."""

    reply: str
    why: Why


@dataclass(frozen=True, slots=True)
class Kept:
    """What is stored of a mail already, and its public id if it has one."""

    sealed: Sealed
    public_id: str

    async def __call__(self, *_: object) -> Sealed:
        """Return it, in place of sealing."""
        return self.sealed


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a mail: for its author's tenant, and for others here."""

    author: Author
    received: Received
    verdicts: Sequence[Verdict]
    handed: Handed


class Outgoing:
    """What it takes to send mail of our own people."""

    def __init__(self, settings: Settings, examiner: Examiner, destinations: Destinations) -> None:
        """Examine with an examiner that asks no list of senders."""
        self._settings, self._examiner, self._destinations = settings, examiner, destinations
        judging = Judging(destinations.directory, examiner.rules_off)
        self._neighbours = Neighbours(judging, settings.hostname)

    async def accept(
        self, submission: Submission, spool: Spool, recorder: Recorder, seal: Seal
    ) -> str:
        """Judge a mail, make it durable for everybody here, and return the reply to DATA."""
        if completing.is_too_large(spool):
            return reply.HEADER_TOO_LARGE
        hostname, in_thread = self._settings.hostname, self._destinations.directory.in_thread
        whole = await in_thread(completing.completed, spool, hostname, clock.now())
        with closing(whole or spool) as taken:
            decision = await self.decide(submission, taken)
            if isinstance(decision, Turned):
                return decision.reply
            accepted = await self.accepted(decision, taken, seal)
        handed = decision.handed
        await recorder.record(Batch(accepted, handed.refused, handed.hits))
        return reply.accepted(accepted[0].public_id)

    async def decide(self, submission: Submission, spool: Spool) -> Decision | Turned:
        """Return what becomes of a mail, or why it is not sent."""
        destinations, sender = self._destinations, submission.sender
        by_envelope = await destinations.author(submission.submitter, sender)
        if by_envelope is None:
            return _not_theirs(sender)
        if said := await destinations.blocked(by_envelope):
            return Turned(said, Why.BLOCKED)
        towards = await destinations.of(submission.recipients, by_envelope.tenant_id)
        findings = await self._examine(submission, spool, towards)
        if findings.hops > self._settings.max_hops:
            return Turned(reply.TOO_MANY_HOPS, Why.REFUSED)
        author = await self._author(submission, findings, by_envelope)
        if isinstance(author, Turned):
            return author
        received = Received(submission.client, sender, findings, outside=False)
        decided = await self._decided(author, received, towards)
        if isinstance(decided, Turned):
            return decided
        # Only now: what is put off comes again, and is not to count twice.
        count = len(towards.addresses)
        said = await destinations.refused(by_envelope, count, submission.unknown)
        return Turned(said, Why.BLOCKED) if said else decided

    async def accepted(
        self, decision: Decision, spool: Spool, seal: Seal, kept: Kept | None = None
    ) -> list[Accepted]:
        """Return the mail for its author's tenant, and then for others, each sealed for itself.

        What is `kept` already for the author's tenant is not sealed once more.
        """
        received, public_id = decision.received, kept.public_id if kept else ""
        head = partial(headers.taken, received.client, self._settings.hostname)
        own = await sealing.for_tenant(
            received, decision.verdicts, spool, kept or seal, head, public_id=public_id
        )
        others = await self._neighbours.accepted(decision.handed, spool, seal, head)
        return [replace(own, writer_id=decision.author.mailbox_id), *others]

    async def _examine(self, submission: Submission, spool: Spool, towards: Towards) -> Findings:
        theirs = towards.neighbours
        key = await self._destinations.directory.token_key(theirs) if theirs else None
        return await self._examiner.examine(
            submission.client, submission.sender, spool, outside=False, token_key=key
        )

    async def _author(
        self, submission: Submission, findings: Findings, by_envelope: Author
    ) -> Author | Turned:
        """Return who wrote a mail, one address of the submitter's, or why that cannot be."""
        submitter, shown = submission.submitter, findings.author
        # A server's bounces have an author of its own; what nobody could read is held below.
        excused = submitter.bounces and submission.sender is None
        if shown is None:
            unread = excused or UNEXAMINED in findings.names
            return by_envelope if unread else Turned(reply.AUTHOR_NEEDED, Why.NOT_YOURS)
        found = await self._destinations.author(submitter, shown)
        return found or (by_envelope if excused else _not_theirs(shown))

    async def _decided(
        self, author: Author, received: Received, towards: Towards
    ) -> Decision | Turned:
        writer = await self._destinations.writer(author)
        verdict = judge(writer, author.address, received.findings.symbols)
        if verdict.action is Action.DEFER:
            return Turned(reply.NOT_SCANNED, Why.NOT_SCANNED)
        handed, ended = Handed(received), dict[str, Ended]()
        # What is held may go nowhere at all: whom it reaches is asked once it is released.
        if verdict.action is Action.DELIVER:
            shown = received.findings.author
            proven = shown is not None and shown.key == author.address.key
            handed = await self._neighbours.judge(received, towards.neighbours, proven=proven)
            ended = {**handed.ended, **towards.failed}
        recipients = await self._destinations.rows(towards, writer)
        verdicts = [
            replace(verdict, recipient=each, ended=ended.get(each.address.key))
            for each in recipients
        ]
        return Decision(author, received, verdicts, handed)


def _not_theirs(address: Address | None) -> Turned:
    said = reply.not_yours(address) if address else reply.AUTHOR_NEEDED
    return Turned(said, Why.NOT_YOURS)
