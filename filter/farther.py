"""Released mail goes on: to our people by their lane, and away to wherever that leads by now."""

from collections.abc import Iterable, Sequence
from datetime import date

from filter.destinations import Destinations
from filter.directory import Directory
from filter.judging import Judging, Received
from filter.neighbours import Neighbours
from filter.spool import Spool
from mailstore import outbox, recording, releases
from mailstore.addresses import Address
from mailstore.deliveries import Delivery, Direction
from mailstore.envelopes import Recipient
from mailstore.slices import Sealed
from mailstore.store import Store


class Farther:
    """Lets claimed releases go."""

    def __init__(self, store: Store, rules_off: Iterable[str]) -> None:
        self._store, self._directory = store, Directory(store)
        self._destinations = Destinations(store, self._directory)
        judging = Judging(self._directory, rules_off)
        self._neighbours = Neighbours(judging, store.settings.hostname)
        self.close = self._directory.close

    async def let_go(self, delivery: Delivery, received: Received, spool: Spool) -> bool:
        """Send a mail on; False if its lease was lost."""
        if delivery.direction is Direction.IN:
            return self._queue(delivery, None)
        address = Address.parse(delivery.recipient)
        towards = await self._destinations.of([address], delivery.tenant_id)
        if towards.neighbours:
            return await self._hand_over(delivery, received, towards.neighbours, spool)
        if failed := towards.failed.get(address.key):
            with self._store.write() as db:
                return releases.end(db, delivery, failed)
        here = towards.own.get(address.key)
        return self._queue(delivery, here.lane_id if here else None, address.domain)

    def _queue(self, delivery: Delivery, lane_id: int | None, away: str = "") -> bool:
        with self._store.write() as db:
            if away and lane_id is None:
                lane_id = outbox.lane_towards(db, self._store.settings, away)
            return releases.let_go(db, delivery, lane_id=lane_id)

    async def _hand_over(
        self, delivery: Delivery, received: Received, to: Sequence[Recipient], spool: Spool
    ) -> bool:
        author = received.findings.author
        proven = author is not None and author.key == delivery.message.author
        handed = await self._neighbours.judge(received, to, proven=proven)
        above = delivery.message.headers
        accepted = await self._neighbours.accepted(handed, spool, self._seal, lambda *_: above)
        places = self._store.packs.append([each.sealed.slice for each in accepted])
        (ended,) = handed.ended.values()
        with self._store.write() as db:
            done = releases.end(db, delivery, ended)
            if done:
                placed = list(zip(accepted, places, strict=True))
                recording.record(db, placed, handed.refused, handed.hits)
        return done

    async def _seal(self, tenant_id: int, day: date, spool: Spool) -> Sealed:
        return self._store.seal(tenant_id, day, spool.chunks())
