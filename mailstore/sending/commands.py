"""Commands for what sends mail and is no person: `flask credential` and `flask relayer`."""

import click

from mailstore import accounts, domains, tenants
from mailstore.cli import LARGEST_NUMBER, OPERATOR, open_store, speaks
from mailstore.errors import NotFound
from mailstore.sending import credentials as held
from mailstore.sending import relayers


@click.group()
def credential() -> None:
    """Manage secrets that programs, and people's mail programs, send with."""


@credential.command("add")
@click.argument("whose", metavar="DOMAIN|ADDRESS")
@click.option("--name", default="", help="What it is for, as the list shows it.")
@speaks
def credential_add(whose: str, name: str) -> None:
    """Add one and print it, once: of a domain, for a program, or of a person's account."""
    with open_store().write() as db:
        if "@" in whose:
            account = accounts.named(db, whose)
            added, secret = held.add_for_account(db, account, name, by=OPERATOR)
        else:
            found = domains.named(db, whose)
            added, secret = held.add_for_domain(db, found, name, by=OPERATOR)
    click.echo(f"Name:   {added.login}")
    click.echo(f"Secret: {secret}")


@credential.command("list")
@click.argument("tenant")
@speaks
def credential_list(tenant: str) -> None:
    """List a tenant's: number, name to sign in with, last use and what it is for."""
    with open_store().read() as db:
        for each in held.all_of(db, tenants.named(db, tenant)):
            used = f"{each.used_at:%Y-%m-%d}" if each.used_at else "never used"
            click.echo(f"{each.id}  {each.login}  {used}  {each.name}".rstrip())


@credential.command("remove")
@click.argument("number", type=click.IntRange(1, LARGEST_NUMBER))
@speaks
def credential_remove(number: int) -> None:
    """End one at once."""
    with open_store().write() as db:
        if not held.remove(db, number, by=OPERATOR):
            raise NotFound(f"There is no credential {number}.")
    click.echo("It is worth nothing any more.")


@click.group()
def relayer() -> None:
    """Manage networks of customers' mail servers, which may send to strangers through port 25."""


@relayer.command("add")
@click.argument("tenant")
@click.argument("network")
@speaks
def relayer_add(tenant: str, network: str) -> None:
    """Let the servers in a network, no wider than /24, send mail of a tenant."""
    with open_store().write() as db:
        added = relayers.add(db, tenants.named(db, tenant), network, by=OPERATOR)
    click.echo(f"{network} sends for {tenant}." if added else "It is listed already.")


@relayer.command("list")
@click.argument("tenant")
@speaks
def relayer_list(tenant: str) -> None:
    """List the networks that send for a tenant."""
    with open_store().read() as db:
        for each in relayers.all_of(db, tenants.named(db, tenant)):
            click.echo(each.network)


@relayer.command("remove")
@click.argument("tenant")
@click.argument("network")
@speaks
def relayer_remove(tenant: str, network: str) -> None:
    """Let the servers in a network send no longer."""
    with open_store().write() as db:
        if not relayers.remove(db, tenants.named(db, tenant), network, by=OPERATOR):
            raise NotFound(f"'{network}' is not listed for {tenant}.")
    click.echo(f"{network} sends for {tenant} no longer.")
