"""Commands of the showing side, and the jobs that it runs in the worker."""

import click

from portal.blocks import tell_block
from portal.notices import write_notice
from portal.reports.commands import report
from portal.reports.sending import tell_held, write_reports
from portal.requests import tell_request
from portal.resets import write_reset
from portal.stats.cli import statistics
from portal.stats.mails import send_subscription
from portal.welcomes import write_welcomes

# Imported here, so that the worker knows them.
JOBS = (
    write_reports, tell_held, send_subscription, tell_request, tell_block, write_notice,
    write_reset, write_welcomes,
)  # fmt: skip
COMMANDS: tuple[click.Command, ...] = (report, statistics)
