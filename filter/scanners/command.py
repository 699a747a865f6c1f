"""The command that asks each engine outside how it is."""

import asyncio
import sys

import click

from filter.dns import Resolver
from filter.scanners import Health, Scanners
from mailstore.cli import speaks
from mailstore.settings import Settings


@click.command()
@speaks
def scanners() -> None:
    """Ask each scanner now how it is; exit code 1 if one does not answer."""
    found = asyncio.run(_health())
    if not found:
        click.echo("No scanner is named in the settings.")
    for each in found:
        state = "answers" if each.well else "SILENT"
        click.echo(f"{each.name}: {state} after {each.milliseconds:.0f} ms, {each.says}")
    if not all(each.well for each in found):
        sys.exit(1)


async def _health() -> list[Health]:
    settings = Settings.load()
    return await Scanners(settings, Resolver(settings)).health()
