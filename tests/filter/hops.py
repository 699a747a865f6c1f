"""How tests find and reach a next hop on loopback."""

from collections.abc import Callable
from typing import Any

import uvloop

from filter.nexthop import Connection, Manner
from filter.routing import Router
from filter.wire import Endpoint
from mailstore.routes import Route
from mailstore.settings import Settings
from tests.filter.names import FakeDNS

Find = Callable[..., list[str]]

HERE = "127.0.0.1"
OUR_NAME = "mx.mailhafen.test"


def endpoint(port: int, host: str = HERE) -> Endpoint:
    return Endpoint(host, HERE, port)


def to(port: int, how: str = "", *, host: str = HERE, **manner: Any) -> Connection:
    """Return a connection that is not open yet; `how` is what a route says beside the server."""
    prefix, _, safety = how.partition(" ")
    route = Route.parse(f"{prefix}{HERE}:{port} {safety}")
    return Connection(endpoint(port, host), Manner(OUR_NAME, route, **manner))


def asking(names: FakeDNS, settings: Settings) -> Find:
    """Return what asks a new router where a route leads: `host address port`, best first."""

    def find(route: str, *, trusted: bool = False, **values: object) -> list[str]:
        known = {"dns_servers": f"127.0.0.1:{names.port}"} | values
        router = Router(settings.model_copy(update=known))
        found = uvloop.run(router.endpoints(Route.parse(route), trusted=trusted))
        return [f"{each.host} {each.address} {each.port}" for each in found]

    return find
