"""The checker: walks rows and packs and says what does not fit."""

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import or_, select

from mailstore import clock
from mailstore.deliveries import Delivery, State
from mailstore.errors import Corrupt, Misconfigured, NotFound
from mailstore.lanes import Lane
from mailstore.messages import Message
from mailstore.packs import LocalPacks, Pack
from mailstore.retention import CARRY, UNSETTLED
from mailstore.store import Store

BATCH = 1000
OVERDUE = timedelta(hours=1)


def findings(store: Store) -> Iterator[str]:
    """Yield a sentence for each thing that does not fit; reads every stored byte."""
    yield from _contents(store)
    yield from _packs(store)
    yield from _leases(store)


def _contents(store: Store) -> Iterator[str]:
    last = 0
    while True:
        with store.read() as db:
            messages = db.scalars(
                select(Message)
                .where(Message.id > last, Message.pack.is_not(None))
                .order_by(Message.id)
                .limit(BATCH)
            ).all()
        if not messages:
            return
        for message in messages:
            last = message.id
            try:
                for _ in store.content(message):
                    pass
            except (Corrupt, NotFound, Misconfigured) as error:
                yield f"message {message.id}: {error}"


def _packs(store: Store) -> Iterator[str]:
    with store.read() as db:
        named = {name: day for name, day in db.execute(select(Pack.name, Pack.day))}
        waiting = set(db.scalars(select(Delivery.message_id).where(Delivery.state.in_(UNSETTLED))))
        erased = db.scalars(
            select(Message.id).where(Message.pack.is_(None), Message.id.in_(waiting))
        ).all()
    for message_id in erased:
        yield f"message {message_id}: waits for delivery, but its content is erased"
    if isinstance(store.packs, LocalPacks):
        for name, day in store.packs.names():
            if name not in named and day < clock.today() - CARRY:
                yield f"pack {name}: beyond its day {day}, and no row names it"


def _leases(store: Store) -> Iterator[str]:
    now = clock.now()
    with store.read() as db:
        lanes = db.scalars(select(Lane.id).where(Lane.lease_until < now - CARRY)).all()
        overdue = db.scalars(
            select(Delivery.id)
            .join(Lane, Lane.id == Delivery.lane_id)
            .where(Delivery.state == State.QUEUED, Lane.down_since.is_(None))
            .where(Delivery.lease_until < now - OVERDUE, Delivery.next_attempt_at < now - OVERDUE)
        ).all()
        unscanned = db.scalars(
            select(Delivery.id)
            .where(Delivery.state == State.RELEASING, Delivery.next_attempt_at < now - OVERDUE)
            .where(or_(Delivery.lease_until.is_(None), Delivery.lease_until < now - OVERDUE))
        ).all()
    for lane_id in lanes:
        yield f"lane {lane_id}: claimed long beyond its lease"
    for delivery_id in overdue:
        yield f"delivery {delivery_id}: due again, and nobody takes it over"
    for delivery_id in unscanned:
        yield f"delivery {delivery_id}: released, and nobody scans it"
