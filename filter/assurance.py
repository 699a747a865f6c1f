"""How safe mail goes to strangers: as the operator says, else as their domain asks.

Only for routes by MX that say nothing themselves. Keys that DNS proves go before MTA-STS
(RFC 8461 §2). Whoever cannot be proven as asked gets nothing: mail waits.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import structlog

from filter import dane
from filter.proof import BY_POLICY, Demand, Proof
from filter.routing import Router, router_of
from filter.sts import StsReader
from filter.wire import Endpoint, HopDown
from mailstore.routes import Protocol, Route, Tls
from mailstore.sending import tlspolicies
from mailstore.sending.stspolicies import Mode, StsPolicy
from mailstore.settings import Settings
from mailstore.store import Store

log = structlog.get_logger()


class Assurance:
    """Says what the endpoints of a route must prove; one for each process."""

    def __init__(self, settings: Settings, router: Router) -> None:
        self._resolver = router.resolver
        self._reader = StsReader(settings, router)

    async def asked(
        self, store: Store, route: Route, endpoints: Sequence[Endpoint]
    ) -> Sequence[Endpoint]:
        """Return those that may get mail, with what each must prove; HopDown if none may."""
        if route.protocol is not Protocol.MX or route.tls is not Tls.MAY:
            return endpoints
        domain, _ = route.hops[0]
        with store.read() as db:
            own = tlspolicies.applying(db, domain)
        if own is not None:
            demand = Demand.of(own.tls, own.pin)
            return [replace(each, demand=demand) for each in endpoints]
        endpoints = await dane.with_keys(self._resolver, domain, endpoints)
        if all(map(_is_proven, endpoints)):
            return endpoints
        policy = await self._reader.policy(store, domain)
        return _as_named(policy, endpoints) if policy else endpoints


def _is_proven(endpoint: Endpoint) -> bool:
    return endpoint.demand is not None and endpoint.demand.proof is Proof.DANE


def _as_named(policy: StsPolicy, endpoints: Sequence[Endpoint]) -> Sequence[Endpoint]:
    """Return what a policy leaves of a domain's servers (RFC 8461 §5)."""
    if policy.mode is Mode.TESTING:
        strange = sum(not policy.names(each.host) for each in endpoints)
        log.info("sts_testing", domain=policy.domain, strange=strange, of=len(endpoints))
    if policy.mode is not Mode.ENFORCE:
        return endpoints
    allowed = [
        each if _is_proven(each) else replace(each, demand=BY_POLICY)
        for each in endpoints
        if _is_proven(each) or policy.names(each.host)
    ]
    if not allowed:
        raise HopDown(f"MTA-STS: {endpoints[0].host} is not in the policy of {policy.domain}")
    return allowed


@lru_cache(maxsize=4)
def assurance_of(settings: Settings) -> Assurance:
    """Return what says how safe the ways of these settings must be."""
    return Assurance(settings, router_of(settings))
