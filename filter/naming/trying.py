"""Tries a next hop step by step, and keeps what it said; no mail is sent."""

import asyncio
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import uvloop
from sqlalchemy import select

from filter.naming.certificates import facts_of
from filter.nexthop import Connection, Manner, NoSender
from filter.proof import Demand, Proof
from filter.routing import HopForbidden, HopNowhere, Router
from filter.wire import NO, YES, Endpoint, HopDown, Reply, Wire
from mailstore import clock
from mailstore.addresses import ascii_domain
from mailstore.domains import Domain
from mailstore.jobs import job
from mailstore.lanes import Lane
from mailstore.mailboxes import Mailbox, MailboxKind
from mailstore.naming import checks
from mailstore.naming.steps import Stage, Step
from mailstore.naming.troubles import Trouble
from mailstore.routes import Route, Tls
from mailstore.store import Store

# A person waits for it: much less than a mail may take.
SECONDS = 8.0
MOST_SERVERS = 3
LONGEST_WORDS = 300
SOON = timedelta(days=14)
PROVING = Demand(Proof.CERTIFICATE, tls=True)


@job
def try_hop(store: Store, check_id: int) -> None:
    """Try the next hop of a domain; may run twice."""
    with store.write() as db:
        taken = checks.take(db, check_id)
    if taken is None:
        return
    check, domain = taken
    steps = uvloop.run(trial(store, domain))
    with store.write() as db:
        checks.done(db, check, {"steps": [each.packed() for each in steps]})


async def trial(store: Store, domain: Domain) -> list[Step]:
    """Return what came of trying the next hop of a domain, server by server."""
    with store.read() as db:
        lane = db.get_one(Lane, domain.lane_id)
        known = db.scalar(
            select(Mailbox.address)
            .where(Mailbox.domain_id == domain.id, Mailbox.active)
            .where(Mailbox.kind != MailboxKind.CATCH_ALL)
            .order_by(Mailbox.id)
            .limit(1)
        )
    route, begun = Route.parse(lane.route), time.monotonic()
    try:
        found = await Router(store.settings).endpoints(route, trusted=lane.trusted)
    except HopDown as error:
        return [Step(Stage.FIND, route.hops[0][0], _why_nowhere(error), str(error), _since(begun))]
    manner = Manner(store.settings.hostname, route, store.settings.tls_authorities)
    invented = f"mailhafen-test-{secrets.token_hex(6)}@{ascii_domain(domain.name)}"
    servers = list({each.host: each for each in reversed(found)}.values())[::-1][:MOST_SERVERS]
    trials = [Trial(each, manner).all(known, invented) for each in servers]
    return [step for steps in await asyncio.gather(*trials) for step in steps]


def _why_nowhere(error: HopDown) -> Trouble:
    match error:
        case HopForbidden():
            return Trouble.FORBIDDEN
        case HopNowhere():
            return Trouble.NOWHERE
        case _:
            return Trouble.SILENT


class Trial:
    """What is tried with one server."""

    def __init__(self, endpoint: Endpoint, manner: Manner) -> None:
        self._endpoint, self._manner = endpoint, manner
        self._server = f"{endpoint.host}:{endpoint.port} ({endpoint.address})"
        self._steps: list[Step] = []
        self._offers_tls = False
        self._begun = time.monotonic()

    async def all(self, known: str | None, invented: str) -> list[Step]:
        """Return the steps as far as they go."""
        with self._noting(Stage.CONNECT, Trouble.SILENT):
            wire = await self._reached()
            try:
                if await self._greeted(wire):
                    await self._secured(wire)
                    await self._recipients(known, invented)
            finally:
                wire.abort()
        return self._steps

    def _note(self, stage: Stage, trouble: Trouble | None, heard: str, **facts: str) -> None:
        words = heard.replace("\n", " · ")[:LONGEST_WORDS]
        step = Step(stage, self._server, trouble, words, _since(self._begun), facts)
        self._steps.append(step)
        self._begun = time.monotonic()

    @contextmanager
    def _noting(self, stage: Stage, trouble: Trouble) -> Iterator[None]:
        """Make a step of what breaks."""
        try:
            yield
        except (HopDown, OSError) as error:
            self._note(stage, trouble, str(error) or f"nothing within {SECONDS:g} s")

    async def _reached(self) -> Wire:
        async with asyncio.timeout(SECONDS):
            return await Wire.to(self._endpoint)

    async def _greeted(self, wire: Wire) -> bool:
        """Whether the server let us in; notes its banner and what it offers."""
        banner = await wire.reply(SECONDS)
        self._note(Stage.CONNECT, _unless(banner, Trouble.UNWILLING), banner.text)
        if banner.kind != YES:
            return False
        hello = await self._say(wire, f"{self._manner.hello} {self._manner.hostname}")
        self._note(Stage.HELLO, _unless(hello, Trouble.UNWILLING), hello.text)
        self._offers_tls = "STARTTLS" in hello.text.upper().split()
        return hello.kind == YES

    async def _say(self, wire: Wire, line: str) -> Reply:
        wire.write(f"{line}\r\n".encode())
        return await wire.reply(SECONDS)

    async def _secured(self, wire: Wire) -> None:
        needed = self._manner.route.tls is not Tls.MAY
        if not self._offers_tls:
            self._note(Stage.TLS, Trouble.TLS_NEEDED if needed else Trouble.NO_TLS, "")
            return
        with self._noting(Stage.TLS, Trouble.TLS_NEEDED if needed else Trouble.TLS_BROKEN):
            why = await self._proves_nothing(wire)
            shown = wire if not why else await self._once_more()
            facts, ends = facts_of(shown.certificate)
            fits = self._manner.demand.fits(shown.certificate)
            trouble = _of_tls(self._manner.route.tls, proven=not why, fits=fits)
            if trouble is None and ends and ends - clock.now() < SOON:
                trouble = Trouble.ENDS_SOON
            self._note(Stage.TLS, trouble, why or shown.version, **facts)
            if shown is not wire:
                shown.abort()

    async def _proves_nothing(self, wire: Wire) -> str:
        """Return why the certificate proves nothing to strangers; empty if it does."""
        try:
            await self._start_tls(wire, PROVING)
        except HopDown as error:
            return str(error)
        return ""

    async def _once_more(self) -> Wire:
        """Return a connection in TLS that proves nothing, for what the certificate says."""
        wire = await self._reached()
        try:
            await wire.reply(SECONDS)
            await self._say(wire, f"{self._manner.hello} {self._manner.hostname}")
            await self._start_tls(wire, Demand())
        except BaseException:
            wire.abort()
            raise
        return wire

    async def _start_tls(self, wire: Wire, demand: Demand) -> None:
        answer = await self._say(wire, "STARTTLS")
        if answer.kind != YES:
            raise HopDown(answer.text)
        async with asyncio.timeout(SECONDS):
            await wire.secure(demand.context(self._manner.authorities), self._endpoint.host)

    async def _recipients(self, known: str | None, invented: str) -> None:
        """Ask for somebody who is known and for nobody, as a delivery does; no mail follows."""
        with self._noting(Stage.KNOWN, Trouble.UNWILLING):
            async with (
                asyncio.timeout(2 * SECONDS),
                Connection(self._endpoint, self._manner) as hop,
            ):
                try:
                    if known is None:
                        self._note(Stage.KNOWN, Trouble.NOBODY, "")
                    else:
                        said = await hop.ask(known)
                        self._note(Stage.KNOWN, _of_known(said), f"{known}: {said.text}")
                    said = await hop.ask(invented)
                    self._note(Stage.UNKNOWN, _of_invented(said), said.text)
                except NoSender as error:
                    self._note(Stage.KNOWN, Trouble.CANNOT_ASK, str(error))


def _since(begun: float) -> int:
    return int((time.monotonic() - begun) * 1000)


def _unless(reply: Reply, trouble: Trouble) -> Trouble | None:
    return None if reply.kind == YES else trouble


def _of_tls(asked: Tls, *, proven: bool, fits: bool) -> Trouble | None:
    """Return what is wrong with a certificate: a key that is pinned proves the server alone."""
    if asked is Tls.PIN:
        return None if fits else Trouble.TLS_NEEDED
    if proven:
        return None
    return Trouble.TLS_NEEDED if asked is Tls.MUST else Trouble.UNPROVEN


def _of_known(reply: Reply) -> Trouble | None:
    if reply.kind == YES:
        return None
    return Trouble.REFUSED if reply.kind == NO else Trouble.LATER


def _of_invented(reply: Reply) -> Trouble | None:
    if reply.kind == NO:
        return None
    return Trouble.TAKES_ANY if reply.kind == YES else Trouble.ANSWERS_LATER
