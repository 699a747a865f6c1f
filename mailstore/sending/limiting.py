"""The command for limits of sending: `flask limit`."""

import click

from mailstore import policies, tailoring, tenants
from mailstore.cli import OPERATOR, open_store, speaks
from mailstore.errors import NotFound
from mailstore.sending import blocks

MOST = click.IntRange(0, 10_000_000)
NAMES = {
    "send_hour": "recipients within an hour",
    "send_day": "recipients within a day",
    "send_hour_new": "within an hour, while the account is younger than 7 days",
    "send_day_new": "within a day, while the account is younger than 7 days",
    "send_unknown": "unknown recipients within an hour",
}


@click.group()
def limit() -> None:
    """Manage to how many recipients people may write, and who is blocked."""


@limit.command("set")
@click.argument("whom", metavar="TENANT|DOMAIN|ADDRESS")
@click.option("--hour", "send_hour", type=MOST, help="Recipients within an hour.")
@click.option("--day", "send_day", type=MOST, help="Recipients within 24 hours.")
@click.option("--new-hour", "send_hour_new", type=MOST, help="The same for accounts of this week.")
@click.option("--new-day", "send_day_new", type=MOST, help="The same for accounts of this week.")
@click.option("--unknown", "send_unknown", type=MOST, help="Unknown recipients within an hour.")
@speaks
def limit_set(whom: str, **given: int | None) -> None:
    """Set limits for all of a tenant, a domain or one mailbox, and say which hold there."""
    values = {name: most for name, most in given.items() if most is not None}
    with open_store().write() as db:
        level = tailoring.level_of(db, whom)
        if values:
            tailoring.tailor(db, level, values, by=OPERATOR)
        policy = policies.effective(db, tailoring.holds_at(db, level))
    for name, text in NAMES.items():
        click.echo(f"{getattr(policy, name):>8}  {text}")


@limit.command("list")
@click.argument("tenant", default="")
@speaks
def limit_list(tenant: str) -> None:
    """List who may not send now, of a tenant or of all: number, sender, until when and why."""
    with open_store().read() as db:
        for each in blocks.listed(db, tenants.named(db, tenant) if tenant else None):
            block, until = each.block, each.block.until.astimezone(each.tenant.zoneinfo)
            numbers = f"hour {block.hour}, day {block.day}, unknown {block.unknown}"
            click.echo(
                f"{block.id}  {each.name}  until {until.isoformat(' ', 'minutes')}  "
                f"{blocks.BEYOND[block.why]} ({numbers})"
            )


@limit.command("lift")
@click.argument("number", type=click.IntRange(1, 2**63 - 1))
@speaks
def limit_lift(number: int) -> None:
    """Let a sender of that list send again."""
    with open_store().write() as db:
        found = blocks.look(db, number)
        if found is None or not blocks.lift(db, found.tenant.id, number, by=OPERATOR):
            raise NotFound(f"No block {number} holds now.")
    click.echo(f"{found.name} may send again.")
