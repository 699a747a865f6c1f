"""Commands for the ways of mail: next hops, planned work, IMAP servers, and who is told."""

import base64
import secrets
import sys
from datetime import timedelta

import click

from mailstore import accounts, clock, domains, health, onboarding, people, tenants
from mailstore.cli import OPERATOR, account, open_store, speaks, tenant
from mailstore.errors import NotFound
from mailstore.health import Way
from mailstore.imap import Server

LONGEST_HOLD = timedelta(days=14)
SECRET_BYTES = 32
# Standard Webhooks 1.0: this is how a secret is written down.
WEBHOOK_MARK = "whsec_"


@click.group()
def domain() -> None:
    """Manage where the mail of a domain goes."""


@domain.command("list")
@click.argument("name", metavar="TENANT")
@speaks
def domain_list(name: str) -> None:
    """List a tenant's domains, where their mail goes, and how that is going."""
    with open_store().read() as db:
        for way in health.ways(db, tenants.named(db, name)):
            click.echo(f"{way.domain.name}  {way.lane.route}  {_state(way)}")


@domain.command("hop")
@click.argument("name", metavar="DOMAIN")
@click.argument("route")
@speaks
def domain_hop(name: str, route: str) -> None:
    """Hand mail on elsewhere from now on, what waits too: HOST:PORT, several by commas.

    `lmtp:HOST:PORT` by LMTP, `mx:DOMAIN` by that domain's records; ` tls=must` or
    ` tls=pin:SHA256` behind it in the same argument.
    """
    with open_store().write() as db:
        onboarding.set_next_hop(db, domains.named(db, name), route, by=OPERATOR)
    click.echo(f"Mail of {name} goes to {route} now.")


@domain.command("hold")
@click.argument("name", metavar="DOMAIN")
@click.option("--hours", default=4.0, type=click.FloatRange(0.1, LONGEST_HOLD.days * 24))
@speaks
def domain_hold(name: str, hours: float) -> None:
    """Keep mail here for planned work; people read it in the emergency webmail meanwhile."""
    until = clock.now() + timedelta(hours=hours)
    with open_store().write() as db:
        domains.hold_delivery(db, domains.named(db, name).id, until, by=OPERATOR)
    click.echo(f"Mail of {name} stays here until {until:%Y-%m-%d %H:%M} UTC.")


@domain.command("resume")
@click.argument("name", metavar="DOMAIN")
@speaks
def domain_resume(name: str) -> None:
    """Hand mail on again at once."""
    with open_store().write() as db:
        domains.hold_delivery(db, domains.named(db, name).id, None, by=OPERATOR)
    click.echo(f"Mail of {name} goes on.")


@domain.command("imap")
@click.argument("name", metavar="DOMAIN")
@click.argument("server", metavar="HOST:PORT")
@click.option("--master", default="", help="A master user, who may sign in for anybody.")
@click.option("--password-stdin", is_flag=True, help="Read the master's password from there.")
@click.option(
    "--sign-in/--no-sign-in",
    "signs_in",
    default=None,
    help="Let people sign in to the portal with their password there; as it was if not said.",
)
@speaks
def domain_imap(
    name: str, server: str, master: str, password_stdin: bool, signs_in: bool | None
) -> None:
    """Name the IMAP server that mail is put back into; HOST:0 for none.

    Port 993 speaks TLS at once, any other by STARTTLS.
    """
    store, named = open_store(), Server.parse(server)
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else ""
    secret = store.ring.wrap(password.encode()) if master else ""
    with store.write() as db:
        found = domains.named(db, name)
        domains.set_imap(db, found, server if named.port else "", master, secret, by=OPERATOR)
        db.flush()
        if signs_in is not None:
            domains.set_imap_sign_in(db, found, on=signs_in, by=OPERATOR)
    click.echo(f"Mail of {name} can be put back into {server}.")


@tenant.command("webhook")
@click.argument("name")
@click.argument("url", default="")
@speaks
def tenant_webhook(name: str, url: str) -> None:
    """Tell a tenant's program of outages at a URL, without one of none; prints the secret."""
    store, secret = open_store(), secrets.token_bytes(SECRET_BYTES)
    with store.write() as db:
        tenants.set_webhook(db, tenants.named(db, name), url, store.ring.wrap(secret), by=OPERATOR)
    if url:
        click.echo(f"Secret: {WEBHOOK_MARK}{base64.b64encode(secret).decode()}")


@account.command("private")
@click.argument("address")
@click.argument("private", default="")
@speaks
def account_private(address: str, private: str) -> None:
    """Say where a person is told of an outage; without a second address, nowhere."""
    with open_store().write() as db:
        found = accounts.find(db, address)
        if found is None:
            raise NotFound(f"There is no account '{address}'.")
        people.set_private_address(db, found, private, by=OPERATOR)
    click.echo(f"{address} is told at {private}." if private else f"{address} is told nowhere.")


def _state(way: Way) -> str:
    said = str(way.trouble or ("silent" if way.lane.failing_since else "well"))
    waits = f", {way.waiting} waiting" if way.waiting else ""
    return said + waits + (f": {way.lane.last_error}" if way.lane.last_error else "")
