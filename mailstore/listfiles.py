"""Sender lists as CSV (RFC 4180): one entry a line, for backup, review and moving in."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TextIO

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailstore import advice, senders
from mailstore.domains import Domain
from mailstore.errors import BadName
from mailstore.mailboxes import Mailbox, MailboxAddress
from mailstore.patterns import read_pattern
from mailstore.senders import Listed, Owner, SenderEntry, Wish

COLUMNS = ("owner", "list", "sender", "proof", "expires", "by", "created", "last_hit")
NEEDED = frozenset({"owner", "list", "sender"})
ANY_PROOF, NO_PROOF = "any", "none"
PROOFS = frozenset({"dmarc", "spf", "dkim", "arc"})
# What a spreadsheet would take for the beginning of a formula.
FORMULA = ("=", "+", "-", "@")
QUOTE = "'"


@dataclass(slots=True)
class Imported:
    """What came of a file: new entries, those that were there, and what to look at."""

    added: int = 0
    present: int = 0
    warnings: list[str] = field(default_factory=list)


def write_lists(db: Session, tenant_id: int, out: TextIO) -> int:
    """Write all lists of a tenant, and return how many entries there are."""
    table = csv.writer(out)
    table.writerow(COLUMNS)
    rows = db.execute(
        select(SenderEntry, Domain.name, Mailbox.address)
        .outerjoin(Domain, Domain.id == SenderEntry.domain_id)
        .outerjoin(Mailbox, Mailbox.id == SenderEntry.mailbox_id)
        .where(SenderEntry.tenant_id == tenant_id)
        .order_by(Mailbox.address, Domain.name, SenderEntry.listed, SenderEntry.pattern)
    ).all()
    for entry, domain, mailbox in rows:
        table.writerow(map(_quoted, _cells(entry, mailbox or domain or "")))
    return len(rows)


def read_lists(db: Session, tenant_id: int, lines: Iterable[str], *, by: str) -> Imported:
    """Enter what a file holds; a line that cannot be used is left out, with a warning.

    The owner is an address, a domain, or empty for the tenant. Raises BadName for what is no CSV
    or lacks a column.
    """
    done = Imported()
    for number, cells in _rows(lines):
        try:
            owner, wish = _owner(db, tenant_id, cells["owner"]), _wish(cells)
        except BadName as error:
            done.warnings.append(f"Line {number} is left out: {error}")
            continue
        for warning in advice.advise(db, tenant_id, wish.listed, wish.pattern):
            done.warnings.append(f"Line {number}, {wish.pattern}: {warning}")
        if senders.enter(db, owner, wish, by=by):
            done.added += 1
        else:
            done.present += 1
    return done


def _rows(lines: Iterable[str]) -> list[tuple[int, dict[str, str]]]:
    """Return number and cells of each line."""
    table = csv.DictReader(lines)
    try:
        if missing := NEEDED - set(table.fieldnames or ()):
            raise BadName(f"The file has no column '{min(missing)}'.")
        return [
            (table.line_num, {name: _unquoted(row[name] or "") for name in COLUMNS if name in row})
            for row in table
        ]
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


def _quoted(text: str) -> str:
    return QUOTE + text if text.startswith(FORMULA) else text


def _unquoted(text: str) -> str:
    text = text.strip()
    return text[1:] if text.startswith(QUOTE) and text[1:].startswith(FORMULA) else text


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
    try:
        listed = Listed(cells["list"].lower())
    except ValueError as error:
        raise BadName(f"'{cells['list']}' is no list: {', '.join(Listed)}.") from error
    return Wish(
        listed,
        read_pattern(cells["sender"]),
        _proof(cells.get("proof", "")),
        expires_at=_end(cells.get("expires", "")),
    )


def _proof(text: str) -> str | None:
    if text in ("", ANY_PROOF):
        return None
    words = sorted(text.split()) if text != NO_PROOF else []
    if not PROOFS.issuperset(words):
        raise BadName(f"'{text}' is no proof: {', '.join(sorted(PROOFS))}, any or none.")
    return " ".join(words)


def _end(text: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadName(f"'{text}' is no date: 2026-12-31.") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
