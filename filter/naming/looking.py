"""Looks at what DNS says about the mail of a domain, and keeps what is wrong with it."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import structlog
import uvloop

from filter import publishing, rotation, sts
from filter.authentication import dmarc
from filter.dns import Resolver
from filter.publishing import place_of
from filter.routing import Router
from mailstore import clock
from mailstore.addresses import ascii_domain
from mailstore.domains import Domain
from mailstore.errors import MailhafenError
from mailstore.jobs import job
from mailstore.naming import checks, published, spf
from mailstore.naming.checks import DomainCheck, Task
from mailstore.naming.faults import Fault
from mailstore.naming.findings import Finding, Record, Said
from mailstore.sending import dkimkeys
from mailstore.sending.dkimkeys import DkimKey
from mailstore.sending.stspolicies import Wish
from mailstore.settings import Settings
from mailstore.store import Store

log = structlog.get_logger()


SPF_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found: records, and the addresses that we come from."""

    findings: list[Finding]
    addresses: list[str]

    def packed(self) -> dict[str, Any]:
        """Return it as a check keeps it."""
        return {"records": [each.packed() for each in self.findings], "addresses": self.addresses}


@job
def look_at_dns(store: Store, check_id: int) -> None:
    """Look at a domain's records, after what was asked for first; may run twice."""
    with store.write() as db:
        taken = checks.take(db, check_id)
    if taken is None:
        return
    check, domain = taken
    trouble = _prepare(store, domain, check)
    looked = uvloop.run(look(store, domain))
    with store.write() as db:
        checks.done(db, check, looked.packed() | ({"trouble": trouble} if trouble else {}))


def _prepare(store: Store, domain: Domain, check: DomainCheck) -> str:
    """Make keys, or let those sign that DNS has; returns why that cannot be, or nothing."""
    try:
        if check.task is Task.KEYS:
            with store.read() as db:
                known = dkimkeys.keys_of(db, domain)
            if not any(key.waits for key in known):
                rotation.make_keys(store, domain, by=check.by)
        elif check.task is Task.SIGN:
            ready = asyncio.run(_ready(store, domain))
            rotation.let_sign(store, domain, ready, by=check.by)
    except MailhafenError as error:
        log.warning("dkim_task_failed", domain=domain.id, error=str(error))
        return str(error)
    return ""


async def _ready(store: Store, domain: Domain) -> list[DkimKey]:
    """Return the keys that wait and whose record is there."""
    with store.read() as db:
        keys = [key for key in dkimkeys.keys_of(db, domain) if key.waits]
    resolver = Resolver(store.settings)
    findings = [await _dkim(resolver, domain, key) for key in keys]
    ready = {each.key_id for each in findings if each.said == (Said(Fault.DKIM_READY),)}
    return [key for key in keys if key.id in ready]


async def look(store: Store, domain: Domain) -> Looked:
    """Return what DNS says about the mail of a domain."""
    settings, name = store.settings, ascii_domain(domain.name)
    with store.read() as db:
        keys = [key for key in dkimkeys.keys_of(db, domain) if not key.retired_at]
    router = Router(settings)
    resolver, hosts = router.resolver, settings.exchangers
    addresses = await our_addresses(settings, resolver)
    ours = spf_terms(settings, addresses)
    exchangers = await resolver.lookup("MX", name)
    below = ("_dmarc.", "_mta-sts.", "_smtp._tls.")
    texts = {
        place: await _texts(resolver, place)
        for place in (name, *(f"{each}{name}" for each in below))
    }
    tree = await _spf_tree(resolver, name, texts[name] or ())
    # What a name above says counts only where the domain itself says nothing.
    above = [] if texts[f"_dmarc.{name}"] else dmarc.steps(name)[1:]
    policies = {each: await _texts(resolver, f"_dmarc.{each}") for each in above}
    policy = await _policy(settings, router, name) if texts[f"_mta-sts.{name}"] else None
    return Looked(
        [
            published.mx(name, hosts, exchangers),
            spf.judge(name, ours, texts[name], tree),
            *[await _dkim(resolver, domain, key) for key in keys],
            *([] if keys else [_no_keys(name)]),
            published.dmarc(name, texts[f"_dmarc.{name}"], policies),
            published.sts(name, hosts, texts[f"_mta-sts.{name}"], policy, clock.today()),
            published.tls_rpt(name, texts[f"_smtp._tls.{name}"]),
        ],
        addresses,
    )


async def our_addresses(settings: Settings, resolver: Resolver) -> list[str]:
    """Return the addresses we connect from: those of a setting, or of our host name."""
    if settings.addresses_out:
        return settings.addresses_out
    asked = [resolver.lookup(kind, settings.hostname) for kind in ("A", "AAAA")]
    return [each for answer in await asyncio.gather(*asked) for each in answer or ()]


def spf_terms(settings: Settings, addresses: Sequence[str]) -> list[str]:
    """Return the terms of an SPF record that let us send."""
    if settings.spf_include:
        return [f"include:{settings.spf_include.lower()}"]
    named = [f"{'ip6' if ':' in each else 'ip4'}:{each}" for each in addresses]
    return named or [f"a:{settings.hostname.lower()}"]


async def _texts(resolver: Resolver, place: str) -> list[str] | None:
    records = await resolver.lookup("TXT", place)
    return None if records is None else ["".join(pieces) for pieces in records]


async def _spf_tree(resolver: Resolver, name: str, texts: Sequence[str]) -> spf.Tree:
    """Return the texts of all names that an SPF record leads to, within bounds."""
    tree: dict[str, Sequence[str] | None] = {}
    waiting = spf.leads_to(texts)
    with suppress(TimeoutError):
        async with asyncio.timeout(SPF_SECONDS):
            while waiting and len(tree) < spf.MOST_NAMES:
                place = waiting.pop(0)
                if place not in tree and place != name:
                    tree[place] = found = await _texts(resolver, place)
                    waiting += spf.leads_to(found or ())
    return tree


async def _policy(settings: Settings, router: Router, name: str) -> Wish | str:
    """Return what the file of a domain asks of senders, or why nobody can read it."""
    try:
        return sts.read(await sts.StsReader(settings, router).fetch(name))
    except sts.Unreadable as error:
        return str(error)


async def _dkim(resolver: Resolver, domain: Domain, key: DkimKey) -> Finding:
    place = place_of(key.selector, ascii_domain(domain.name))
    records = await resolver.lookup("TXT", place)
    said = publishing.fault_in(records, key.record)
    if said is None and key.waits:
        said = Said(Fault.DKIM_READY)
    found = None if records is None else tuple("".join(pieces) for pieces in records)
    return Finding(Record.DKIM, place, (key.record,), found, (said,) if said else (), key.id)


def _no_keys(name: str) -> Finding:
    return Finding(Record.DKIM, name, (), (), (Said(Fault.DKIM_NO_KEYS),))
