"""Commands for moving in: a file of people is read, and people are written as one."""

import sys
import time
from collections.abc import Sequence, Set
from pathlib import Path

import click

from mailstore import tenants
from mailstore.cli import OPERATOR, mailbox, open_store, speaks
from mailstore.moving import asking, carrying, exporting, here, rows
from mailstore.moving.clashes import said
from mailstore.moving.planning import Box, Diff, Options, missing, plan
from mailstore.moving.rows import Moving, MovingState
from mailstore.moving.values import Table
from mailstore.moving.wishes import Trouble, wishes_of
from mailstore.realms import Realm
from mailstore.spreadsheets import COMMA
from mailstore.store import Store

LEFT_OUT = 1
PAUSE = 0.5


@click.command("import")
@click.argument("name", metavar="TENANT")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
@click.option("--switch-off-missing", is_flag=True, help="Switch off who is not in the file.")
@click.option("--welcome", is_flag=True, help="Send new people a mail that explains everything.")
@click.option("--no-accounts", is_flag=True, help="Let nobody sign in for now.")
@click.option("--keep-names", is_flag=True, help="Leave names of people who are here as they are.")
@click.option("--spare-administrators", is_flag=True, help="Leave out who administers.")
@speaks
def import_people(  # noqa: PLR0913 (each option is an argument)
    name: str, file: Path, *, dry_run: bool, switch_off_missing: bool, welcome: bool,
    no_accounts: bool, keep_names: bool, spare_administrators: bool,
) -> None:  # fmt: skip
    """Take people and aliases over from a file (CSV, XLSX); exit code 1 if lines are left out.

    It may be run again: what is done already is not done twice.
    """
    store, table = open_store(), asking.read(file.read_bytes())
    options = Options(
        accounts=not no_accounts,
        names=not keep_names,
        administrators=not spare_administrators,
        welcome=welcome,
    )
    wishes, troubles = wishes_of(table.people)
    with store.read() as db:
        realm = Realm(tenants.named(db, name))
        known = here.everything(db, realm)
    diff, gone = plan(wishes, known, options), missing(wishes, table.people, known)
    _show(diff, troubles, gone, table)
    if not dry_run:
        leaving = [each.id for each in gone] if switch_off_missing else []
        row = _begun(store, realm, table, file, options, leaving)
        _tell(_carried_out(store, row), {each.line for each in (*troubles, *diff.clashes)})
    sys.exit(LEFT_OUT if troubles or diff.clashes else 0)


@mailbox.command("export")
@click.argument("name", metavar="TENANT")
@speaks
def mailbox_export(name: str) -> None:
    """Print the people of a tenant as a table that `flask import` reads."""
    with open_store().read() as db:
        realm = Realm(tenants.named(db, name))
        exporting.write_people(db, realm, sys.stdout, between=COMMA)


def _show(diff: Diff, troubles: Sequence[Trouble], gone: Sequence[Box], table: Table) -> None:
    for each in diff.new:
        click.echo(f"+ {', '.join(map(str, each.claims))}")
    for each in diff.changed:
        claims = "".join(f" +{claim}" for claim in each.claims)
        words = [word for word, true in (
            ("name", each.name is not None), ("kind", each.shared is not None), ("on", each.on),
            ("account", each.account),
        ) if true]  # fmt: skip
        click.echo(f"~ {each.wish.main}{claims} {' '.join(words)}".rstrip())
    for box in gone:
        click.echo(f"? {box.address} is not in the file.")
    for trouble in sorted((*troubles, *diff.clashes, *diff.notes), key=lambda each: each.line):
        click.echo(f"Line {trouble.line}: {said(trouble)}", err=True)
    if table.ignored:
        click.echo(f"Columns left out: {', '.join(table.ignored)}.", err=True)
    click.echo(
        f"{len(diff.new)} new, {diff.aliases} aliases, {len(diff.changed)} changed, "
        f"{diff.unchanged + diff.spared} unchanged, {len(gone)} not in the file, "
        f"{len(troubles) + len(diff.clashes)} left out."
    )


def _begun(
    store: Store, realm: Realm, table: Table, file: Path, options: Options, leaving: Sequence[int]
) -> Moving:
    kept = rows.sealed(store, realm.tenant_id, table)
    with store.write() as db:
        row = rows.begin(db, realm.tenant_id, table, kept, file.name, by=OPERATOR)
        rows.confirm(db, row, options, leaving, wishes_of(table.people)[1])
    return row


def _carried_out(store: Store, row: Moving) -> Moving:
    """Carry a file out and say how far it is; a worker that takes it is left to it."""
    while True:
        for _ in carrying.steps(store, row.id):
            _progress(_now(store, row))
        found = _now(store, row)
        if found.state is not MovingState.RUNNING:
            return found
        _progress(found)
        time.sleep(PAUSE)


def _now(store: Store, row: Moving) -> Moving:
    with store.read() as db:
        return db.get_one(Moving, row.id)


def _progress(row: Moving) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r{row.seen} of {row.total}", nl=False, err=True)


def _tell(row: Moving, told: Set[int]) -> None:
    for each in row.left_out:
        if each.line in told:
            continue
        click.echo(f"Line {each.line} was left out: {said(each)}", err=True)
    click.echo(
        f"Done: {row.added} added, {row.aliases} aliases, {row.changed} changed, "
        f"{row.switched_off} switched off, {row.unchanged} unchanged, {row.failed} left out."
    )
