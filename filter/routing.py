"""From a route to addresses: names are resolved, and what must not be reached is left out.

Absence is proven or it is no absence: a name server that is silent, fails or contradicts itself
makes the next hop "down", never the mail failed (RFC 5321 §5.1, RFC 7505).
"""

import asyncio
import random
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from ipaddress import ip_address

from filter.dns import Resolver
from filter.wire import Endpoint, HopDown
from mailstore.addresses import parse_host_port
from mailstore.reach import is_public
from mailstore.routes import Protocol, Route
from mailstore.settings import Settings

MOST_RECORDS = 100
MOST_ENDPOINTS = 20
LONGEST_SECONDS = 20.0
NULL_MX = ["."]


class HopAbsent(HopDown):
    """There is no next hop, and DNS proves it; the text is a reply of ours."""


class HopForbidden(HopDown):
    """A route leads only to where whoever named it may not lead us."""


class HopNowhere(HopDown):
    """The names of a route lead to no address."""


class Router:
    """Finds the endpoints of routes; one for each process. `resolver` keeps what DNS said."""

    def __init__(self, settings: Settings) -> None:
        self.resolver = Resolver(settings)
        self._inside = settings.inside
        self._own_ports = {parse_host_port(text)[1] for text in settings.smtp_listen.split(",")}

    async def endpoints(self, route: Route, *, trusted: bool) -> list[Endpoint]:
        """Return where a route leads, best first; raises HopDown, or HopAbsent where it is proven.

        `trusted`: the operator wrote the route, so it may lead to the inside; what stands in
        the records of a domain never may.
        """
        found = []
        with suppress(TimeoutError):  # what is found by then will do
            async with asyncio.timeout(LONGEST_SECONDS):
                async for endpoint in self._found(route):
                    found.append(endpoint)
        if not found:
            raise HopNowhere(f"no address: {', '.join(host for host, _ in route.hops)}")
        by_mx = route.protocol is Protocol.MX
        if allowed := list(self._allowed(found, trusted=trusted and not by_mx)):
            return allowed[:MOST_ENDPOINTS]
        raise HopForbidden(f"{found[0].host} leads to an address that is not allowed")

    async def _found(self, route: Route) -> AsyncIterator[Endpoint]:
        by_mx = route.protocol is Protocol.MX
        for host, port in await self._exchangers(*route.hops[0]) if by_mx else route.hops:
            addresses = await self._addresses(host)
            if not addresses and not by_mx:
                addresses = await _of_this_machine(host)
            for address in addresses:
                yield Endpoint(host, address, port)

    async def _exchangers(self, domain: str, port: int) -> Sequence[tuple[str, int]]:
        """Return the hosts that take mail for a domain (RFC 5321 §5.1)."""
        records = await self.resolver.lookup("MX", domain)
        if records is None:
            raise HopDown(f"no answer from DNS about {domain}")
        records = sorted(records, key=_turn)[:MOST_RECORDS]
        hosts = [host for _, host in records]
        if hosts == NULL_MX:
            raise HopAbsent(f"556 5.1.10 {domain} takes no mail (RFC 7505)")
        if hosts:
            return [(host, port) for host in hosts if [host] != NULL_MX]
        exists = await self.resolver.lookup("NAME", domain)
        if exists == []:
            raise HopAbsent(f"550 5.1.2 there is no domain {domain}")
        return [(domain, port)]

    async def _addresses(self, host: str) -> Sequence[str]:
        with suppress(ValueError):
            return [str(ip_address(host))]
        asked = [self.resolver.lookup(kind, host) for kind in ("A", "AAAA")]
        found = [each for answer in await asyncio.gather(*asked) for each in answer or ()]
        return found[:MOST_RECORDS]

    def _allowed(self, found: Sequence[Endpoint], *, trusted: bool) -> Iterator[Endpoint]:
        for each in found:
            ourselves = each.port in self._own_ports and _is_ours(each.address)
            if not ourselves and (trusted or is_public(each.address, self._inside)):
                yield each


def _turn(record: tuple[int, str]) -> tuple[int, float]:
    # Those of equal preference share the load (RFC 5321 §5.1).
    return record[0], random.random()  # noqa: S311 (no secret)


async def _of_this_machine(host: str) -> Sequence[str]:
    """Return what this machine knows itself; no domain's records may ask for that."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


@lru_cache(maxsize=1024)
def _is_ours(address: str) -> bool:
    """Whether an address is one of this machine: only such a one can be bound to."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True


@lru_cache(maxsize=4)
def router_of(settings: Settings) -> Router:
    """Return the router of these settings; what it learned from DNS is kept."""
    return Router(settings)
