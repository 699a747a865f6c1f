"""Commands for sender lists: `flask lists export|import|tidy`."""

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

import click
from sqlalchemy.orm import Session

from mailstore import listfiles, tenants
from mailstore.cli import OPERATOR, open_store, speaks
from mailstore.curation import entering, entries, judging, reading, tidying
from mailstore.curation.findings import Finding, Group, sentence
from mailstore.curation.judging import Judged
from mailstore.curation.reading import Line
from mailstore.errors import NotFound
from mailstore.realms import Realm
from mailstore.senders import Listed, Owner, Wish
from mailstore.store import Store


@click.group()
def lists() -> None:
    """Manage the sender lists of a tenant, its domains and its people."""


@lists.command("export")
@click.argument("tenant")
@speaks
def lists_export(tenant: str) -> None:
    """Print all entries as CSV."""
    with open_store().read() as db:
        listfiles.write_lists(db, tenants.named(db, tenant), sys.stdout)


@lists.command("import")
@click.argument("tenant")
@click.argument("file", type=click.File(encoding="utf-8-sig"))
@click.option("--judge", is_flag=True, help="Read any filter's list, and enter what is useful.")
@click.option("--careless", is_flag=True, help="With --judge: enter also what is careless.")
@click.option("--dry-run", is_flag=True, help="With --judge: say what speaks against, no more.")
@click.option("--owner", default="", help="With --judge: a domain or an address; or everybody.")
@click.option(
    "--list",
    "otherwise",
    default=Listed.ALLOWED.value,
    type=click.Choice([each.value for each in Listed]),
    help="With --judge: what is meant where a line does not say it.",
)
@speaks
def lists_import(tenant: str, file: TextIO, judge: bool, owner: str, **how: Any) -> None:
    """Enter what a CSV file holds (`-` reads standard input), and say what is careless.

    With --judge any list of another filter is read, and only what is useful and harmless is
    entered; it ends after 90 days unless mail meets it.
    """
    store, text = open_store(), file.read()
    if not judge:
        _enter_ours(store, tenant, text)
        return
    lines = reading.read(text, Listed(how["otherwise"]))
    with store.read() as db:
        whose = _owner(db, tenant, owner)
        judged = judging.judge_wishes(db, whose, [each.wish for each in lines if each.wish])
    groups = (Group.GOOD, Group.NEEDLESS, Group.CARELESS) if how["careless"] else (Group.GOOD,)
    chosen = _told(lines, judged, groups)
    if how["dry_run"]:
        click.echo(f"{len(chosen)} would be entered.")
        return
    with store.write() as db:
        name = Path(getattr(file, "name", "-")).name
        done = entering.enter_file(db, whose, chosen, by=OPERATOR, name=name)
    click.echo(f"{done.added} added, {done.present} there already.")


@lists.command("tidy")
@click.argument("tenant")
@click.option(
    "--remove",
    multiple=True,
    type=click.Choice([each.value for each in Finding]),
    help="Take entries off that this speaks against; repeatable.",
)
@speaks
def lists_tidy(tenant: str, remove: tuple[str, ...]) -> None:
    """Say what speaks against entries, and take those off that are named by --remove."""
    store = open_store()
    with store.read() as db:
        realm = Realm(tenants.named(db, tenant))
        doubtful = tidying.judged(db, realm).doubtful
    gone = []
    for each in doubtful:
        row, said = each.entry.row, [one.finding for one in each.found]
        click.echo(f"{each.entry.owner or '*'}  {row.listed}  {row.pattern}  {', '.join(said)}")
        gone += [row.id] if set(said) & set(remove) else []
    with store.write() as db:
        count = tidying.remove_all(db, realm, gone, by=OPERATOR)
    click.echo(f"{count} removed." if remove else f"{len(doubtful)} entries.")


def _enter_ours(store: Store, tenant: str, text: str) -> None:
    with store.write() as db:
        lines = text.splitlines(keepends=True)
        done = listfiles.read_lists(db, tenants.named(db, tenant), lines, by=OPERATOR)
    for warning in done.warnings:
        click.echo(warning, err=True)
    click.echo(f"{done.added} added, {done.present} there already.")


def _owner(db: Session, tenant: str, name: str) -> Owner:
    found = entries.owner_named(db, Realm(tenants.named(db, tenant)), name)
    if found is None:
        raise NotFound(f"'{name}' is no mailbox and no domain of this tenant.")
    return found


def _told(
    lines: Sequence[Line], judged: Sequence[Judged], groups: tuple[Group, ...]
) -> Sequence[Wish]:
    """Say what speaks against each line, and return what is wanted of those in some groups."""
    counts, chosen, found = Counter[Group](), [], iter(judged)
    for line in lines:
        if line.wish is None:
            counts[Group.UNUSABLE] += 1
            click.echo(
                f"Line {line.number}, {line.text}: {sentence(line.why or '', None)}", err=True
            )
            continue
        said = next(found)
        counts[said.group] += 1
        chosen += [line.wish] if said.group in groups else []
        for each in said.found:
            text = f"{sentence(each.finding, line.wish.listed)} {each.name}".rstrip()
            click.echo(f"Line {line.number}, {line.wish.pattern}: {text}", err=True)
    click.echo(", ".join(f"{counts[each]} {each}" for each in Group))
    return chosen
