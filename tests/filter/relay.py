"""A real relay on a free port: listener, intake, sandboxed children and recorder."""

import asyncio
import socket
import time
from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import contains_eager

from filter.dns import Resolver
from filter.examination import Examiner
from filter.hooks import Hooks
from filter.intake import Intake
from filter.limits import Counters, Gate, Limits
from filter.listening import the_certificate
from filter.recorder import Recorder
from filter.session import RelaySMTP
from mailstore.deliveries import Delivery
from mailstore.messages import Message
from mailstore.packs import Packs, Place, Slice
from mailstore.refusals import Refusal
from mailstore.sandbox_pool import SandboxPool
from mailstore.settings import Settings
from mailstore.store import Store
from tests.factories import ANNA, BEAT, a_mailbox
from tests.filter.talk import PATIENCE, Talk

if TYPE_CHECKING:
    from filter.connection import Connection

CARLA = "carla@hafenbau.example"


def a_gate(settings: Settings) -> Gate:
    """Return the only gate to counts of its own."""
    limits = Limits(
        settings.max_connections, settings.max_connections_per_address, settings.max_new_per_minute
    )
    return Gate(Counters(), 0, limits)


class Relay:
    """What `filter.server.serve` puts together, with children that others use too."""

    def __init__(self, store: Store, pool: SandboxPool) -> None:
        self.store = store
        with store.write() as db:
            self.mailboxes = [a_mailbox(db, address).id for address in (ANNA, BEAT, CARLA)]
        self._pool = pool
        self.sessions: set[Connection] = set()
        self.port = 0

    async def start(self) -> None:
        """Listen."""
        settings = self.store.settings
        self.recorder = Recorder(self.store)
        examiner = Examiner(settings, self._pool, Resolver(settings))
        self.intake = Intake(self.store, examiner, self.recorder)
        self.gate = a_gate(settings)
        self.hooks = Hooks(self.intake, settings, self.gate, the_certificate(settings))
        self._server = await asyncio.get_running_loop().create_server(
            lambda: RelaySMTP(self.hooks, self.sessions), "127.0.0.1", 0
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """End all sessions, and write what waits."""
        self._server.close()
        for session in list(self.sessions):
            if isinstance(session.transport, asyncio.Transport):
                session.transport.abort()
        while self.sessions:
            await asyncio.sleep(0.01)
        self.recorder.close()

    def left(self, seconds: float = 3.0) -> tuple[int, int]:
        """Return how many sessions and counted connections are left after a moment."""
        end = time.monotonic() + seconds
        while (self.sessions or self.gate.open) and time.monotonic() < end:
            time.sleep(0.02)
        return len(self.sessions), self.gate.open

    def socket(self) -> socket.socket:
        """Return a connection of a client that does not even listen."""
        return socket.create_connection(("127.0.0.1", self.port), PATIENCE)

    def talk(self, hello: str = "EHLO client.example") -> Talk:
        return Talk(self.port, hello)

    def messages(self) -> list[tuple[Message, bytes]]:
        """Return all messages in order, with their stored bytes."""
        with self.store.read() as db:
            rows = db.scalars(select(Message).order_by(Message.id)).all()
        return [(row, b"".join(self.store.content(row))) for row in rows]

    def contents(self) -> list[bytes]:
        return [content for _, content in self.messages()]

    def deliveries(self) -> Sequence[Delivery]:
        """Return all deliveries in order, their messages loaded."""
        with self.store.read() as db:
            return db.scalars(
                select(Delivery)
                .join(Delivery.message)
                .options(contains_eager(Delivery.message))
                .order_by(Delivery.id)
            ).all()

    def refusals(self) -> Sequence[Refusal]:
        with self.store.read() as db:
            return db.scalars(select(Refusal).order_by(Refusal.id)).all()


class CountingPacks:
    """Counts how often it is asked to append, and fails as long as it has an error."""

    def __init__(self, packs: Packs, error: Exception | None = None) -> None:
        self.packs, self.error = packs, error
        self.appended: list[int] = []

    def append(self, slices: Sequence[Slice]) -> list[Place]:
        self.appended.append(len(slices))
        if self.error is not None:
            raise self.error
        return self.packs.append(slices)

    def read(self, place: Place) -> Iterator[bytes]:
        return self.packs.read(place)

    def shred(self, place: Place) -> None:
        self.packs.shred(place)

    def remove(self, name: str, day: date) -> None:
        self.packs.remove(name, day)
