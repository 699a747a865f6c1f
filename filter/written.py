"""Mail that people wrote here goes the way of all outgoing mail, once they cannot undo it any more.

What is recorded, and that the draft is gone, is one transaction: however often a worker dies,
nothing is sent twice and nothing is lost. Its bytes stay where they lie.
"""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta

import structlog
import uvloop

from filter import ledger
from filter.destinations import Destinations
from filter.directory import Directory
from filter.dns import Resolver
from filter.examination import Examiner
from filter.outgoing import Decision, Kept, Outgoing, Submission, Turned
from filter.releasing import OneChild
from filter.rule import load_rules
from filter.spool import Spool
from mailstore import clock, recording
from mailstore.accounts import Account
from mailstore.addresses import Address
from mailstore.errors import BadAddress, Corrupt, NotFound
from mailstore.jobs import job
from mailstore.outbox import OURSELVES
from mailstore.packs import Place, Slice
from mailstore.recording import Accepted
from mailstore.sending import submitters
from mailstore.slices import Sealed
from mailstore.store import Store
from mailstore.writing import departures
from mailstore.writing.departures import Why, worded
from mailstore.writing.rows import Draft

log = structlog.get_logger()

# As many as are done within the lease, however long each takes.
AT_ONCE = 5
AGAIN = timedelta(minutes=1)
MOST_TRIES = 30


@job
def send_written(store: Store) -> None:
    """Send what people wrote and did not take back; may run twice, and may be cut off anywhere."""
    load_rules()
    uvloop.run(_send_all(store))


async def _send_all(store: Store) -> None:
    with closing(Post(store)) as post:
        while batch := _claimed(store):
            for draft in batch:
                await post.send(draft)


def _claimed(store: Store) -> Sequence[Draft]:
    with store.write() as db:
        return departures.claim(db, AT_ONCE, ledger.LEASE)


class Post:
    """Sends written mails, one after the other."""

    def __init__(self, store: Store) -> None:
        self._store, self._child = store, OneChild()
        settings, self._directory = store.settings, Directory(store)
        examiner = Examiner(settings, self._child, Resolver(settings)).of_content()
        self._outgoing = Outgoing(settings, examiner, Destinations(store, self._directory))

    def close(self) -> None:
        """End the child, and let go of threads."""
        self._child.close()
        self._directory.close()

    async def send(self, draft: Draft) -> None:
        """Send one mail, give it back, or put it off."""
        if draft.attempts > MOST_TRIES:  # its worker died each time, or no scanner answers
            self._give_back(draft, draft.error or Why.LOST)
            return
        submission = self._submission(draft)
        if isinstance(submission, Why):
            self._give_back(draft, submission)
            return
        try:
            with Spool(self._store.settings.spool_folder) as spool:
                for chunk in self._store.content(draft):
                    spool.write(chunk)
                spool.check()
                decision = await self._outgoing.decide(submission, spool)
                if isinstance(decision, Decision):
                    await self._record(draft, decision, spool)
                else:
                    self._turned(draft, decision)
        except (NotFound, Corrupt):
            self._give_back(draft, Why.LOST)

    def _submission(self, draft: Draft) -> Submission | Why:
        """Return what a draft hands in, or why it cannot: its writer may send no more."""
        with self._store.read() as db:
            account = db.get(Account, draft.account_id)
            person = submitters.person(db, account) if account and account.active else None
        if person is None or draft.mailbox_id not in (person.mailbox_ids or ()):
            return Why.NOT_YOURS
        try:
            recipients = [Address.parse(each) for each in draft.recipients]
            sender = Address.parse(draft.sender)
        except BadAddress:
            return Why.NOBODY
        return Submission(OURSELVES, person, sender, recipients) if recipients else Why.NOBODY

    async def _record(self, draft: Draft, decision: Decision, spool: Spool) -> None:
        kept = Kept(
            Sealed(Slice(draft.sent_day or clock.today(), b""), draft.sha256, draft.size),
            draft.public_id,
        )
        own, *others = await self._outgoing.accepted(decision, spool, self._seal, kept)
        mine = replace(own, writer_id=draft.mailbox_id, comes_home=True)
        placed = [(mine, _place(draft)), *self._placed(others)]
        with self._store.write() as db:
            gone = departures.gone(db, draft)
            if gone:
                recording.record(db, placed, decision.handed.refused, decision.handed.hits)
        log.info("written_sent", draft=draft.id, done=gone)

    async def _seal(self, tenant_id: int, day: date, spool: Spool) -> Sealed:
        return self._store.seal(tenant_id, day, spool.chunks())

    def _placed(self, accepted: Sequence[Accepted]) -> list[tuple[Accepted, Place]]:
        places = self._store.packs.append([each.sealed.slice for each in accepted])
        return list(zip(accepted, places, strict=True))

    def _turned(self, draft: Draft, turned: Turned) -> None:
        if turned.why is not Why.NOT_SCANNED:
            self._give_back(draft, worded(turned.why, turned.reply))
            return
        with self._store.write() as db:
            departures.put_off(db, draft, clock.now() + AGAIN, Why.NOT_SCANNED)
        log.warning("written_put_off", draft=draft.id)

    def _give_back(self, draft: Draft, error: str) -> None:
        with self._store.write() as db:
            done = departures.give_back(db, draft, error)
        log.info("written_given_back", draft=draft.id, done=done)


def _place(draft: Draft) -> Place:
    if draft.place is None:
        raise NotFound("the content is erased")
    return draft.place
