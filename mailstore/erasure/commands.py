"""Commands for what is kept and for how long: `flask retention`, `flask person`."""

import sys
from pathlib import Path

import click
from sqlalchemy.orm import Session

from mailstore import accounts, tenants
from mailstore.addresses import Address
from mailstore.cli import OPERATOR, fail, open_store, speaks
from mailstore.erasure import cuts, erasing, exports, forecast, forgetting, people, proving
from mailstore.erasure.people import Whole
from mailstore.tenants import Tenant

MB = 2**20


@click.group()
def retention() -> None:
    """Say how long a tenant's mail is kept, and prove that what is over is gone."""


@retention.command("show")
@click.argument("name", metavar="TENANT")
@speaks
def retention_show(name: str) -> None:
    """Print the days, the room that mail takes, and what was erased lately."""
    with open_store().read() as db:
        tenant = db.get_one(Tenant, tenants.named(db, name))
        days = tenant.keep_days, tenant.held_days
        found = forecast.traffic(db, tenant.id, *days)
        click.echo(f"copies {days[0]} days, held {days[1]} days, pinned {tenant.pin_days} days")
        kept, needed = found.kept_bytes // MB, found.needs(*days) // MB
        click.echo(f"{found.kept_mails} mails, {kept} MB now, about {needed} MB by its own mail")
        for each in forecast.records(db, tenant.id):
            said = ", ".join(f"{name}={value}" for name, value in each.detail.items())
            click.echo(f"{each.at:%Y-%m-%d %H:%M}  {each.kind}  {said}")


@retention.command("set")
@click.argument("name", metavar="TENANT")
@click.option("--keep", type=int, help="Days that copies are kept; as it was if not said.")
@click.option("--held", type=int, help="Days that held mail is kept.")
@click.option("--pinned", type=int, help="Days that people may keep single mails.")
@click.option("--yes", is_flag=True, help="Erase what a shorter time ends, without asking.")
@speaks
def retention_set(
    name: str, keep: int | None, held: int | None, pinned: int | None, yes: bool
) -> None:
    """Keep mail for so many days, mail that is stored already too."""
    store = open_store()
    with store.read() as db:
        tenant = db.get_one(Tenant, tenants.named(db, name))
        keep = tenant.keep_days if keep is None else keep
        held = tenant.held_days if held is None else held
        ends = forecast.ending(db, tenant.id, keep, held)
    if (keep < tenant.keep_days or held < tenant.held_days) and not yes:
        click.echo(f"{ends.copies} copies and {ends.held} held mails would be erased at once.")
        _confirm()
    with store.write() as db:
        days = tenant.pin_days if pinned is None else pinned
        cuts.change(db, tenant.id, keep, held, days, by=OPERATOR)
    click.echo(f"Mail of {name} is kept for {keep} days, held mail for {held}.")


@retention.command("plant")
@click.argument("address")
@speaks
def retention_plant(address: str) -> None:
    """Put a mail with a word that nobody else writes into a mailbox, and print the word.

    Once its days are over (and 60 for what lists show), `flask retention prove WORD` finds none.
    """
    word = proving.new_word()
    proving.plant(open_store(), Address.parse(address), word)
    click.echo(word)


@retention.command("prove")
@click.argument("word")
@speaks
def retention_prove(word: str) -> None:
    """Search rows, indexes and files for a word; exit code 1 if it stands anywhere.

    A planted word, or what only an erased person was called.
    """
    store, times = open_store(), 0
    if len(word) < proving.SHORTEST:
        fail(f"A word to search for has {proving.SHORTEST} characters at least.")
    for hit in proving.search(store, word):
        click.echo(f"{hit.place}: {hit.times}")
        times += hit.times
    click.echo("It stands nowhere." if not times else f"{times} hits.")
    sys.exit(1 if times else 0)


@click.group()
def person() -> None:
    """Take out or erase one person's data."""


@person.command("export")
@click.argument("address")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--reason", required=True, help="Why; it stays on record.")
@speaks
def person_export(address: str, file: Path, reason: str) -> None:
    """Write all that is kept of a person into a ZIP, which nobody else may read."""
    store = open_store()
    with store.write() as db:
        number = exports.ask(db, store, accounts.named(db, address), reason, by=OPERATOR)
    exports.export_person(store, number)
    with store.read() as db:
        made = db.get_one(exports.PersonExport, number)
    file.touch(mode=0o600, exist_ok=False)
    with file.open("wb") as out:
        for chunk in exports.content(store, made):
            out.write(chunk)
    with store.write() as db:
        exports.note_fetched(db, made, by=OPERATOR)
    click.echo(f"{made.mails} mails, {made.size} bytes: {file}")


@person.command("erase")
@click.argument("address")
@click.option("--yes", is_flag=True, help="Erase without asking.")
@speaks
def person_erase(address: str, yes: bool) -> None:
    """Erase a person; mail that others have as well stays for these."""
    store = open_store()
    with store.read() as db:
        plan = erasing.plan(db, _whole(db, address))
    click.echo(f"Gone will be {plan.mails} mails, {plan.waiting} of them still waiting, "
               f"{plan.drafts} drafts and {plan.entries} entries; {plan.shared} mails stay "
               "for others.")  # fmt: skip
    if not yes:
        _confirm()
    with store.write() as db:
        erasing.erase(db, _whole(db, address), by=OPERATOR)
    forgetting.shred(store)
    exports.end_exports(store)
    store.scrub()
    click.echo("The person is erased.")


def _whole(db: Session, address: str) -> Whole:
    return people.whole(db, accounts.named(db, address))


def _confirm() -> None:
    # Without a terminal nobody can answer.
    if not sys.stdin.isatty() or not click.confirm("Go on?"):
        fail("Nothing is changed. Say --yes if you mean it.")
