"""Sender lists as CSV (RFC 4180): one entry a line, for backup, review and moving in."""

import csv
from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from typing import TextIO, TypeVar

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from mailstore import advice, senders
from mailstore.domains import Domain
from mailstore.errors import BadName
from mailstore.mailboxes import Mailbox, MailboxAddress
from mailstore.patterns import read_pattern
from mailstore.senders import Listed, Owner, SenderEntry, Wish
from mailstore.spreadsheets import COMMA, SEMICOLON, inert, unquoted

COLUMNS = ("owner", "list", "sender", "proof", "expires", "by", "created", "last_hit")
OWNER = "owner"
NEEDED = frozenset({OWNER, "list", "sender"})
ANY_PROOF, NO_PROOF = "any", "none"
PROOFS = frozenset({"dmarc", "spf", "dkim", "arc"})
# As people write a day in Switzerland; programs write it as ISO 8601 says.
DAY = "%d.%m.%Y"
MOST_LINES = 2000

T = TypeVar("T")


class TooManyLines(BadName):
    """A file holds more than fits on the list of one person."""


class BadCell(BadName):
    """A cell of a line says what cannot be on a list."""

    def __init__(self, column: str, text: str, why: str) -> None:
        super().__init__(why)
        self.column, self.text = column, text


@dataclass(slots=True)
class Imported:
    """What came of a file: new entries, those that were there, and what to look at."""

    added: int = 0
    present: int = 0
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A line of a file that cannot be used: which cell it is, and what that says."""

    number: int
    column: str
    text: str


@dataclass(slots=True)
class Planned:
    """What a file wants on one list, and the lines that say nothing of use."""

    wishes: list[Wish] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)


def write_lists(
    db: Session,
    tenant_id: int,
    out: TextIO,
    only: Owner | None = None,
    *,
    within: ColumnElement[bool] | None = None,
    between: str = COMMA,
) -> int:
    """Write all lists of a tenant, only one, or those within; return how many entries it is."""
    mine = only.rows if only else (SenderEntry.tenant_id == tenant_id,)
    mine = mine if within is None else (*mine, within)
    table = csv.writer(out, delimiter=between)
    table.writerow(COLUMNS)
    rows = db.execute(
        select(SenderEntry, Domain.name, Mailbox.address)
        .outerjoin(Domain, Domain.id == SenderEntry.domain_id)
        .outerjoin(Mailbox, Mailbox.id == SenderEntry.mailbox_id)
        .where(*mine)
        .order_by(Mailbox.address, Domain.name, SenderEntry.listed, SenderEntry.pattern)
    ).all()
    for entry, domain, mailbox in rows:
        table.writerow(map(inert, _cells(entry, mailbox or domain or "")))
    return len(rows)


def read_lists(db: Session, tenant_id: int, lines: Iterable[str], *, by: str) -> Imported:
    """Enter what a file holds; a line that cannot be used is left out, with a warning.

    The owner is an address, a domain, or empty for the tenant. Raises BadName for what is no CSV
    or lacks a column.
    """
    done, usable = Imported(), list[tuple[int, Owner, Wish]]()
    for number, cells in _rows(lines):
        try:
            usable.append((number, _owner(db, tenant_id, cells["owner"]), _wish(cells)))
        except BadName as error:
            done.warnings.append(f"Line {number} is left out: {error}")
    advised = advice_for(db, tenant_id, (wish for _, _, wish in usable))
    for number, owner, wish in usable:
        for warning in advised[wish.listed, wish.pattern]:
            done.warnings.append(f"Line {number}, {wish.pattern}: {warning}")
        if senders.enter(db, owner, wish, by=by):
            done.added += 1
        else:
            done.present += 1
    return done


def advice_for(
    db: Session, tenant_id: int, wishes: Iterable[Wish]
) -> dict[tuple[Listed, str], list[str]]:
    """Return warnings about what a file wants, by list and pattern."""
    return advice.advise_each(db, tenant_id, ((each.listed, each.pattern) for each in wishes))


def plan(lines: Iterable[str]) -> Planned:
    """Return what a file wants on one list, whatever owner its lines name.

    Raises BadName as `read_lists` does, and TooManyLines.
    """
    found, rows = Planned(), _rows(lines, NEEDED - {OWNER})
    if len(rows) > MOST_LINES:
        raise TooManyLines(f"The file has more than {MOST_LINES} lines.")
    for number, cells in rows:
        try:
            found.wishes.append(_wish(cells))
        except BadCell as error:
            found.left_out.append(LeftOut(number, error.column, error.text))
    return found


def _rows(lines: Iterable[str], needed: Set[str] = NEEDED) -> list[tuple[int, dict[str, str]]]:
    """Return number and cells of each line that says anything."""
    lines = iter(lines)
    head = next(lines, "")
    between = SEMICOLON if SEMICOLON in head and COMMA not in head else COMMA
    table = csv.DictReader(chain((head,), lines), delimiter=between)
    try:
        if missing := needed - set(table.fieldnames or ()):
            raise BadName(f"The file has no column '{min(missing)}'.")
        rows = (
            (table.line_num, {name: unquoted(row[name] or "") for name in COLUMNS if name in row})
            for row in table
        )
        return [row for row in rows if any(row[1].values())]
    except csv.Error as error:
        raise BadName(f"The file is no CSV: {error}.") from error


def _cells(entry: SenderEntry, owner: str) -> tuple[str, ...]:
    proof = ANY_PROOF if entry.proof is None else entry.proof or NO_PROOF
    times = (entry.created_at, entry.last_hit_at)
    return (
        owner,
        entry.listed,
        entry.pattern,
        proof,
        _moment(entry.expires_at),
        entry.by,
        *map(_moment, times),
    )


def _moment(at: datetime | None) -> str:
    return at.isoformat() if at else ""


def _owner(db: Session, tenant_id: int, name: str) -> Owner:
    """Return whose list a line is for, or raise BadName for what is not the tenant's."""
    if not name:
        return Owner(tenant_id)
    key = name.lower()
    if "@" in key:
        # A catch-all has no address of its own but the one that it is shown with.
        aliased = select(MailboxAddress.mailbox_id).where(MailboxAddress.key == key)
        mine = select(Mailbox.id).where(Mailbox.tenant_id == tenant_id)
        found = db.scalar(mine.where(Mailbox.id.in_(aliased) | (Mailbox.address == name)))
        owner = Owner(tenant_id, mailbox_id=found)
    else:
        mine = select(Domain.id).where(Domain.tenant_id == tenant_id, Domain.name == key)
        found = db.scalar(mine)
        owner = Owner(tenant_id, domain_id=found)
    if found is None:
        raise BadName(f"'{name}' is no mailbox and no domain of this tenant.")
    return owner


def _wish(cells: dict[str, str]) -> Wish:
    return Wish(
        _cell(cells, "list", _listed),
        _cell(cells, "sender", read_pattern),
        _cell(cells, "proof", proof_of),
        expires_at=_cell(cells, "expires", end_of),
    )


def _cell(cells: dict[str, str], column: str, read: Callable[[str], T]) -> T:
    text = cells.get(column, "")
    try:
        return read(text)
    except BadName as error:
        raise BadCell(column, text, str(error)) from error


def _listed(text: str) -> Listed:
    try:
        return Listed(text.lower())
    except ValueError as error:
        raise BadName(f"'{text}' is no list: {', '.join(Listed)}.") from error


def proof_of(text: str) -> str | None:
    """Read what is to prove a sender, None for anything that does; raises BadName."""
    if text in ("", ANY_PROOF):
        return None
    words = sorted(text.split()) if text != NO_PROOF else []
    if not PROOFS.issuperset(words):
        raise BadName(f"'{text}' is no proof: {', '.join(sorted(PROOFS))}, any or none.")
    return " ".join(words)


def end_of(text: str) -> datetime | None:
    """Read a day or moment at which an entry ends, None for an empty one; raises BadName."""
    if not text:
        return None
    try:
        moment = _moment_in(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise BadName(f"'{text}' is no date: 2026-12-31 or 31.12.2026.") from error


def _moment_in(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return datetime.strptime(text, DAY)  # noqa: DTZ007 (whoever asks adds the zone)
