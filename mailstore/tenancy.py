"""Commands for customers: `flask tenant list|state`."""

import click

from mailstore import customers, cutover, tenants
from mailstore.cli import OPERATOR, open_store, speaks, tenant
from mailstore.errors import BadName
from mailstore.pages import Page
from mailstore.tenants import TenantState


@tenant.command("list")
@speaks
def tenant_list() -> None:
    """List customers, whether their mail flows, and how many domains and mailboxes they have."""
    page: Page | None = Page()
    with open_store().read() as db:
        while page:
            found = customers.listed(db, "", page)
            for each in found[: page.size]:
                counts = f"{each.domains} domains  {each.mailboxes} mailboxes"
                click.echo(f"{each.tenant.name}  {each.tenant.state}  {counts}")
            last = found[page.size - 1].tenant if len(found) > page.size else None
            page = Page((last.name, last.id)) if last else None


@tenant.command("state")
@click.argument("name")
@click.argument("state", type=click.Choice([each.value for each in TenantState]))
@click.option("--reason", default="", help="Of suspending: what its people read.")
@speaks
def tenant_state(name: str, state: str, reason: str) -> None:
    """Take mail of a customer, not yet, or not any more; senders are asked to come again."""
    with open_store().write() as db:
        tenant_id = tenants.named(db, name)
        match TenantState(state):
            case TenantState.SUSPENDED:
                done = cutover.suspend(db, tenant_id, reason, by=OPERATOR)
            case TenantState.PREPARING:
                done = cutover.prepare(db, tenant_id, by=OPERATOR)
            case TenantState.LIVE:
                again = cutover.resume(db, tenant_id, by=OPERATOR)
                live = again is TenantState.LIVE
                done = live or cutover.go_live(db, tenant_id, by=OPERATOR)
    if not done:
        raise BadName(f"{name} cannot become {state} from what it is, or is so already.")
    click.echo(f"{name} is {state}.")


COMMANDS: tuple[click.Command, ...] = (tenant,)
