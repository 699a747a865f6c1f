"""Commands for sender lists: `flask lists export|import`."""

import sys
from typing import TextIO

import click

from mailstore import listfiles, tenants
from mailstore.cli import OPERATOR, open_store, speaks


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
