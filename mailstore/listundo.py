"""Taking back what somebody did to a sender list: an entry, a removal, a whole file.

The lines of the log say what was there before. What others changed since stays as they want it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, Select, delete, or_, select, update
from sqlalchemy.orm import Session

from mailstore import events, senders
from mailstore.events import Event
from mailstore.senders import EVENTS, REMOVED, Listed, Owner, SenderEntry

RESTORED = "sender_restored"
IMPORTED, IMPORT_TAKEN_BACK = "senders_imported", "senders_import_taken_back"
LISTED = {kind: listed for listed, kind in EVENTS.items()}
FILE_TAKES = timedelta(hours=1)
AT_ONCE = 1000


def new_file() -> str:
    """Return the name that the lines of the log have for a file which is about to be entered."""
    return uuid4().hex


def note_file(
    db: Session, owner: Owner, file: str, entries: int, *, by: str, name: str = ""
) -> None:
    """Note that a file was entered, how many entries that made, and what it is called."""
    detail = {"file": file, "entries": entries} | ({"name": name} if name else {})
    senders.record(db, IMPORTED, owner, detail, by=by)


def take_back(db: Session, line: Event, *, by: str) -> bool:
    """Make an entry what it was before somebody entered it, which a line of the log tells.

    False if it is gone already, or somebody else changed it since.
    """
    owner, listed, pattern = _owner(line), LISTED[line.kind], line.detail["pattern"]
    senders.alone(db, owner.tenant_id)
    this = (*owner.rows, SenderEntry.listed == listed, SenderEntry.pattern == pattern)
    if db.scalar(select(SenderEntry.id).where(*this, SenderEntry.by == line.by)) is None:
        return False
    before = line.detail.get("before")
    if before is None:
        return senders.remove(db, owner, listed, pattern, by=by)
    restored = update(SenderEntry).where(*this).values(_values(before))
    if db.scalar(restored.returning(SenderEntry.id)) is None:
        return False
    detail = {"pattern": pattern, "listed": listed} | _of_file(line.detail.get("file"))
    senders.record(db, RESTORED, owner, detail, by=by)
    return True


def put_back(db: Session, line: Event, *, by: str) -> bool:
    """Put an entry on its list again that a line of the log says was removed.

    False if that line is not the last word: somebody entered it since, or removed it again.
    """
    owner, before = _owner(line), line.detail.get("before")
    senders.alone(db, owner.tenant_id)
    if before is None or _was_changed_since(db, line):
        return False
    listed, pattern = Listed(line.detail["listed"]), line.detail["pattern"]
    db.add(SenderEntry(**row_of(line)))
    senders.record(db, RESTORED, owner, {"pattern": pattern, "listed": listed}, by=by)
    return True


def take_back_file(db: Session, line: Event, *, by: str) -> int:
    """Take back what a file brought, whose line of the log this is; return how much it was."""
    owner, file = _owner(line), line.detail["file"]
    entered = db.scalars(
        _of_list(owner, Event.by == line.by, Event.id < line.id)
        # All of a file is entered within that, and the log of a tenant is long.
        .where(Event.at.between(line.at - FILE_TAKES, line.at))
        .where(Event.kind.in_(LISTED), Event.detail["file"].as_string() == file)
    ).all()
    changed = [each for each in entered if each.detail["before"] is not None]
    count = sum(take_back(db, each, by=by) for each in changed)
    # There may be thousands of new ones.
    new = [each for each in entered if each.detail["before"] is None]
    for kind, listed in LISTED.items():
        patterns = [each.detail["pattern"] for each in new if each.kind == kind]
        count += _remove_all(db, owner, listed, patterns, line, by=by)
    if count:
        senders.record(db, IMPORT_TAKEN_BACK, owner, {"file": file}, by=by)
    return count


def _of_list(owner: Owner, *which: ColumnElement[bool]) -> Select[Event]:
    mine = select(Event).where(*which)
    if owner.mailbox_id is not None:
        return mine.where(Event.mailbox_id == owner.mailbox_id)
    of_domain = Event.detail["domain_id"].as_integer().is_not_distinct_from(owner.domain_id)
    return mine.where(Event.tenant_id == owner.tenant_id, Event.mailbox_id.is_(None), of_domain)


def _remove_all(
    db: Session, owner: Owner, listed: Listed, patterns: Sequence[str], line: Event, *, by: str
) -> int:
    senders.alone(db, owner.tenant_id)
    gone: list[str] = []
    for first in range(0, len(patterns), AT_ONCE):
        some = delete(SenderEntry).where(
            *owner.rows, SenderEntry.listed == listed, SenderEntry.by == line.by,
            SenderEntry.pattern.in_(patterns[first : first + AT_ONCE]),
        )  # fmt: skip
        gone += db.scalars(some.returning(SenderEntry.pattern))
    whose = {"tenant_id": owner.tenant_id, "mailbox_id": owner.mailbox_id, "delivery_id": None}
    of_domain: dict[str, Any] = (
        {"domain_id": owner.domain_id} if owner.domain_id is not None else {}
    )
    said = of_domain | {"listed": listed} | _of_file(line.detail["file"])
    details = [{"pattern": each} | said for each in gone]
    events.record_all(db, [whose | {"kind": REMOVED, "detail": each} for each in details], by=by)
    return len(gone)


def _was_changed_since(db: Session, line: Event) -> bool:
    listed = line.detail["listed"]
    same_list = or_(
        Event.kind == EVENTS[Listed(listed)],
        Event.kind.in_((REMOVED, RESTORED)) & (Event.detail["listed"].as_string() == listed),
    )
    later = _of_list(_owner(line), Event.id > line.id, Event.at >= line.at)
    same = later.where(same_list, Event.detail["pattern"].as_string() == line.detail["pattern"])
    return db.scalar(same.limit(1)) is not None


def _owner(line: Event) -> Owner:
    if line.tenant_id is None:
        raise ValueError(line.id)
    return Owner(line.tenant_id, line.detail.get("domain_id"), line.mailbox_id)


def row_of(line: Event) -> dict[str, Any]:
    """Return the entry that a line says was removed, as its columns take it."""
    said = {"listed": Listed(line.detail["listed"]), "pattern": line.detail["pattern"]}
    return _owner(line).ids | said | _values(line.detail["before"])


def _values(before: dict[str, Any]) -> dict[str, Any]:
    """Return what an entry was, as its columns take it."""
    return {
        name: datetime.fromisoformat(value) if value and name.endswith("_at") else value
        for name, value in before.items()
    }


def _of_file(file: str | None) -> dict[str, str]:
    return {"file": file} if file else {}
