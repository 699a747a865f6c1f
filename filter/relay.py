"""The command of the relay: in a module of its own, so that a relay loads only what it uses."""

import sys

import click

from filter import processes
from mailstore.cli import open_store, speaks
from mailstore.settings import Settings


@click.command()
@speaks
def relay() -> None:
    """Take mail by SMTP; stops at SIGTERM after the mail in progress."""
    if not processes.run(Settings.load(), open_store):
        sys.exit(1)
