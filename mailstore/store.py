"""The store: the door to rows and bytes."""

import fcntl
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from importlib import import_module
from typing import Any, Protocol, Self

from sqlalchemy.orm import Session, sessionmaker

from mailstore import schema
from mailstore.db import BUSY_MS, make_engine, reader_options, writer_options
from mailstore.errors import Misconfigured, NotFound
from mailstore.jobs import Jobs, start_waiting
from mailstore.keys import KeyRing
from mailstore.packs import LocalPacks, Packs, Place
from mailstore.pipe import PipeJobs
from mailstore.settings import Settings
from mailstore.slices import Sealed, seal, unseal

NUDGES = "nudges"
# Meanwhile nobody writes.
SCRUB_MS = 2000


class Stored(Protocol):
    """A row whose bytes lie in a pack: a mail, or a file in a draft."""

    @property
    def tenant_id(self) -> int:
        """Whose key it is sealed with."""

    @property
    def place(self) -> Place | None:
        """Where it lies; None once it is erased."""

    @property
    def sha256(self) -> str:
        """The hash of its plain bytes."""


class Store:
    """Rows, packs and keys of one installation; safe to share between threads."""

    def __init__(self, settings: Settings, packs: Packs | None = None) -> None:
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.settings = settings
        self.jobs: Jobs = _jobs(settings)
        self.closing = threading.Event()
        self.broken = threading.Event()
        self.packs: Packs = packs or LocalPacks(settings.data_dir / "packs")
        self.engine = make_engine(settings.rows_url)
        self._reader = sessionmaker(reader_options(self.engine), expire_on_commit=False)
        self._writer = sessionmaker(writer_options(self.engine), expire_on_commit=False)
        one_writer = self.engine.dialect.name == "sqlite"
        self._lock = settings.data_dir / "write.lock" if one_writer else None
        self._ring: KeyRing | None = None

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """Open what `flask setup` made, or raise Misconfigured."""
        if not settings.data_dir.exists():
            raise Misconfigured(f"No data in {settings.data_dir}: run `flask setup` first.")
        store = cls(settings)
        if not schema.is_current(store.engine):
            store.close()
            raise Misconfigured("The data does not fit this version: run `flask setup`.")
        return store

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Give one snapshot; nothing can be written through it."""
        with self._reader() as db, db.begin():
            yield db

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Give one short writing transaction; commits, then starts the jobs it asked for."""
        with self._alone(), self._writer() as db, db.begin():
            yield db
        start_waiting(db, self.jobs)

    @property
    def ring(self) -> KeyRing:
        """The operator's key ring; raises Misconfigured without one."""
        if self._ring is None:
            self._ring = KeyRing(self.settings.wrapping_keys)
        return self._ring

    def seal(self, tenant_id: int, day: date, chunks: Iterable[bytes]) -> Sealed:
        """Compress and encrypt a mail that expires on a day; its key is durable before."""
        return seal(self.make_key(tenant_id, day), day, chunks)

    def make_key(self, tenant_id: int, day: date) -> bytes:
        """Return the key of a tenant's day, durable; the first time it waits for other writers."""
        key = self.ring.known(tenant_id, day)
        if key is None:
            with self.write() as db:
                key = self.ring.make(db, tenant_id, day)
            self.ring.remember(tenant_id, day, key)
        return key

    def content(self, stored: Stored) -> Iterator[bytes]:
        """Yield the stored plain bytes; raises NotFound once erased, Corrupt if damaged."""
        place = stored.place
        if place is None:
            raise NotFound("the content is erased")
        key = self.key_of(stored.tenant_id, place.day)
        return unseal(key, self.packs.read(place), stored.sha256)

    def key_of(self, tenant_id: int, day: date) -> bytes:
        """Return the key of a tenant's day, or raise NotFound: it was erased."""
        key = self.ring.known(tenant_id, day)
        if key is None:
            with self.read() as db:
                key = self.ring.find(db, tenant_id, day)
            self.ring.remember(tenant_id, day, key)
        return key

    def scrub(self) -> None:
        """Leave nothing on the disk of what was deleted, unless somebody reads for too long.

        SQLite overwrites what is deleted, but what is new waits in a file beside, where the
        old stays until that is emptied. PostgreSQL does it by itself (VACUUM).
        """
        if self.engine.dialect.name != "sqlite":
            return
        with self._alone(), self.engine.connect() as connection:
            plain: Any = connection.connection.dbapi_connection
            plain.execute(f"PRAGMA busy_timeout = {SCRUB_MS}")
            try:
                plain.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            finally:
                plain.execute(f"PRAGMA busy_timeout = {BUSY_MS}")

    def close(self) -> None:
        """Let go of connections."""
        self.engine.dispose()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        # SQLite has one writer. Two that wait in its busy handler starve each other;
        # flock queues them fairly, across processes and threads.
        if self._lock is None:
            yield
            return
        with self._lock.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _jobs(settings: Settings) -> Jobs:
    """Return what asks for jobs; rq is loaded only where Redis is used."""
    if settings.redis_url:
        jobs: Jobs = import_module("mailstore.redisjobs").RedisJobs(settings.redis_url)
        return jobs
    return PipeJobs(settings.data_dir / NUDGES)
