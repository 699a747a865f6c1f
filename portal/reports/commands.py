"""Commands of reports: see, send and schedule them."""

from collections.abc import Collection
from pathlib import Path

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailstore import accounts, clock, mailboxes, tailoring, tenants
from mailstore.addresses import Address
from mailstore.cli import OPERATOR, open_store, speaks
from mailstore.envelopes import HeldNotice
from mailstore.errors import BadName, NotFound
from mailstore.mailboxes import Mailbox
from mailstore.reports import choosing, drafts, planning, reach, times
from mailstore.store import Store
from mailstore.tenants import Guard, Tenant
from portal.mails import as_bytes
from portal.reports import sending
from portal.reports.rendering import Renderer


@click.group()
def report() -> None:
    """See, send and schedule quarantine reports."""


@report.command()
@click.argument("address")
@click.option("--print", "shows", is_flag=True, help="Print a link and the code, to be told.")
@speaks
def send(address: str, shows: bool) -> None:
    """Send a report of everything held to one mailbox, now."""
    store = open_store()
    mailbox = _mailbox(store, address)
    written, _ = sending.write(store, [mailbox.id], ask=True)
    if not written:
        raise NotFound(f"Nobody gets reports of '{mailbox.address}'.")
    with store.write() as db:
        sending.queue(db, written)
    (draft,) = (each.draft for each in written)
    click.echo(
        f"The report to {written[0].accepted.verdicts[0].recipient.address} is in the queue."
    )
    if shows:
        click.echo(f"Link: {Renderer(store.settings).first_url(draft)}")
        click.echo(f"Code: {draft.code}")


@report.command()
@speaks
def write() -> None:
    """Write all reports that are due, as the worker does and beside it."""
    sending.write_due(open_store())


@report.command()
@click.argument("address")
@click.option("--eml", type=click.Path(dir_okay=False, path_type=Path), help="Write the mail here.")
@click.option("--all", "everything", is_flag=True, help="As if it was asked for: all that is held.")
@speaks
def preview(address: str, eml: Path | None, everything: bool) -> None:
    """Print the report that a mailbox would get now; it is not sent, and its links open nothing."""
    store = open_store()
    mailbox = _mailbox(store, address)
    with store.read() as db:
        found = next(drafts.drafts(db, [mailbox.id], ask=everything), None)
        recipient = reach.recipient(db, mailbox)
    if found is None or recipient is None:
        click.echo(f"{mailbox.address} gets no reports.")
        return
    mail = Renderer(store.settings).render(found, recipient.address)
    if eml:
        eml.write_bytes(as_bytes(mail))
    body = mail.get_body(("plain",))
    click.echo(f"To: {mail['To']}\nSubject: {mail['Subject']}\n")
    click.echo(body.get_content() if body else "")
    if not found.is_wanted:
        click.echo("Nothing is new: it would not be sent.")


@report.command("due")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 10_000))
@speaks
def due(limit: int) -> None:
    """List the next reports: when, in the zone of the tenant, and whose."""
    with open_store().read() as db:
        rows = db.execute(
            select(Mailbox, Tenant)
            .join(Tenant, Tenant.id == Mailbox.tenant_id)
            .where(Mailbox.active, Mailbox.report_due_at.is_not(None))
            .order_by(Mailbox.report_due_at, Mailbox.id)
            .limit(limit)
        ).all()
        notes = _notes(db, [mailbox.id for mailbox, _ in rows])
        for mailbox, tenant in rows:
            at = mailbox.report_due_at or clock.now()
            local = f"{at.astimezone(tenant.zoneinfo):%Y-%m-%d %H:%M:%S} {tenant.zone}"
            click.echo(f"{local}  {mailbox.address}{notes.get(mailbox.id, '')}")


@report.command()
@click.argument("whom")
@click.option("--at", metavar="TIMES", help="One or two times of day: 09:00,16:30.")
@click.option(
    "--on", metavar="DAYS", help="daily, workdays, a weekday (mon), a day of the month (1)."
)
@click.option("--reports/--no-reports", default=None, help="Whether any come.")
@click.option("--choice/--no-choice", default=None, help="Whether people choose for themselves.")
@click.option("--empty/--no-empty", default=None, help="Also where nothing is new.")
@click.option(
    "--newsletters/--no-newsletters", default=None, help="With newsletters that were tagged."
)
@click.option("--refused/--no-refused", default=None, help="With mail that was refused.")
@click.option(
    "--fold", type=float, metavar="SCORE", help="In long reports only count spam from here."
)
@click.option(
    "--notice",
    type=click.Choice([each.value for each in HeldNotice]),
    help="Of which held mail people are told at once.",
)
@speaks
def schedule(whom: str, **wanted: object) -> None:
    """Set the reports of WHOM: a tenant by its name, a domain, or a mailbox by its address."""
    values = choosing.as_policy({name: each for name, each in wanted.items() if each is not None})
    if not values:
        raise BadName("Say what is to hold: --at, --on or another option (see --help).")
    store = open_store()
    with store.write() as db:
        tenant_id = tailoring.tailor(db, tailoring.level_of(db, whom), values, by=OPERATOR)
    planning.plan_reports(store, tenant_id)
    click.echo(f"The reports of {whom} are set.")


@report.command("to")
@click.argument("address")
@click.argument("other", default="")
@speaks
def to_other(address: str, other: str) -> None:
    """Send the reports of one mailbox to OTHER, an address of its tenant; none: to itself."""
    store = open_store()
    mailbox = _mailbox(store, address)
    with store.write() as db:
        choosing.send_to(db, mailbox.id, Address.parse(other) if other else None, by=OPERATOR)
    click.echo(f"Reports of {mailbox.address} go to {other or 'itself'}.")


@report.command()
@click.argument("address")
@click.argument("account")
@click.option("--off", is_flag=True, help="No longer.")
@speaks
def delegate(address: str, account: str, off: bool) -> None:
    """Put what is held for a mailbox into the report of ACCOUNT, who may use it as a delegate."""
    store = open_store()
    mailbox = _mailbox(store, address)
    with store.write() as db:
        found = accounts.named(db, account)
        if not choosing.share(db, mailbox.id, found.id, on=not off, by=OPERATOR):
            raise NotFound(f"{account} is no delegate of {mailbox.address}.")
    click.echo(f"{account} gets {'no longer ' if off else ''}what is held for {mailbox.address}.")


@report.command()
@click.argument("tenant")
@click.argument("when", type=click.Choice([each.value for each in Guard]))
@speaks
def guard(tenant: str, when: str) -> None:
    """Say when a deed by a report link on an unknown device asks for the report's code."""
    with open_store().write() as db:
        tenants.set_guard(db, tenants.named(db, tenant), Guard(when), by=OPERATOR)
    click.echo(f"The code is asked: {when}.")


def _mailbox(store: Store, address: str) -> Mailbox:
    with store.read() as db:
        found = mailboxes.at(db, Address.parse(address))
    if found is None or not found.active:
        raise NotFound(f"There is no mailbox '{address}'.")
    return found


def _notes(db: Session, ids: Collection[int]) -> dict[int, str]:
    """Return what keeps mailboxes from a report of their own."""
    notes = dict.fromkeys(reach.without_own(db, ids), "  (in its owners' reports)")
    for mailbox, _, policy in planning.with_policies(db, ids):
        if times.wanted(mailbox.report_at, mailbox.report_on, policy) is None:
            notes[mailbox.id] = "  (no reports)"
    return notes
