"""Commands for what comes home: `flask homecoming`."""

import click

from mailstore import mailboxes
from mailstore.addresses import Address
from mailstore.cli import OPERATOR, open_store, speaks
from mailstore.errors import NotFound
from mailstore.sending import homecomings


@click.group()
def homecoming() -> None:
    """See which mail of the webmail is not in its writer's own mailbox, and try again."""


@homecoming.command("list")
@speaks
def homecoming_list() -> None:
    """List what is not home: when it was sent, by whom, its id, and why."""
    with open_store().read() as db:
        for row, address, public_id in homecomings.not_home(db):
            sent, way = f"{row.sent_at:%Y-%m-%d %H:%M} UTC", row.way or "new"
            line = f"{sent}  {address}  {public_id}  {row.state}, {way}, {row.attempts} tries"
            click.echo(f"{line}: {row.error}" if row.error else line)


@homecoming.command("try")
@click.argument("address", required=False)
@speaks
def homecoming_try(address: str | None) -> None:
    """Try again at once, for one mailbox or all; what was given up too."""
    with open_store().write() as db:
        found = mailboxes.at(db, Address.parse(address)) if address else None
        if address and found is None:
            raise NotFound(f"There is no mailbox '{address}'.")
        count = homecomings.try_again(db, found.id if found else None, by=OPERATOR)
    click.echo(f"{count} messages are tried again.")
