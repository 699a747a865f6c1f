"""Asks DNS whether a domain that a tenant claims is its own."""

import asyncio

import structlog

from filter.dns import Resolver
from mailstore.jobs import job
from mailstore.naming import claims, proofs
from mailstore.naming.claims import DomainClaim
from mailstore.store import Store

log = structlog.get_logger()


@job
def check_claim(store: Store, claim_id: int) -> None:
    """Look for the proof of a claim, and make it a domain where it is there; may run twice."""
    with store.read() as db:
        claim = db.get(DomainClaim, claim_id)
    if claim is None:
        return
    # A resolver of its own: what was asked too early must not be remembered.
    records = asyncio.run(Resolver(store.settings).lookup("TXT", claim.place))
    seen = proofs.seen_in(records, claim.token)
    with store.write() as db:
        domain = claims.settle(db, claim_id, seen)
    log.info("claim_checked", claim=claim_id, seen=seen.value, domain=domain.id if domain else None)
