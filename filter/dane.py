"""DANE (RFC 7672): the keys that DNS proves for the servers that take a domain's mail."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from filter.dns import Resolver
from filter.proof import Association, Demand, Proof
from filter.wire import Endpoint, HopDown

NOTHING = Demand()


async def with_keys(
    resolver: Resolver, domain: str, endpoints: Sequence[Endpoint]
) -> Sequence[Endpoint]:
    """Return the endpoints, those that DNS names keys of with what they must prove.

    One of which that is not known now is left out, or whoever silences DNS would take the keys
    away (RFC 7672 §2.1); raises HopDown where none is left.
    """
    servers_of, proven = await resolver.ask("MX", domain)
    if servers_of is None:
        raise HopDown(f"no answer from DNS about {domain}")
    if not proven:
        return endpoints
    servers = list(dict.fromkeys((each.host, each.port) for each in endpoints))
    demands = dict(
        zip(servers, await asyncio.gather(*(_of(resolver, *each) for each in servers)), strict=True)
    )
    if all(demand is None for demand in demands.values()):
        raise HopDown(f"DNS does not say now what proves the servers of {domain} (DANE)")
    return [
        replace(each, demand=demand)
        for each in endpoints
        if (demand := demands[each.host, each.port]) is not None
    ]


async def _of(resolver: Resolver, host: str, port: int) -> Demand | None:
    """Return what a server must prove, None if that is not known now."""
    addresses = [await resolver.ask(kind, host) for kind in ("A", "AAAA")]
    # Servers of names in zones without DNSSEC may not know of such records (RFC 7672 §2.1).
    if not all(each.proven for each in addresses if each.records):
        return NOTHING
    records, proven = await resolver.ask("TLSA", f"_{port}._tcp.{host}")
    if records is None:
        return None
    if not (records and proven):
        return NOTHING
    usable = tuple(each for record in records if (each := Association(*record)).usable)
    # Who names keys speaks TLS, even where we can check none of them (RFC 7672 §2.2).
    return Demand(Proof.DANE if usable else Proof.NONE, tls=True, keys=usable)
