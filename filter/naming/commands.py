"""Commands that look at domains: proof of claims, records in DNS, next hops."""

import asyncio
import sys

import click

from filter.naming.looking import look
from filter.naming.proving import check_claim
from filter.naming.trying import trial
from mailstore import domains
from mailstore.addresses import ascii_domain
from mailstore.cli import open_store, speaks
from mailstore.errors import NotFound
from mailstore.naming import claims
from mailstore.naming.faults import Grade
from mailstore.naming.steps import grade_of

GRAVE = frozenset({Grade.WRONG, Grade.MISSING})


@click.command("check")
@click.argument("name", metavar="DOMAIN")
@speaks
def domain_check(name: str) -> None:
    """Ask DNS now for the proof of whoever claims a domain; exit code 1 if none is proven."""
    store, proven = open_store(), False
    with store.read() as db:
        found = claims.named(db, ascii_domain(name))
    if not found:
        raise NotFound(f"Nobody claims '{name}'.")
    for each in found:
        check_claim(store, each.id)
        with store.read() as db:
            left = claims.one(db, each.tenant_id, each.id)
        proven = proven or left is None
        said = f"{left.seen}: {left.place} TXT {left.record}" if left else "proven and added"
        click.echo(f"tenant {each.tenant_id}  {said}")
    sys.exit(0 if proven else 1)


@click.command("dns")
@click.argument("name", metavar="DOMAIN")
@speaks
def domain_dns(name: str) -> None:
    """Show what DNS should say about a domain's mail, and what it says.

    Exit code 1 if anything is wrong or missing.
    """
    store = open_store()
    with store.read() as db:
        domain = domains.named(db, name)
    looked = asyncio.run(look(store, domain))
    for each in looked.findings:
        click.echo(f"{each.record}  {each.place}  {each.grade}")
        for value in each.wanted if each.said else ():
            click.echo(f"  publish  {value}")
        for value in each.found or ():
            click.echo(f"  there    {value}")
        for said in each.said:
            click.echo(f"  {said.sentence % said.about}")
    click.echo(f"Our addresses: {', '.join(looked.addresses) or 'not known'}")
    sys.exit(1 if any(each.grade in GRAVE for each in looked.findings) else 0)


@click.command("test")
@click.argument("name", metavar="DOMAIN")
@speaks
def domain_test(name: str) -> None:
    """Try a domain's next hop step by step, without sending mail; exit code 1 if it is wrong."""
    store = open_store()
    with store.read() as db:
        domain = domains.named(db, name)
    steps = asyncio.run(trial(store, domain))
    for each in steps:
        click.echo(f"{each.stage}  {each.server}  {each.grade}  {each.millis} ms  {each.heard}")
        for fact, value in each.facts.items():
            click.echo(f"  {fact}  {value}")
        if each.sentence:
            click.echo(f"  {each.sentence}")
    sys.exit(1 if grade_of(steps) in GRAVE else 0)


COMMANDS: tuple[click.Command, ...] = (domain_check, domain_dns, domain_test)
