"""Commands for whom strangers may not pretend to be: `flask protect` and `flask strict`."""

import click

from mailstore import protection, tenants
from mailstore import strict as strictness
from mailstore.addresses import Address
from mailstore.cli import OPERATOR, open_store, speaks
from mailstore.errors import NotFound


@click.group()
def protect() -> None:
    """Manage the people and partners of a tenant whom nobody may pretend to be."""


@protect.group()
def person() -> None:
    """Manage names that are protected beside those of the tenant's mailboxes."""


@person.command("add")
@click.argument("tenant")
@click.argument("name")
@click.option("--address", default="", help="An address outside that may show the name.")
@speaks
def person_add(tenant: str, name: str, address: str) -> None:
    """Protect a person's name; with an address, mail from there may show it."""
    known = Address.parse(address) if address else None
    with open_store().write() as db:
        added = protection.add_person(db, tenants.named(db, tenant), name, known, by=OPERATOR)
    click.echo(f"Protected {name}." if added else f"{name} was protected already.")


@person.command("remove")
@click.argument("tenant")
@click.argument("name")
@speaks
def person_remove(tenant: str, name: str) -> None:
    """Protect a name that was added no longer."""
    with open_store().write() as db:
        if not protection.remove_person(db, tenants.named(db, tenant), name, by=OPERATOR):
            raise NotFound(f"'{name}' is not protected by hand.")
    click.echo(f"Protects {name} no longer.")


@person.command("list")
@click.argument("tenant")
@speaks
def person_list(tenant: str) -> None:
    """List the names that were added, with their addresses outside."""
    with open_store().read() as db:
        for each in protection.people_of(db, tenants.named(db, tenant)):
            click.echo(f"{each.name}  {each.address}".rstrip())


@protect.group()
def partner() -> None:
    """Manage the domains of partners, whose lookalikes are found too."""


@partner.command("add")
@click.argument("tenant")
@click.argument("domain")
@speaks
def partner_add(tenant: str, domain: str) -> None:
    """Protect the domain of a partner."""
    with open_store().write() as db:
        added = protection.add_partner(db, tenants.named(db, tenant), domain, by=OPERATOR)
    click.echo(f"Protected {domain}." if added else f"{domain} was protected already.")


@partner.command("remove")
@click.argument("tenant")
@click.argument("domain")
@speaks
def partner_remove(tenant: str, domain: str) -> None:
    """Protect the domain of a partner no longer."""
    with open_store().write() as db:
        if not protection.remove_partner(db, tenants.named(db, tenant), domain, by=OPERATOR):
            raise NotFound(f"'{domain}' is no partner's domain.")
    click.echo(f"Protects {domain} no longer.")


@partner.command("list")
@click.argument("tenant")
@speaks
def partner_list(tenant: str) -> None:
    """List the domains of partners."""
    with open_store().read() as db:
        for name in protection.partners_of(db, tenants.named(db, tenant)):
            click.echo(name)


@click.group()
def strict() -> None:
    """Manage the domains of a tenant that only servers named by SPF may send for."""


@strict.command("add")
@click.argument("tenant")
@click.argument("domain")
@speaks
def strict_add(tenant: str, domain: str) -> None:
    """Refuse mail with a forged sender in this domain, which must be the tenant's."""
    with open_store().write() as db:
        added = strictness.make_strict(db, tenants.named(db, tenant), domain, by=OPERATOR)
    click.echo(f"{domain} is strict." if added else f"{domain} was strict already.")


@strict.command("remove")
@click.argument("tenant")
@click.argument("domain")
@speaks
def strict_remove(tenant: str, domain: str) -> None:
    """Refuse such mail no longer."""
    with open_store().write() as db:
        if not strictness.make_lenient(db, tenants.named(db, tenant), domain, by=OPERATOR):
            raise NotFound(f"'{domain}' is not strict.")
    click.echo(f"{domain} is strict no longer.")


@strict.command("list")
@click.argument("tenant")
@speaks
def strict_list(tenant: str) -> None:
    """List the strict domains of a tenant; those of the operator hold besides."""
    with open_store().read() as db:
        for name in strictness.strict_domains(db, tenants.named(db, tenant)):
            click.echo(name)
