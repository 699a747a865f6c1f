"""Commands of the showing side: report, statistics."""

import click
from sqlalchemy import select

from mailstore import reports
from mailstore.addresses import Address
from mailstore.cli import open_store, speaks
from mailstore.errors import NotFound
from mailstore.mailboxes import Mailbox, MailboxAddress
from portal.notices import write_notice
from portal.reports import Renderer, begin_report, contents_of, send_report
from portal.requests import tell_request
from portal.resets import write_reset
from portal.stats.cli import statistics
from portal.stats.mails import send_subscription

# Imported here, so that the worker knows them.
JOBS = (begin_report, send_report, send_subscription, tell_request, write_notice, write_reset)


@click.group()
def report() -> None:
    """Send quarantine reports."""


@report.command("send")
@click.argument("address")
@click.option("--print", "shows", is_flag=True, help="Print a link and the code, to be told.")
@speaks
def send(address: str, shows: bool) -> None:
    """Send a report of everything held to one mailbox, now."""
    key = Address.parse(address).key
    store = open_store()
    with store.write() as db:
        mailbox = db.scalar(
            select(Mailbox).join(MailboxAddress).where(MailboxAddress.key == key, Mailbox.active)
        )
        if mailbox is None:
            raise NotFound(f"There is no mailbox '{address}'.")
        begun = reports.begin_now(db, mailbox).id
    send_report(store, begun)
    click.echo(f"The report to {mailbox.address} is in the queue.")
    if shows:
        with store.read() as db:
            contents = contents_of(db, begun)
        click.echo(f"Link: {Renderer(store).first_url(contents)}")
        click.echo(f"Code: {contents.report.code}")


COMMANDS: tuple[click.Command, ...] = (report, statistics)
