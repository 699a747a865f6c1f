"""Commands for reports about domains: statistics."""

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailstore import clock, stats, subscriptions, tenants
from mailstore.cli import OPERATOR, open_store, speaks
from mailstore.domains import Domain
from mailstore.errors import NotFound
from mailstore.periods import DAY, LONGEST_MONTH, Every, Period
from mailstore.subscriptions import Kind, Subscription, Wish
from mailstore.tenants import LANGUAGES, Tenant
from portal.stats import sheets
from portal.stats.mails import send_subscription
from portal.stats.words import Words

ENGLISH = "en"


@click.group()
def statistics() -> None:
    """Show figures of a tenant's domains, and manage the reports about them."""


@statistics.command("show")
@click.argument("tenant")
@click.option("--domain", "names", multiple=True, help="Of this domain only; may be repeated.")
@click.option("--days", default=7, type=click.IntRange(1, LONGEST_MONTH), help="Until today.")
@speaks
def show(tenant: str, names: tuple[str, ...], days: int) -> None:
    """Print figures as a table (CSV)."""
    with open_store().read() as db:
        found = db.get_one(Tenant, tenants.named(db, tenant))
        choice = stats.choose(db, found.id, _ids(db, names))
        today = clock.now().astimezone(found.zoneinfo).date()
        figures = stats.of(db, choice, Period(today - (days - 1) * DAY, today, found.zoneinfo))
    sheet = sheets.for_spreadsheet(figures, Words.of(ENGLISH, found.zoneinfo))
    click.echo(sheets.as_csv(sheet, ENGLISH).decode().removeprefix(sheets.MARK), nl=False)


@statistics.command("list")
@click.argument("tenant")
@speaks
def list_reports(tenant: str) -> None:
    """List the reports of a tenant: number, kind, times, address, next time."""
    with open_store().read() as db:
        for each in subscriptions.of_tenant(db, tenants.named(db, tenant)):
            details = "with addresses" if subscriptions.tells_of_people(db, each) else "numbers"
            due = f"{each.due_at:%Y-%m-%dT%H:%MZ}"
            click.echo(
                f"{each.id} {each.kind} {each.period} {each.at} {each.address} {details} {due}"
            )


@statistics.command("add")
@click.argument("tenant")
@click.argument("address")
@click.option(
    "--kind", default=Kind.STATISTICS.value, type=click.Choice([each.value for each in Kind])
)
@click.option(
    "--period", default=Every.WEEKLY.value, type=click.Choice([each.value for each in Every])
)
@click.option("--at", default="07:00", help="Time of day in the tenant's zone.")
@click.option("--language", type=click.Choice(LANGUAGES), help="The tenant's if not said.")
@click.option("--domain", "names", multiple=True, help="Of this domain only; may be repeated.")
@click.option("--detailed", is_flag=True, help="An address outside may get addresses of people.")
@speaks
def add(  # noqa: PLR0913, PLR0917 (what a report is, are its options)
    tenant: str, address: str, kind: str, period: str, at: str, language: str | None,
    names: tuple[str, ...], detailed: bool,
) -> None:  # fmt: skip
    """Let a report come to an address."""
    with open_store().write() as db:
        found = db.get_one(Tenant, tenants.named(db, tenant))
        wish = Wish(
            Kind(kind), address, Every(period), at, language or found.language,
            _ids(db, names), detailed,
        )  # fmt: skip
        made = subscriptions.add(db, found, wish, by=OPERATOR)
        click.echo(f"Report {made.id} comes to {made.address}, next {made.due_at:%Y-%m-%dT%H:%MZ}.")


@statistics.command("remove")
@click.argument("number", type=int)
@speaks
def remove(number: int) -> None:
    """Let a report come no more."""
    with open_store().write() as db:
        subscriptions.remove(db, _found(db, number).tenant_id, number, by=OPERATOR)
    click.echo(f"Report {number} does not come any more.")


@statistics.command("send")
@click.argument("number", type=int)
@speaks
def send(number: int) -> None:
    """Send a report now."""
    store = open_store()
    with store.write() as db:
        found = _found(db, number)
        subscriptions.send_now(db, found.tenant_id, number, by=OPERATOR)
    send_subscription(store, number)
    click.echo(f"The report to {found.address} is in the queue.")


def _found(db: Session, number: int) -> Subscription:
    found = db.get(Subscription, number)
    if found is None:
        raise NotFound(f"There is no report {number}.")
    return found


def _ids(db: Session, names: tuple[str, ...]) -> list[int]:
    wanted = {name.lower() for name in names}
    found = dict(db.execute(select(Domain.name, Domain.id).where(Domain.name.in_(wanted))).all())
    if missing := wanted - found.keys():
        raise NotFound(f"The domain '{min(missing)}' is not ours.")
    return list(found.values())
