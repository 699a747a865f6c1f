"""Mail between two tenants of this house: never by MX to ourselves, but judged like any other.

For whom it is meant, its author is a stranger who signed in here. Their policy and their lists
decide, and what they refuse fails for the author as if another server had said so.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from itertools import groupby

from filter import headers, reply, sealing
from filter.judging import Judging, Received, hits, refusals
from filter.sealing import Head, Seal
from filter.spool import Spool
from filter.verdict import AUTHENTICATED, TAKEN, settle
from mailstore.envelopes import Action, Client, Ended, Recipient, Symbol, Verdict
from mailstore.recording import Accepted
from mailstore.refusals import Refused


@dataclass(slots=True)
class Handed:
    """What came of a mail for other tenants: what each takes, and what that is for its author."""

    received: Received
    taken: list[list[Verdict]] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    ended: dict[str, Ended] = field(default_factory=dict)
    hits: frozenset[int] = frozenset()


class Neighbours:
    """Hands mail over to other tenants of this house."""

    def __init__(self, judging: Judging, hostname: str) -> None:
        self._judging, self._hostname = judging, hostname

    async def judge(
        self, received: Received, recipients: Sequence[Recipient], *, proven: bool
    ) -> Handed:
        """Return what becomes of a mail; `proven`: its author and sender signed in here."""
        handed = Handed(as_stranger(received, proven=proven))
        for _, group in groupby(sorted(recipients, key=_tenant), key=_tenant):
            verdicts = await self._judging.verdicts(handed.received, list(group))
            handed.hits |= hits(verdicts)
            _note(handed, settle([_final(each) for each in verdicts]))
        return handed

    async def accepted(
        self, handed: Handed, spool: Spool, seal: Seal, above: Head
    ) -> list[Accepted]:
        """Return the mail sealed anew for each tenant that takes it, under a Received of ours."""
        head = partial(self._head, above, handed.received.findings.lines)
        return [
            await sealing.for_tenant(handed.received, verdicts, spool, seal, head)
            for verdicts in handed.taken
        ]

    def _head(self, above: Head, lines: Sequence[str], public_id: str, at: datetime) -> str:
        return above(public_id, at) + headers.results(self._hostname, lines)


def as_stranger(received: Received, *, proven: bool) -> Received:
    """Return a mail as another tenant sees it: from outside, its author known to us or not.

    From where somebody sends is no business of other tenants.
    """
    findings, sender = received.findings, received.sender
    client = Client("", "") if sender is not None else received.client
    if proven and sender is not None:
        line = f"auth=pass smtp.mailfrom={sender.domain}"
        findings = replace(
            findings,
            symbols=(*findings.symbols, Symbol(AUTHENTICATED, "signed in here")),
            lines=(line,),
            spf="pass",
            proofs=frozenset({"dmarc"}),
        )
    return replace(received, client=client, findings=findings, outside=True)


def _note(handed: Handed, verdicts: list[Verdict]) -> None:
    """Note one tenant's verdicts: all of them take the mail, or none does."""
    takes = verdicts[0].action in TAKEN
    answer = reply.HANDED_OVER if takes else reply.refused(verdicts)
    for each in verdicts:
        handed.ended[each.recipient.address.key] = Ended(takes, answer)
    if takes:
        handed.taken.append(verdicts)
    else:
        handed.refused += refusals(handed.received, verdicts, answer)


def _final(verdict: Verdict) -> Verdict:
    """Return a verdict that puts nothing off: this mail does not come again."""
    if verdict.action is not Action.DEFER:
        return verdict
    held = f"it cannot come again → {Action.QUARANTINE}"
    return replace(verdict, action=Action.QUARANTINE, trail=(*verdict.trail, held))


def _tenant(recipient: Recipient) -> int:
    return recipient.tenant_id
