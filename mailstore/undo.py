"""What somebody did just now, and taking it back: for a quarter of an hour.

The lines of the log are the truth: each says what was done, by whom, and what was there before.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, and_, bindparam, or_, select
from sqlalchemy.orm import Session, contains_eager

from mailstore import clock, listundo, ownlists, quarantine
from mailstore.deliveries import Delivery, State
from mailstore.events import Event
from mailstore.listundo import IMPORT_TAKEN_BACK, IMPORTED, LISTED, RESTORED
from mailstore.quarantine import DELETED, is_last_word
from mailstore.scope import Scope
from mailstore.senders import REMOVED

FOR = timedelta(minutes=15)
# What is done to mail within that time is one deed; each page of a list is one.
TOGETHER = timedelta(seconds=2)
MOST = 100
BULK, RELEASED = "bulk_begun", "released"
OF_MAIL = (RELEASED, *DELETED)
OF_LISTS = (*LISTED, REMOVED, IMPORTED)
TOLD = (*OF_MAIL, *OF_LISTS, BULK)
TAKEN_BACK = (RESTORED, IMPORT_TAKEN_BACK)
# What stands for many lines, which are not told one by one.
FOR_MANY = (BULK, IMPORTED, IMPORT_TAKEN_BACK)
UNDER_WAY = (State.RELEASING, State.QUEUED)


@dataclass(frozen=True, slots=True)
class Deed:
    """What somebody did: lines of the log, the newest first, and the mail of that one.

    `fates`: how many of its mails are in which state by now.
    """

    kind: str
    lines: Sequence[Event]
    delivery: Delivery | None
    fates: Mapping[State, int]

    @property
    def bulk_id(self) -> int | None:
        """The bulk deed that this was the beginning of."""
        return int(self.lines[0].detail["bulk"]) if self.kind == BULK else None

    @property
    def can_be_undone(self) -> bool:
        """Whether there is anything to take back."""
        if self.kind in DELETED:
            return self.delivery is not None and self.delivery.state is State.DELETED
        return self.kind in OF_LISTS

    @property
    def is_under_way(self) -> bool:
        """Whether something is still to be heard of what was released."""
        return self.kind == RELEASED and any(map(self.fates.get, UNDER_WAY))


def recent(db: Session, scope: Scope, by: str, limit: int) -> list[Deed]:
    """Return what somebody did lately in the mailboxes of a scope, the newest first.

    Of a bulk deed only its beginning is among them: its own row tells how far it is. Of what was
    done to an entry of a list the last word counts.
    """
    said: set[object] = set()
    groups: list[list[Event]] = []
    for line in _lines(db, scope, by):
        about = _about(line)
        if about in said:
            continue
        if about is not None:
            said.add(about)
        if not _is_told(line):
            continue
        if groups and _are_one(groups[-1][-1], line):
            groups[-1].append(line)
        else:
            groups.append([line])
    return _with_mails(db, scope, groups[:limit])


def take_back(db: Session, scope: Scope, by: str, first: int, last: int) -> int:
    """Take back what somebody did, from one line of the log to another; return how much it was."""
    mine = list(_lines(db, scope, by, Event.id.between(first, last)))
    return sum(_undone(db, scope, line, by) for line in mine)


def _undone(db: Session, scope: Scope, line: Event, by: str) -> int:
    if line.kind in DELETED and line.delivery_id is not None:
        return quarantine.undelete(db, scope, line, by=by)
    if line.kind in LISTED:
        return listundo.take_back(db, line, by=by)
    if line.kind == REMOVED:
        # What people may enter may be less by now.
        kinds = ownlists.kinds_of(db, line.mailbox_id)
        return line.detail["listed"] in kinds and listundo.put_back(db, line, by=by)
    return listundo.take_back_file(db, line, by=by) if line.kind == IMPORTED else 0


def _is_told(line: Event) -> bool:
    """Whether a line is a deed; what only takes one back says nothing of what was there."""
    return line.kind in TOLD and (line.kind != REMOVED or "before" in line.detail)


def _are_one(newer: Event, older: Event) -> bool:
    alike = newer.kind == older.kind and newer.kind in OF_MAIL
    return alike and newer.at - older.at <= TOGETHER


def _lines(db: Session, scope: Scope, by: str, *which: ColumnElement[bool]) -> Iterator[Event]:
    """Yield what somebody did lately, the newest first, without deletions that hold no more."""
    asked = {"mailbox_ids": sorted(scope.mailbox_ids or ()), "since": clock.now() - FOR, "by": by}
    return iter(db.scalars(_LATELY.where(*which) if which else _LATELY, asked))


# Every page of the quarantine asks this, and making the query takes longer than asking it.
_LATELY = (
    select(Event)
    .where(Event.mailbox_id.in_(bindparam("mailbox_ids", expanding=True)))
    .where(Event.at >= bindparam("since"), Event.by == bindparam("by"))
    .where(Event.kind.in_((*TOLD, *TAKEN_BACK)))
    .where(
        or_(
            Event.kind.in_(FOR_MANY),
            and_(
                Event.detail["bulk"].as_integer().is_(None),
                Event.detail["file"].as_string().is_(None),
            ),
        )
    )
    .where(or_(Event.kind.not_in(DELETED), is_last_word(Event.delivery_id, Event.id)))
    .order_by(Event.id.desc())
    .limit(MOST)
)


def _about(line: Event) -> object:
    """Return what a line says something of that has a last word; None if it is about mail."""
    if line.kind in (IMPORTED, IMPORT_TAKEN_BACK):
        return line.detail["file"]
    if line.kind in (*LISTED, REMOVED, RESTORED):
        listed = LISTED.get(line.kind) or line.detail["listed"]
        return line.mailbox_id, listed, line.detail["pattern"]
    return None


def _with_mails(db: Session, scope: Scope, groups: Sequence[Sequence[Event]]) -> list[Deed]:
    mails = _mails(db, scope, {lines[0].delivery_id or 0 for lines in groups} - {0})
    several = [lines for lines in groups if lines[0].kind == RELEASED and len(lines) > 1]
    states = {each.id: each.state for each in mails.values()}
    states |= _states(db, scope, {line.delivery_id or 0 for lines in several for line in lines})
    return [
        Deed(
            lines[0].kind,
            lines,
            mails.get(lines[0].delivery_id or 0),
            Counter(states[line.delivery_id] for line in lines if line.delivery_id in states),
        )
        for lines in groups
    ]


def _mails(db: Session, scope: Scope, ids: Collection[int]) -> dict[int, Delivery]:
    if not ids:
        return {}
    found = db.scalars(
        select(Delivery)
        .join(Delivery.message)
        .options(contains_eager(Delivery.message))
        .where(Delivery.id.in_(ids), scope.covers(Delivery))
    )
    return {each.id: each for each in found}


def _states(db: Session, scope: Scope, ids: Collection[int]) -> dict[int, State]:
    if not ids:
        return {}
    mine = select(Delivery.id, Delivery.state).where(Delivery.id.in_(ids), scope.covers(Delivery))
    return {each.id: each.state for each in db.execute(mine)}
