"""The command for policies: `flask policy`."""

from collections.abc import Iterable

import click
from sqlalchemy.orm import Session

from mailstore import namedpolicies, origins, tailoring, tenants
from mailstore.cli import OPERATOR, open_store, speaks
from mailstore.errors import BadName
from mailstore.origins import From, Origin
from mailstore.policies import PolicyRow
from mailstore.reports import planning
from mailstore.tailoring import Level

NUMBER = click.IntRange(1, 2**63 - 1)
# How a policy is named where a level could be, with its number from the list.
POLICY = "policy:"
ABOVE = "above"
ORIGINS = {
    From.RECOMMENDED: "from the recommended policy",
    From.POLICY: "from the policy",
    From.TENANT: "set for the tenant",
    From.DOMAIN: "set for the domain",
    From.PERSON: "set for the person",
    From.CHOSEN: "chosen by the person",
}
UNNOTICED = "No reports: held mail goes unnoticed."


@click.group()
def policy() -> None:
    """Manage policies, who goes by them, and what they say.

    WHOM is a tenant by its name, a domain, a mailbox by its address, or policy:NUMBER.
    """


@policy.command("list")
@click.argument("tenant", default="")
@speaks
def policy_list(tenant: str) -> None:
    """List the recommended policies and a tenant's own: number, name, and how often it is used."""
    with open_store().read() as db:
        tenant_id = tenants.named(db, tenant) if tenant else 0
        used = namedpolicies.counts(db, tenant_id)
        for row in namedpolicies.listed(db, tenant_id):
            kind = "own" if row.tenant_id else "recommended"
            said = f"{row.id}  {row.name}  {kind}"
            click.echo(f"{said}, used {used[row.id]} times" if row.id in used else said)


@policy.command("show")
@click.argument("whom")
@speaks
def policy_show(whom: str) -> None:
    """Print each value that holds there, and who says so."""
    with open_store().read() as db:
        found = origins.at(db, _target(db, whom))
    for name, each in found.items():
        click.echo(f"{name:<18} {each.text:<16} {_said(each.origin)}")
    if not found["report"].value:
        click.echo(UNNOTICED)


@policy.command("copy")
@click.argument("number", type=NUMBER)
@click.argument("tenant")
@click.argument("name")
@speaks
def policy_copy(number: int, tenant: str, name: str) -> None:
    """Make a policy of a tenant's own that says what another does; prints its number."""
    with open_store().write() as db:
        made = namedpolicies.copy(db, tenants.named(db, tenant), number, name, by=OPERATOR)
        click.echo(made.id)


@policy.command("rename")
@click.argument("number", type=NUMBER)
@click.argument("tenant")
@click.argument("name")
@speaks
def policy_rename(number: int, tenant: str, name: str) -> None:
    """Call a policy of a tenant's own something else."""
    with open_store().write() as db:
        namedpolicies.rename(db, tenants.named(db, tenant), number, name, by=OPERATOR)
    click.echo(f"It is called {name}.")


@policy.command("delete")
@click.argument("number", type=NUMBER)
@click.argument("tenant")
@speaks
def policy_delete(number: int, tenant: str) -> None:
    """Delete a policy of a tenant's own that nothing goes by."""
    with open_store().write() as db:
        namedpolicies.delete(db, tenants.named(db, tenant), number, by=OPERATOR)
    click.echo("It is deleted.")


@policy.command("set")
@click.argument("whom")
@click.argument("values", metavar="NAME=VALUE", nargs=-1, required=True)
@speaks
def policy_set(whom: str, values: tuple[str, ...]) -> None:
    """Set values, such as quarantine_at=4.5 or rights.phish=see (`show` lists their names)."""
    said = dict(_pairs(values))
    store = open_store()
    with store.write() as db:
        target = _target(db, whom)
        if isinstance(target, PolicyRow):
            namedpolicies.change(db, target.tenant_id or 0, target.id, said, by=OPERATOR)
            tenant_id = target.tenant_id or 0
        else:
            tenant_id = tailoring.tailor(db, target, said, by=OPERATOR)
    planning.plan_reports(store, tenant_id)
    click.echo("It holds from now on.")


@policy.command("unset")
@click.argument("whom")
@click.argument("names", metavar="NAME", nargs=-1, required=True)
@speaks
def policy_unset(whom: str, names: tuple[str, ...]) -> None:
    """Let the values from above, or the recommended ones, hold again."""
    store = open_store()
    with store.write() as db:
        target = _target(db, whom)
        if isinstance(target, PolicyRow):
            tenant_id = target.tenant_id or 0
            done = namedpolicies.reset(db, tenant_id, target.id, names, by=OPERATOR)
        else:
            tenant_id = tailoring.tenant_of(target)
            done = tailoring.untailor(db, target, names, by=OPERATOR)
    planning.plan_reports(store, tenant_id)
    click.echo("It holds from now on." if done else "Nothing of it was set there.")


@policy.command("assign")
@click.argument("whom")
@click.argument("number", metavar=f"NUMBER|{ABOVE}")
@speaks
def policy_assign(whom: str, number: str) -> None:
    """Let a tenant, a domain or a mailbox go by a policy, or by what holds above."""
    if number != ABOVE and not (number.isascii() and number.isdecimal()):
        raise BadName(f"'{number}' is neither the number of a policy nor '{ABOVE}'.")
    store = open_store()
    with store.write() as db:
        level = tailoring.level_of(db, whom)
        policy_id = None if number == ABOVE else int(number)
        tailoring.assign(db, level, policy_id, by=OPERATOR)
        tenant_id = tailoring.tenant_of(level)
        unnoticed = not origins.at(db, level)["report"].value
    planning.plan_reports(store, tenant_id)
    click.echo("It holds from now on.")
    if unnoticed:
        click.echo(UNNOTICED)


def _target(db: Session, whom: str) -> Level | PolicyRow:
    number = whom.removeprefix(POLICY)
    if number == whom or not (number.isascii() and number.isdecimal()):
        return tailoring.level_of(db, whom)
    return namedpolicies.found(db, int(number))


def _pairs(values: Iterable[str]) -> Iterable[tuple[str, str]]:
    for each in values:
        name, given, value = each.partition("=")
        if not given:
            raise BadName(f"'{each}' is not NAME=VALUE.")
        yield name, value


def _said(origin: Origin) -> str:
    return f"{ORIGINS[origin.kind]} {origin.name}".rstrip()
