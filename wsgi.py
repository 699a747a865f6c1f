"""The only place that imports both siblings: settings → store → app, and all commands.

`flask` finds `app` here. For commands it is an app without pages: most commands need none, and
`flask setup` runs before there is a store to show.
"""

import logging
import os
import sys

import structlog
from flask import Flask

import filter.cli
import mailstore.cli
import portal.cli
from filter.rule import load_rules
from mailstore.errors import Misconfigured
from mailstore.settings import Settings
from mailstore.store import Store
from portal import create_app, reasons

structlog.configure(
    processors=[
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(),
    ],
    logger_factory=structlog.PrintLoggerFactory(sys.stderr),
)
logging.getLogger("mail.log").setLevel(logging.WARNING)


def _portal() -> Flask:
    settings = Settings.load()
    try:
        return create_app(settings, Store.open(settings), tuple(load_rules().values()))
    except Misconfigured as error:
        sys.exit(str(error))


def _commands() -> Flask:
    reasons.tell(load_rules().values())
    bare = Flask("mailhafen")
    for command in (*mailstore.cli.COMMANDS, *filter.cli.COMMANDS, *portal.cli.COMMANDS):
        bare.cli.add_command(command)
    return bare


app = _commands() if os.environ.get("FLASK_RUN_FROM_CLI") == "true" else _portal()
