"""`flask domain dkim`: keys that sign for a customer's domain, from making to forgetting them.

A key signs only once somebody says so, and its record is in DNS: a signature without a record
fails, and a name server that was asked too early remembers for a while that there is none.
"""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import click

from filter.dns import Records, Resolver
from filter.publishing import FITS, compared, place_of, printed
from filter.signing import name_in_dns
from mailstore import domains
from mailstore.cli import OPERATOR, fail, open_store, speaks
from mailstore.domains import Domain
from mailstore.errors import Misconfigured
from mailstore.sending import dkimkeys
from mailstore.sending.dkimkeys import SIGNATURES_COUNT, DkimKey
from mailstore.sending.dkimring import Ring
from mailstore.settings import Settings
from mailstore.store import Store

ROTATE, ACTIVATE, STOP, PRUNE = "rotate", "activate", "stop", "prune"


@dataclass(frozen=True, slots=True)
class Seen:
    """A key, what DNS has of it, and why it cannot be opened; empty if it can."""

    key: DkimKey
    place: str
    dns: str
    trouble: str

    @property
    def shown(self) -> str:
        """What the operator reads of it."""
        if self.key.retired_at:
            until = self.key.retired_at + SIGNATURES_COUNT
            return f"Name   {self.place}\nState  retired; leave its record until {until:%Y-%m-%d}\n"
        since = self.key.active_from
        state = f"signs since {since:%Y-%m-%d}" if since else "waits for its record and --activate"
        state = self.trouble or state
        return f"{printed(self.place, self.key.record)}\nDNS    {self.dns}\nState  {state}\n"

    @property
    def wrong(self) -> bool:
        """Whether it should sign and cannot, or nobody can check it."""
        return self.key.signs and bool(self.trouble or self.dns != FITS)


@click.command("dkim")
@click.argument("name", metavar="DOMAIN")
@click.option("--rotate", "deed", flag_value=ROTATE, help="Make new keys beside those that sign.")
@click.option("--activate", "deed", flag_value=ACTIVATE, help="Sign with new keys seen in DNS.")
@click.option("--force", is_flag=True, help="With --activate: whatever DNS says.")
@click.option("--stop", "deed", flag_value=STOP, help="Sign no more: retire all keys.")
@click.option("--prune", "deed", flag_value=PRUNE, help="Forget keys that retired two weeks ago.")
@speaks
def domain_dkim(name: str, deed: str | None, *, force: bool) -> None:
    """Show the keys that sign what a domain sends, and what DNS has of them; make the first.

    Exit code 1 if a key that signs is not in DNS or cannot be used; with --activate if one waits.
    """
    if force and deed != ACTIVATE:
        fail("--force belongs to --activate.")
    store = open_store()
    with store.read() as db:
        domain = domains.named(db, name)
    if deed in (STOP, PRUNE):
        _end(store, domain, deed)
    elif deed == ACTIVATE:
        _activate(store, domain, force=force)
    else:
        _make(store, domain, anew=deed == ROTATE)
    found = _seen(store, domain)
    for each in found:
        click.echo(each.shown)
    unfinished = deed == ACTIVATE and any(each.key.waits for each in found)
    sys.exit(1 if unfinished or any(each.wrong for each in found) else 0)


def _seen(store: Store, domain: Domain) -> list[Seen]:
    with store.read() as db:
        keys = dkimkeys.keys_of(db, domain)
    places = [place_of(key.selector, name_in_dns(domain.name)) for key in keys]
    said = asyncio.run(_asked(store.settings, places))
    return [
        Seen(key, place, compared(records, key.record), _trouble(store.settings, domain, key))
        for key, place, records in zip(keys, places, said, strict=True)
    ]


async def _asked(settings: Settings, places: Sequence[str]) -> list[Records | None]:
    resolver = Resolver(settings)
    return await asyncio.gather(*(resolver.lookup("TXT", place) for place in places))


def _trouble(settings: Settings, domain: Domain, key: DkimKey) -> str:
    try:
        Ring.of(settings).private(key, domain.name)
    except Misconfigured as error:
        return str(error)
    return ""


def _make(store: Store, domain: Domain, *, anew: bool) -> None:
    """Make the first keys of a domain, or new ones beside those that sign."""
    with store.read() as db:
        known = [key for key in dkimkeys.keys_of(db, domain) if not key.retired_at]
    if anew and any(key.waits for key in known):
        fail("New keys wait already: --activate lets them sign, --stop gives them up.")
    if known and not anew:
        return
    make_keys(store, domain, by=OPERATOR)


def make_keys(store: Store, domain: Domain, *, by: str) -> None:
    """Give a domain new keys, none of which signs yet; raises BadName and Misconfigured."""
    name_in_dns(domain.name)
    pairs = Ring.of(store.settings).make_pairs(domain.name)
    with store.write() as db:
        dkimkeys.add(db, domain, pairs, by=by)


def _activate(store: Store, domain: Domain, *, force: bool) -> None:
    seen = _seen(store, domain)
    let_sign(store, domain, [each.key for each in seen if force or each.dns == FITS], by=OPERATOR)


def let_sign(store: Store, domain: Domain, keys: Sequence[DkimKey], *, by: str) -> None:
    """Let those keys sign that wait and that our ring opens."""
    usable = [key for key in keys if not _trouble(store.settings, domain, key)]
    with store.write() as db:
        for key in usable:
            dkimkeys.activate(db, domain, key, by=by)


def _end(store: Store, domain: Domain, deed: str) -> None:
    with store.write() as db:
        if deed == PRUNE:
            dkimkeys.prune(db, domain, by=OPERATOR)
            return
        for key in dkimkeys.keys_of(db, domain):
            dkimkeys.retire(db, domain, key, by=OPERATOR)
