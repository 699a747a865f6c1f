"""Making of a judged mail what is recorded for one tenant: sealed, with our lines above it."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime

from filter.judging import Received
from filter.recorder import Recorder
from filter.spool import Spool
from mailstore import clock
from mailstore.envelopes import Action, Verdict
from mailstore.messages import new_public_id
from mailstore.recording import Accepted
from mailstore.retention import expiry_day
from mailstore.slices import Sealed
from mailstore.store import Store

SMALL = 2**18

Seal = Callable[[int, date, Spool], Awaitable[Sealed]]
InThread = Callable[..., Awaitable[Sealed]]
# Returns our lines above a mail, by its public id and when it came.
Head = Callable[[str, datetime], str]


class Sealing:
    """Seals mails of a relay: small ones at once, and beside the event loop what would stall it."""

    def __init__(self, store: Store, recorder: Recorder, in_thread: InThread) -> None:
        self._store, self._recorder, self._in_thread = store, recorder, in_thread

    async def __call__(self, tenant_id: int, day: date, spool: Spool) -> Sealed:
        """Return a mail compressed and encrypted for a tenant's day, whose key is durable."""
        if self._store.ring.known(tenant_id, day) is None:
            await self._recorder.make_key(tenant_id, day)
        if spool.size <= SMALL:
            return self._store.seal(tenant_id, day, spool.chunks())
        return await self._in_thread(self._store.seal, tenant_id, day, spool.chunks())


async def for_tenant(
    received: Received,
    verdicts: Sequence[Verdict],
    spool: Spool,
    seal: Seal,
    head: Head,
    *,
    public_id: str = "",
) -> Accepted:
    """Return a mail for the one tenant of its verdicts, ready to be appended."""
    now, tenant_id = clock.now(), tenant_of(verdicts[0])
    public_id = public_id or new_public_id()
    return Accepted(
        public_id=public_id,
        tenant_id=tenant_id,
        received_at=now,
        client=received.client,
        sender=str(received.sender or ""),
        summary=received.findings.summary,
        sealed=await seal(tenant_id, expiry_day(now, max(map(_days, verdicts))), spool),
        headers=head(public_id, now),
        verdicts=tuple(verdicts),
    )


def tenant_of(verdict: Verdict) -> int:
    """Return whose mail it is."""
    return verdict.recipient.tenant_id


def _days(verdict: Verdict) -> int:
    held = verdict.action is Action.QUARANTINE
    return max(verdict.recipient.keep_days, verdict.recipient.held_days * held)
