"""Commands for sender lists and strict domains: `flask lists`, `flask strict`."""

import sys
from typing import TextIO

import click

from mailstore import listfiles, tenants
from mailstore import strict as strictness
from mailstore.cli import OPERATOR, open_store, speaks
from mailstore.errors import NotFound


@click.group()
def lists() -> None:
    """Manage the sender lists of a tenant, its domains and its people."""


@lists.command("export")
@click.argument("tenant")
@speaks
def lists_export(tenant: str) -> None:
    """Print all entries as CSV."""
    with open_store().read() as db:
        listfiles.write_lists(db, tenants.named(db, tenant), sys.stdout)


@lists.command("import")
@click.argument("tenant")
@click.argument("file", type=click.File(encoding="utf-8-sig"))
@speaks
def lists_import(tenant: str, file: TextIO) -> None:
    """Enter what a CSV file holds (`-` reads standard input), and say what is careless."""
    lines = file.read().splitlines(keepends=True)
    with open_store().write() as db:
        done = listfiles.read_lists(db, tenants.named(db, tenant), lines, by=OPERATOR)
    for warning in done.warnings:
        click.echo(warning, err=True)
    click.echo(f"{done.added} added, {done.present} there already.")


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
