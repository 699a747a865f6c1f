"""Commands for how safe the way to strangers must be: `flask tls`."""

import click

from mailstore import lanes
from mailstore.cli import OPERATOR, open_store, speaks
from mailstore.errors import NotFound
from mailstore.sending import stspolicies, tlspolicies


@click.group()
def tls() -> None:
    """Manage how safe mail goes to domains of strangers."""


@tls.command("set")
@click.argument("domain")
@click.argument("safety")
@speaks
def tls_set(domain: str, safety: str) -> None:
    """Ask the servers of DOMAIN for SAFETY from now on, whatever the domain says itself.

    `must`: a certificate that names the server; `pin:SHA256`: one key; `may`: TLS where it is
    offered. `.DOMAIN`: all domains below it.
    """
    with open_store().write() as db:
        tlspolicies.put(db, domain, safety, by=OPERATOR)
    click.echo(f"Mail to {domain} goes by tls={safety} now.")


@tls.command("remove")
@click.argument("domain")
@speaks
def tls_remove(domain: str) -> None:
    """Go by what the domain says itself again."""
    with open_store().write() as db:
        if not tlspolicies.remove(db, domain, by=OPERATOR):
            raise NotFound(f"Nothing of our own is asked for '{domain}'.")
    click.echo(f"Mail to {domain} goes by what the domain says itself.")


@tls.command("list")
@speaks
def tls_list() -> None:
    """List what we ask for, and what domains were heard to ask for (MTA-STS)."""
    with open_store().read() as db:
        for own in tlspolicies.listed(db):
            click.echo(f"{own.domain}  {own}")
        for each in stspolicies.known(db):
            until = f"until {each.ends_at:%Y-%m-%d %H:%M} UTC"
            click.echo(f"{each.domain}  MTA-STS {each.mode} {until}  {' '.join(each.patterns)}")


@tls.command("waiting")
@speaks
def tls_waiting() -> None:
    """List strangers whose servers get no mail now, and why: silent, or not proven as asked."""
    with open_store().read() as db:
        for lane in lanes.failing_abroad(db):
            click.echo(
                f"{lane.route}  since {lane.failing_since:%Y-%m-%d %H:%M} UTC: {lane.last_error}"
            )
