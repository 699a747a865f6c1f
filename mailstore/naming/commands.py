"""Commands that change the domains of a tenant; they touch rows only."""

import click

from mailstore import domains, mailboxes, onboarding, tenants
from mailstore.addresses import Address
from mailstore.cli import OPERATOR, fail, open_store, speaks
from mailstore.domains import Takes
from mailstore.errors import NotFound
from mailstore.naming import claims, removing
from mailstore.onboarding import NewDomain


@click.command("add")
@click.argument("tenant")
@click.argument("name", metavar="DOMAIN")
@click.argument("route", default="")
@click.option("--alias-of", "alias_of", default="", help="A domain whose people it stands for.")
@click.option("--recipients", default="known", type=click.Choice([each.value for each in Takes]))
@click.option("--claim", "claimed", is_flag=True, help="Wait until DNS proves that it is theirs.")
@speaks
def domain_add(
    tenant: str, name: str, route: str, alias_of: str, recipients: str, *, claimed: bool
) -> None:
    """Add a domain to a tenant, with the route to its mail server (see `flask domain hop`).

    What the operator adds counts as proven; with --claim the record for DNS is printed.
    """
    if bool(route) == bool(alias_of):
        fail("Name a route, or with --alias-of the domain that it stands for.")
    with open_store().write() as db:
        tenant_id = tenants.named(db, tenant)
        target = domains.named(db, alias_of) if alias_of else None
        new = NewDomain(name, route, Takes(recipients), target.id if target else None)
        if claimed:
            made = claims.claim(db, tenant_id, new, by=OPERATOR)
            click.echo(f"Name   {made.place}\nType   TXT\nValue  {made.record}")
            return
        claims.check_alias(db, tenant_id, new)
        onboarding.take_in(db, tenant_id, new, by=OPERATOR)
    click.echo(f"Added {name}.")


@click.command("takes")
@click.argument("name", metavar="DOMAIN")
@click.argument("takes", type=click.Choice([each.value for each in Takes]))
@speaks
def domain_takes(name: str, takes: str) -> None:
    """Say for whom mail is taken: known people, any, or whom the next hop knows (callout)."""
    with open_store().write() as db:
        domains.set_takes(db, domains.named(db, name), Takes(takes), by=OPERATOR)
    click.echo(f"{name} takes mail for: {takes}.")


@click.command("catch-all")
@click.argument("name", metavar="DOMAIN")
@click.argument("address", default="")
@speaks
def domain_catch_all(name: str, address: str) -> None:
    """Give what is for nobody known to a mailbox; without an address to the domain's own."""
    with open_store().write() as db:
        to = mailboxes.at(db, Address.parse(address)) if address else None
        if address and to is None:
            raise NotFound(f"There is no mailbox '{address}'.")
        mailboxes.set_catch_all(db, domains.named(db, name), to, by=OPERATOR)
    click.echo(f"What is for nobody at {name} goes to {address or 'a mailbox of its own'}.")


@click.command("remove")
@click.argument("name", metavar="DOMAIN")
@speaks
def domain_remove(name: str) -> None:
    """Take a domain away that nothing hangs on."""
    with open_store().write() as db:
        hanging = removing.remove(db, domains.named(db, name), by=OPERATOR)
    if hanging:
        counts = ", ".join(f"{kind} ({count})" for kind, count in hanging.items())
        fail(f"'{name}' stays, this hangs on it: {counts}.")
    click.echo(f"Removed {name}.")


COMMANDS: tuple[click.Command, ...] = (domain_add, domain_takes, domain_catch_all, domain_remove)
