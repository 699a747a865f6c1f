"""The only place that imports both siblings: settings → store → app, and all commands.

`flask` finds `app` here. For commands it is an app without pages: most commands need none, and
`flask setup` runs before there is a store to show. The relay imports nothing of the portal.
"""

import logging
import os
import sys
from importlib import import_module

import click
import structlog
from flask import Flask
from flask.cli import AppGroup

from filter.relay import relay
from filter.rule import load_rules
from mailstore.errors import Misconfigured
from mailstore.settings import DKIM_RING, Settings
from mailstore.store import Store

structlog.configure(
    processors=[
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(),
    ],
    # In one piece with its line end: several processes write into one file.
    logger_factory=structlog.WriteLoggerFactory(sys.stderr),
)
logging.getLogger("mail.log").setLevel(logging.WARNING)


class Commands(AppGroup):
    """All commands; but for the relay, what they import is imported when they are asked for."""

    def get_command(self, _ctx: click.Context, name: str) -> click.Command | None:
        """Return the command of a name."""
        return relay if name == relay.name else _commands().get(name)

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted(_commands())


def _commands() -> dict[str, click.Command]:
    import_module("portal.reasons").tell(load_rules().values())
    packages = ("mailstore", "filter", "portal")
    commands = [each for name in packages for each in import_module(f"{name}.cli").COMMANDS]
    return {str(command.name): command for command in commands}


def _portal() -> Flask:
    # Whoever breaks into the portal must not find what signs the customers' mail.
    os.environ.pop(DKIM_RING, None)
    settings = Settings.load()
    try:
        store = Store.open(settings)
        made: Flask = import_module("portal.app").create_app(
            settings, store, tuple(load_rules().values())
        )
    except Misconfigured as error:
        sys.exit(str(error))
    return made


def _bare() -> Flask:
    bare = Flask("mailhafen")
    bare.cli = Commands()
    return bare


app = _bare() if os.environ.get("FLASK_RUN_FROM_CLI") == "true" else _portal()
