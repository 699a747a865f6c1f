"""What somebody did just now, and taking it back: for a quarter of an hour.

The lines of the log are the truth: each says what was done, by whom, and what was there before.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, bindparam, or_, select
from sqlalchemy.orm import Session, contains_eager

from mailstore import clock, quarantine, senders
from mailstore.deliveries import Delivery, State
from mailstore.events import Event
from mailstore.quarantine import DELETED, is_last_word
from mailstore.scope import Scope
from mailstore.senders import EVENTS, Listed, Owner

FOR = timedelta(minutes=15)
# What one deed did follows within that time; each page of a list is one deed.
TOGETHER = timedelta(seconds=2)
MOST = 100
LISTED = {kind: listed for listed, kind in EVENTS.items()}
TAKEN_BACK = ("sender_removed", "sender_restored")
BULK = "bulk_begun"
TOLD = ("released", *DELETED, *LISTED, BULK)


@dataclass(frozen=True, slots=True)
class Deed:
    """What somebody did: lines of the log from the first to the last, and the mail of the last."""

    kind: str
    lines: Sequence[Event]
    delivery: Delivery | None

    @property
    def bulk_id(self) -> int | None:
        """The bulk deed that this was the beginning of."""
        return int(self.lines[0].detail["bulk"]) if self.kind == BULK else None

    @property
    def can_be_undone(self) -> bool:
        """Whether there is anything to take back."""
        if self.kind in DELETED:
            return self.delivery is not None and self.delivery.state is State.DELETED
        return self.kind in LISTED

    @property
    def is_under_way(self) -> bool:
        """Whether something is still to be heard of what was released."""
        ways = (State.RELEASING, State.QUEUED)
        return self.kind == "released" and self.delivery is not None and self.delivery.state in ways


def recent(db: Session, scope: Scope, by: str, limit: int) -> list[Deed]:
    """Return what somebody did lately in the mailboxes of a scope, the newest first.

    Of a bulk deed only its beginning is among them: its own row tells how far it is.
    """
    taken_back = set()
    groups: list[list[Event]] = []
    for line in _lines(db, scope, by):
        if line.kind in TAKEN_BACK:
            taken_back.add(_about(line))
        if line.kind not in TOLD or (line.kind in LISTED and _about(line) in taken_back):
            continue
        last = groups[-1][-1] if groups else None
        alike = last is not None and last.kind == line.kind != BULK
        if last is not None and alike and last.at - line.at <= TOGETHER:
            groups[-1].append(line)
        else:
            groups.append([line])
    return _with_mails(db, scope, groups[:limit])


def take_back(db: Session, scope: Scope, by: str, first: int, last: int) -> int:
    """Take back what somebody did, from one line of the log to another; return how much it was."""
    mine = list(_lines(db, scope, by, Event.id.between(first, last)))
    return sum(_undone(db, scope, line, by) for line in mine)


def _undone(db: Session, scope: Scope, line: Event, by: str) -> bool:
    if line.kind in DELETED and line.delivery_id is not None:
        return quarantine.undelete(db, scope, line, by=by)
    if line.kind in LISTED and line.tenant_id is not None:
        owner = Owner(line.tenant_id, mailbox_id=line.mailbox_id)
        pattern, before = line.detail["pattern"], line.detail.get("before")
        return senders.take_back(db, owner, LISTED[line.kind], pattern, before, by=by)
    return False


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
    .where(or_(Event.kind == BULK, Event.detail["bulk"].as_integer().is_(None)))
    .where(or_(Event.kind.not_in(DELETED), is_last_word(Event.delivery_id, Event.id)))
    .order_by(Event.id.desc())
    .limit(MOST)
)


def _about(line: Event) -> tuple[int | None, Listed, str]:
    listed = LISTED.get(line.kind) or Listed(line.detail["listed"])
    return line.mailbox_id, listed, line.detail["pattern"]


def _with_mails(db: Session, scope: Scope, groups: Sequence[Sequence[Event]]) -> list[Deed]:
    ids = {lines[0].delivery_id for lines in groups} - {None}
    mails: dict[int, Delivery] = {}
    if ids:
        found = db.scalars(
            select(Delivery)
            .join(Delivery.message)
            .options(contains_eager(Delivery.message))
            .where(Delivery.id.in_(ids), scope.covers(Delivery))
        )
        mails = {each.id: each for each in found}
    return [Deed(lines[0].kind, lines, mails.get(lines[0].delivery_id or 0)) for lines in groups]
