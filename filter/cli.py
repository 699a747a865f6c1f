"""Commands of the moving side, all together."""

import asyncio
import json
from pathlib import Path

import click

from filter import supervisor
from filter.demo.cli import demo
from filter.explanation import readable
from filter.inspection import Case, explain
from filter.learning import learn
from filter.naming import commands as looking
from filter.publishing import dkim_record
from filter.relay import relay
from filter.rotation import domain_dkim
from filter.scanners.command import scanners
from filter.worker import jobs_group, worker
from mailstore import domains, helping, tenancy
from mailstore.addresses import parse_domain
from mailstore.branding import brand
from mailstore.cli import OPERATOR, fail, open_store, speaks
from mailstore.commands import flask
from mailstore.erasure.commands import person, retention
from mailstore.listing import lists
from mailstore.moving.commands import import_people
from mailstore.naming import commands as naming
from mailstore.policycommands import policy
from mailstore.protecting import protect, strict
from mailstore.sending.commands import credential, relayer
from mailstore.sending.homing import homecoming
from mailstore.sending.limiting import limit
from mailstore.sending.securing import tls
from mailstore.settings import Settings
from mailstore.ways import domain


@click.command()
@speaks
def serve() -> None:
    """Run relay, worker and portal together on this machine."""
    store = open_store()
    listen = store.settings.web_listen
    store.close()
    commands = {
        "relay": flask("relay"),
        "worker": flask("worker"),
        supervisor.PORTAL: supervisor.gunicorn(listen),
    }
    supervisor.Supervisor(commands).run()


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.option(
    "--client-ip", default="192.0.2.1", help="Who sent it; SPF is asked with --mail-from."
)
@click.option("--helo", default="unknown.invalid")
@click.option("--mail-from", default="", help="The envelope sender.")
@click.option("--rcpt", default="", help="Judge by this recipient's policy; needs its mailbox.")
@speaks
def examine(
    paths: tuple[Path, ...], as_json: bool, client_ip: str, helo: str, mail_from: str, rcpt: str
) -> None:
    """Say what the filter thinks of mails in files or folders."""
    case = Case.of(client_ip, helo, mail_from, rcpt)

    async def print_all() -> None:
        async for found in explain(Settings.load(), case, paths):
            click.echo(json.dumps(found, ensure_ascii=False) if as_json else readable(found))

    asyncio.run(print_all())


@click.command()
@click.argument("domain")
@click.option("--on/--off", "on", default=True, help="Whether what we change gets an ARC set.")
@speaks
def seal(domain: str, on: bool) -> None:
    """Vouch for newsletters we tag with an ARC set (RFC 8617), for one domain."""
    with open_store().write() as db:
        if not domains.set_seal(db, parse_domain(domain), on=on, by=OPERATOR):
            fail(f"Nothing to change: '{domain}' is not here, or it is so already.")


for command in (domain_dkim, *naming.COMMANDS, *looking.COMMANDS):
    domain.add_command(command)

COMMANDS: tuple[click.Command, ...] = (
    relay,
    worker,
    jobs_group,
    serve,
    examine,
    seal,
    dkim_record,
    learn,
    scanners,
    domain,
    tls,
    protect,
    lists,
    import_people,
    person,
    retention,
    strict,
    brand,
    credential,
    relayer,
    homecoming,
    limit,
    policy,
    demo,
    *helping.COMMANDS,
    *tenancy.COMMANDS,
)
