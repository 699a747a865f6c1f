"""What an administrator did to lists of a realm lately, and taking it back."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, insert, or_, select
from sqlalchemy.orm import Session

from mailstore import clock, events, listundo, senders
from mailstore.curation.tidying import REMOVED_MANY
from mailstore.events import Event
from mailstore.listundo import FILE_TAKES, IMPORT_TAKEN_BACK, IMPORTED, LISTED, RESTORED
from mailstore.mailboxes import Mailbox
from mailstore.realms import Realm
from mailstore.senders import REMOVED, Owner, SenderEntry

FOR = timedelta(minutes=15)
# A file that proves careless is taken back as a whole later, too.
FILES_FOR = timedelta(days=30)
MOST = 5
REMOVAL_TAKEN_BACK = "senders_removal_taken_back"
ALONE = (*LISTED, REMOVED)
MANY = (IMPORTED, REMOVED_MANY)
# A line about somebody who was erased says nothing any more.
_SAYS_WHAT = or_(
    Event.detail["pattern"].as_string().is_not(None), Event.detail["file"].as_string().is_not(None)
)
_TAKEN_BACK = (IMPORT_TAKEN_BACK, REMOVAL_TAKEN_BACK)


def recent(db: Session, realm: Realm, by: str) -> Sequence[Event]:
    """Return what somebody did to lists of a realm just now that can be taken back."""
    alone = Event.kind.in_(ALONE) & Event.detail["file"].as_string().is_(None)
    lately = _lines(realm, FOR, by).where(Event.by == by, or_(Event.kind.in_(MANY), alone))
    return _standing(db, realm, db.scalars(lately.limit(MOST)).all())


def files(db: Session, realm: Realm) -> Sequence[Event]:
    """Return which files were entered into lists of a realm within thirty days."""
    brought = _lines(realm, FILES_FOR).where(Event.kind == IMPORTED)
    return _standing(db, realm, db.scalars(brought.limit(MOST * 4)).all())


def take_back(db: Session, realm: Realm, line_id: int, *, by: str) -> int | None:
    """Take back what a line of the log tells; return how many entries it was.

    None if there is no such line, or it is not this administrator's to take back.
    """
    line = db.scalar(_lines(realm, FILES_FOR, by).where(Event.id == line_id))
    if line is None:
        return None
    if line.kind == IMPORTED:
        return listundo.take_back_file(db, line, by=by)
    if line.by != by or line.at <= clock.now() - FOR:
        return None
    if line.kind == REMOVED_MANY:
        return _put_back(db, realm, line, by=by)
    undo = listundo.take_back if line.kind in LISTED else listundo.put_back
    return undo(db, line, by=by)


def _standing(db: Session, realm: Realm, lines: Sequence[Event]) -> Sequence[Event]:
    """Return the deeds that were not taken back yet."""
    over = set(
        db.scalars(
            select(Event.detail["file"].as_string())
            .where(Event.tenant_id == realm.tenant_id, Event.kind.in_(_TAKEN_BACK))
            .where(Event.at > clock.now() - FILES_FOR)
        )
    )
    return [each for each in lines if each.detail.get("file") not in over]


def _put_back(db: Session, realm: Realm, line: Event, *, by: str) -> int:
    """Put entries on their lists again that were removed at once; what changed since stays so."""
    senders.alone(db, realm.tenant_id)
    words = (*LISTED, REMOVED, RESTORED)
    since = select(Event).where(
        Event.tenant_id == realm.tenant_id, Event.kind.in_(words), Event.at >= line.at - FILE_TAKES
    )
    said = db.scalars(since.where(_within(realm), _SAYS_WHAT)).all()
    gone = [each for each in said if each.detail.get("file") == line.detail["file"]]
    later = {_about(each) for each in said if each.id > line.id}
    back = [each for each in gone if _about(each) not in later]
    if back:
        db.execute(insert(SenderEntry), [listundo.row_of(each) for each in back])
    lines = [
        {"kind": RESTORED, "tenant_id": each.tenant_id, "mailbox_id": each.mailbox_id}
        | {"delivery_id": None, "detail": _what(each)}
        for each in back
    ]
    events.record_all(db, lines, by=by)
    detail = {"file": line.detail["file"]}
    senders.record(db, REMOVAL_TAKEN_BACK, Owner(realm.tenant_id), detail, by=by)
    return len(back)


def _about(line: Event) -> tuple[object, ...]:
    """Return which entry a line is about."""
    listed = LISTED.get(line.kind) or line.detail["listed"]
    return line.mailbox_id, line.detail.get("domain_id"), listed, line.detail["pattern"]


def _what(line: Event) -> dict[str, Any]:
    return {name: line.detail[name] for name in _KEPT if name in line.detail}


_KEPT = ("pattern", "listed", "domain_id", "file")


def _lines(realm: Realm, since: timedelta, by: str | None = None) -> Select[Event]:
    """Return a query for what was done to lists of a realm, and for somebody's own tidying."""
    seen = _within(realm)
    if by is not None:
        seen = or_(seen, (Event.kind == REMOVED_MANY) & (Event.by == by))
    return (
        select(Event)
        .where(Event.tenant_id == realm.tenant_id, Event.at > clock.now() - since)
        .where(Event.kind.in_((*ALONE, *MANY)), seen, _SAYS_WHAT)
        .order_by(Event.id.desc())
    )


def _within(realm: Realm) -> ColumnElement[bool]:
    """Return the condition that a line is about a list of this realm."""
    if realm.whole:
        return Event.tenant_id == realm.tenant_id
    theirs = select(Mailbox.id).where(Mailbox.tenant_id == realm.tenant_id)
    people = Event.mailbox_id.in_(theirs.where(realm.has(Mailbox.domain_id)))
    return or_(people, realm.has(Event.detail["domain_id"].as_integer()))
