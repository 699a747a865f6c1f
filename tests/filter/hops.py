"""How tests reach a next hop on loopback."""

from typing import Any

from filter.nexthop import Connection, Manner
from filter.wire import Endpoint
from mailstore.routes import Route

HERE = "127.0.0.1"
OUR_NAME = "mx.mailhafen.test"


def endpoint(port: int, host: str = HERE) -> Endpoint:
    return Endpoint(host, HERE, port)


def to(port: int, how: str = "", **manner: Any) -> Connection:
    """Return a connection that is not open yet; `how` is what a route says beside the server."""
    prefix, _, safety = how.partition(" ")
    route = Route.parse(f"{prefix}{HERE}:{port} {safety}")
    return Connection(endpoint(port), Manner(OUR_NAME, route, **manner))
