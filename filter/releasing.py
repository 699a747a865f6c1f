"""Released mail is scanned again before it goes on: it may be known as a virus by now.

Only that, or a rule that no list lifts, stops a release. Score, spam and the like do not: whoever
released the mail was allowed to.
"""

import asyncio
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import Any

import structlog
import uvloop

from filter import ledger
from filter.dns import Resolver
from filter.examination import CHILD, Examiner
from filter.farther import Farther
from filter.findings import Findings
from filter.judging import Received
from filter.rule import RULES, load_rules
from filter.scanners import Scanners
from filter.spool import Spool
from filter.verdict import UNEXAMINED, weight_of
from mailstore import clock, mailboxes, policies, releases
from mailstore.addresses import Address
from mailstore.deliveries import Delivery, Direction
from mailstore.envelopes import UNSCANNED, Client, MailClass, Policy, Symbol
from mailstore.errors import Corrupt, NotFound
from mailstore.jobs import job
from mailstore.sandbox import Content, Sandbox
from mailstore.store import Store

log = structlog.get_logger()

AT_ONCE = 20
AGAIN = timedelta(minutes=1)
MOST_TRIES = 10
NOT_SCANNED = "could not be scanned"
GONE, DAMAGED = "content is gone", "content is damaged"


@job
def scan_releases(store: Store) -> None:
    """Scan what was released, and let it go on or hold it again; may run twice."""
    load_rules()
    uvloop.run(_scan_all(store))


async def _scan_all(store: Store) -> None:
    with closing(Rescan(store)) as rescan:
        while batch := _claimed(store):
            for delivery in batch:
                await rescan.settle(delivery)


def _claimed(store: Store) -> Sequence[Delivery]:
    with store.write() as db:
        return releases.claim(db, AT_ONCE, ledger.LEASE)


class OneChild:
    """A sandboxed child that starts with the first mail; it asks for nothing outside."""

    def __init__(self) -> None:
        self._sandbox = Sandbox(CHILD)
        self.close = self._sandbox.close

    async def call(
        self, name: str, args: object, content: Content, *, seconds: float, **_: object
    ) -> Any:
        """Return what the child says of a mail, or raise SandboxFailed."""
        return await asyncio.to_thread(self._sandbox.call, name, args, content, seconds=seconds)


class Rescan:
    """Looks at released mails, one after the other."""

    def __init__(self, store: Store) -> None:
        self._store, self._child = store, OneChild()
        settings, resolver = store.settings, Resolver(store.settings)
        self._scanners = Scanners(settings, resolver).of_content()
        self._examiner = Examiner(settings, self._child, resolver, self._scanners)
        self._farther = Farther(store, self._examiner.rules_off)

    def close(self) -> None:
        """End the child, and let go of threads."""
        self._child.close()
        self._farther.close()

    async def settle(self, delivery: Delivery) -> None:
        """Let one mail go on, hold it again, or put it off."""
        if delivery.attempts > MOST_TRIES:  # its worker died each time
            self._stop(delivery, NOT_SCANNED)
            return
        try:
            with Spool(self._store.settings.spool_folder) as spool:
                for chunk in self._store.content(delivery.message):
                    spool.write(chunk)
                spool.check()
                await self._look(delivery, spool)
        except NotFound:
            self._stop(delivery, GONE)
        except Corrupt:
            self._stop(delivery, DAMAGED)

    async def _look(self, delivery: Delivery, spool: Spool) -> None:
        message = delivery.message
        client = Client(message.client_ip, message.helo)
        sender = Address.parse(message.sender) if message.sender else None
        found = await self._examiner.examine(client, sender, spool, outside=False)
        if against := speaking_against(self._policy(delivery), found):
            self._stop(delivery, _why(against), against)
        elif missing := self._missing(delivery, found):
            self._wait(delivery, missing)
        else:
            received = Received(client, sender, found, outside=False)
            gone = await self._farther.let_go(delivery, received, spool)
            log.info("release_passed", delivery=delivery.id, done=gone)

    def _missing(self, delivery: Delivery, found: Findings) -> Sequence[Symbol]:
        """Return what is not known of a mail now and may be known later.

        An engine that is well and declines a mail, for its size perhaps, will not change its mind,
        nor will a mail that was held because it could not be examined become one that can.
        """
        names = {name for name, *_ in delivery.symbols}
        later = {UNSCANNED} if self._scanners.silent else set()
        later |= {UNEXAMINED} - names
        return [symbol for symbol in found.symbols if symbol.name in later]

    def _wait(self, delivery: Delivery, missing: Sequence[Symbol]) -> None:
        if delivery.attempts >= MOST_TRIES:
            self._stop(delivery, NOT_SCANNED, missing)
            return
        with self._store.write() as db:
            releases.put_off(db, delivery, clock.now() + AGAIN, missing[0].detail)
        log.warning("release_put_off", delivery=delivery.id, why=missing[0].detail)

    def _stop(self, delivery: Delivery, reason: str, against: Sequence[Symbol] = ()) -> None:
        names = {symbol.name for symbol in against}
        virus = any(_is_virus(name) for name in names)
        before = [Symbol(*each) for each in delivery.symbols if each[0] not in names]
        mail_class = MailClass.VIRUS if virus else delivery.mail_class
        with self._store.write() as db:
            done = releases.stop(db, delivery, mail_class, reason, [*against, *before])
        log.warning("release_stopped", delivery=delivery.id, reason=reason, done=done)

    def _policy(self, delivery: Delivery) -> Policy:
        if delivery.direction is Direction.OUT or delivery.message.writer_id is not None:
            return Policy()  # no old program keeps our own people's mail here
        with self._store.read() as db:
            recipient = mailboxes.resolve(db, Address.parse(delivery.recipient))
        return recipient.policy if recipient else Policy(mandatory=policies.MANDATORY)


def speaking_against(policy: Policy, found: Findings) -> Sequence[Symbol]:
    """Return the findings for which nobody may release a mail, with a policy's points."""
    return [
        replace(symbol, points=weight_of(policy, symbol.name))
        for symbol in found.symbols
        if _is_virus(symbol.name) or symbol.name in policy.mandatory
    ]


def _is_virus(name: str) -> bool:
    return name in RULES and RULES[name].marks is MailClass.VIRUS


def _why(against: Sequence[Symbol]) -> str:
    names = sorted({symbol.name for symbol in against})
    if any(map(_is_virus, names)):
        return f"class {MailClass.VIRUS}"
    return f"mandatory rule {', '.join(names)}"
