"""What tests ask rows about deliveries, and how they damage what lies on disk."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import select, text

from filter import ledger
from mailstore import claims
from mailstore.deliveries import Delivery
from mailstore.events import Event
from mailstore.lanes import Lane
from mailstore.retries import Retries
from mailstore.store import Store


def now(store: Store, delivery: Delivery) -> Delivery:
    """Return how a delivery stands now."""
    with store.read() as db:
        return db.get_one(Delivery, delivery.id)


def lane_of(store: Store, delivery: Delivery) -> Lane:
    with store.read() as db:
        return db.get_one(Lane, delivery.lane_id)


def events_of(store: Store) -> list[str]:
    with store.read() as db:
        return [
            kind
            for kind in db.scalars(select(Event.kind).order_by(Event.id))
            if not kind.endswith("_added")
        ]


@contextmanager
def renamed(store: Store, table: str) -> Iterator[None]:
    """Let a table not be found for a while."""
    for old, new in ((table, "away"), ("away", table)):
        with store.write() as db:
            db.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))
        if new == "away":
            yield


@contextmanager
def nobody_records(store: Store) -> Iterator[None]:
    """Hold up whoever records mail, as another writer does."""
    with store.write() as db:
        if db.get_bind().dialect.name == "postgresql":
            db.execute(text("LOCK TABLE packs IN EXCLUSIVE MODE"))
        yield


def damage(store: Store, queued: Delivery, *, missing: bool) -> Path:
    """Change the last byte of a stored mail, or take its pack away; return its path."""
    place = queued.message.place
    assert place is not None
    path = store.settings.data_dir / "packs" / place.day.isoformat() / f"{place.pack}.pack"
    if missing:
        path.unlink()
        return path
    content = bytearray(path.read_bytes())
    content[place.offset + place.length - 1] ^= 1
    path.write_bytes(content)
    return path


def claimed(store: Store, queued: Delivery) -> Delivery:
    """Take a queued delivery as a worker does."""
    with store.write() as db:
        (found,) = claims.claim(
            db, queued.lane_id, limit=1, lease=ledger.LEASE, retries=Retries.of(store.settings)
        )
    return found
