"""A next hop: its route becomes addresses, and the first that answers becomes a connection."""

from typing import TYPE_CHECKING

from filter.assurance import assurance_of
from filter.nexthop import Connection, Manner, connect
from filter.routing import router_of
from mailstore.lanes import Lane
from mailstore.routes import Route
from mailstore.store import Store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from filter.wire import Endpoint


class Hop:
    """The next hop of a lane: what answered last is tried first."""

    def __init__(self, store: Store, lane: Lane) -> None:
        self._store, settings = store, store.settings
        self._route, self._trusted = Route.parse(lane.route), lane.trusted
        self._manner = Manner(settings.hostname, self._route, settings.tls_authorities)
        self._router, self._assurance = router_of(settings), assurance_of(settings)
        self._endpoints: Sequence[Endpoint] = ()

    async def connect(self) -> Connection:
        """Return a connection that is ready for mail, or raise HopDown."""
        if not self._endpoints:
            found = await self._router.endpoints(self._route, trusted=self._trusted)
            self._endpoints = await self._assurance.asked(self._store, self._route, found)
        connection = await connect(self._endpoints, self._manner)
        self._endpoints = [connection.endpoint]
        return connection
