"""Folders of the emergency webmail: conversations, the newest mail of each first.

A conversation stands where its newest mail stands: a mail is listed unless a newer one of the same
conversation is, so that a page costs the same however long a list is.
"""

from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache, partial
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, select, tuple_, union_all
from sqlalchemy.orm import Session, aliased

from mailstore import copies
from mailstore.copies import Shown
from mailstore.deliveries import Delivery, State
from mailstore.envelopes import MailClass
from mailstore.heldlist import Head
from mailstore.marks import Mark
from mailstore.messages import Message, last_day
from mailstore.pages import Page, cut, cut_apart
from mailstore.scope import QUERIES, Scope, one_of

# Nobody needs to know how many more are unread.
MOST_UNREAD, LOOKED_AT = 100, 300
# More marks than that are not looked up one by one.
FEW = 500
_FIRST = Page(size=0)


class Folder(StrEnum):
    """Where mail lies: what is pinned lies in the inbox, too."""

    INBOX = "inbox"
    PINNED = "pinned"
    SENT = "sent"
    HIDDEN = "hidden"


class Line(NamedTuple):
    """What lists show of a mail."""

    id: int
    mailbox_id: int | None
    thread: int
    recipient: str
    state: State
    mail_class: MailClass
    accepted_at: datetime
    read_at: datetime | None
    pinned_at: datetime | None
    hidden_at: datetime | None
    day: date
    snippet: str
    attachments: int
    message: Head


class Conversation(NamedTuple):
    """How many mails of a conversation lie in a folder, and how many of them are unread."""

    mails: int
    unread: int


def listed(db: Session, scope: Scope, folder: Folder, page: Page) -> list[Line]:
    """Return a page of a folder, and one line more where more follow."""
    whose, its = scope.prepared()
    place, there = page.prepared()
    seen, few = copies.states_shown(db, scope), _few(db, folder, scope)
    if few is None:
        return _lines(db, _listed(folder, whose, seen, place), its | there)
    # Looking through a mailbox for a handful of mails takes as long as listing all of it.
    return _lines(db, _listed(folder, whose, seen, place, few=True), its | there | {"few": few})


def conversations(
    db: Session, scope: Scope, folder: Folder, found: Sequence[Line]
) -> dict[tuple[int | None, int], Conversation]:
    """Return the conversations that these lines stand for, by mailbox and thread."""
    if folder not in (Folder.INBOX, Folder.HIDDEN) or not found:
        return {}
    whose, its = scope.prepared()
    counted = _counted(folder, whose, copies.states_shown(db, scope))
    rows = db.execute(counted, {**its, "threads": [each.thread for each in found]})
    return {(box, thread): Conversation(mails, mails - read) for box, thread, mails, read in rows}


def conversation(db: Session, scope: Scope, delivery: Delivery, most: int) -> list[Line]:
    """Return the mails of the conversation of one, the newest first; what is hidden, only if it is.

    What people of the mailbox wrote themselves stands among them.
    """
    same = Delivery.thread == delivery.thread
    theirs = _LINES.where(same, *copies.received(scope, copies.states_shown(db, scope)))
    came = copies.is_received(scope, delivery)
    box = delivery.mailbox_id if came else delivery.message.writer_id
    theirs = theirs.where(Delivery.mailbox_id == box)
    own = _LINES.where(same, copies.sent(scope))
    newest = Delivery.accepted_at.desc(), Delivery.id.desc()
    found = [*_lines(db, theirs.order_by(*newest).limit(most)),
             *_lines(db, own.order_by(*newest).limit(most))]  # fmt: skip
    shown = {each.id: each for each in found if each.id == delivery.id or not each.hidden_at}
    return sorted(shown.values(), key=lambda each: (each.accepted_at, each.id), reverse=True)[:most]


def unread(db: Session, scope: Scope) -> int:
    """Return how many of the newest mails of each inbox are unread, a hundred at most."""
    whose, its = scope.prepared()
    return db.scalar(_unread(whose, copies.states_shown(db, scope), MOST_UNREAD), its) or 0


def state_of(db: Session, scope: Scope) -> str:
    """Return a text that changes with each mail that comes to a scope, or leaves us."""
    whose, its = scope.prepared()
    return "-".join(str(each or 0) for each in db.execute(_state(whose), its).one())


def _lines(db: Session, query: Select[Any], asked: dict[str, Any] | None = None) -> list[Line]:
    """Return what a query made of `_LINES` finds."""
    rows = db.execute(query, asked)
    return [Line._make((*row[:_OF_LINE], Head._make(row[_OF_LINE:]))) for row in rows]


# Queries are kept: making one takes longer than asking it.
@lru_cache(QUERIES)
def _listed(
    folder: Folder, scope: Scope, shown: Shown, page: Page, *, few: bool = False
) -> Select[Any]:
    there = _LINES.where(Delivery.id.in_(bindparam("few", expanding=True))) if few else _LINES
    return cut_apart(there, partial(_lying, folder, shown), scope, page)


def _few(db: Session, folder: Folder, scope: Scope) -> Sequence[int] | None:
    """Return the mails whose marks let them lie in a folder, if only few have them."""
    when = {Folder.PINNED: Mark.pinned_at, Folder.HIDDEN: Mark.hidden_at}.get(folder)
    if when is None or not scope.mailbox_ids:
        return None
    marked = select(Mark.delivery_id).where(when.is_not(None))
    marked = marked.where(one_of(Mark.mailbox_id, scope.mailbox_ids))
    found = db.scalars(marked.limit(FEW + 1)).all()
    return found if len(found) <= FEW else None


@lru_cache(QUERIES)
def _counted(folder: Folder, scope: Scope, shown: Shown) -> Select[Any]:
    return (
        select(*_COUNTED)
        .outerjoin(Mark, Mark.delivery_id == Delivery.id)
        .where(*_received(folder, shown, scope))
        .where(Delivery.thread.in_(bindparam("threads", expanding=True)))
        .group_by(Delivery.mailbox_id, Delivery.thread)
    )


@lru_cache(QUERIES)
def _unread(scope: Scope, shown: Shown, most: int) -> Select[Any]:
    inboxes = (_MARKED.where(*_received(Folder.INBOX, shown, each)) for each in scope.apart())
    newest = [cut(each, Page(size=LOOKED_AT)).subquery() for each in inboxes]
    unread_ones = union_all(*(select(each.c.id).where(each.c.read_at.is_(None)) for each in newest))
    return select(func.count()).select_from(unread_ones.limit(most).subquery())


@lru_cache(QUERIES)
def _state(scope: Scope) -> Select[Any]:
    newest = cut_apart(select(Delivery.id), lambda part: [part.covers(Delivery)], scope, _FIRST)
    waiting = select(func.count()).where(scope.covers(Delivery), Delivery.state == State.QUEUED)
    return select(newest.scalar_subquery(), waiting.scalar_subquery())


def _lying(folder: Folder, shown: Shown, scope: Scope) -> list[ColumnElement[bool]]:
    """Return the conditions that a mail is listed in a folder of a scope."""
    there: list[ColumnElement[bool]] = [Message.pack.is_not(None)]
    if folder is Folder.SENT:
        return [*there, copies.sent(scope)]
    there += _received(folder, shown, scope)
    if folder in (Folder.INBOX, Folder.HIDDEN):
        there.append(~_newer(folder, shown, scope).exists())
    return there


def _received(folder: Folder, shown: Shown, scope: Scope) -> list[ColumnElement[bool]]:
    return [*copies.received(scope, shown), _lies_in(folder, Mark)]


def _lies_in(folder: Folder, mark: Any) -> ColumnElement[bool]:
    lies: dict[Folder, ColumnElement[bool]] = {
        Folder.INBOX: mark.hidden_at.is_(None),
        Folder.PINNED: and_(mark.pinned_at.is_not(None), mark.hidden_at.is_(None)),
        Folder.HIDDEN: mark.hidden_at.is_not(None),
    }
    return lies[folder]


def _newer(folder: Folder, shown: Shown, scope: Scope) -> Select[Any]:
    """Return a query for newer mail of the same conversation in the same folder."""
    newer, mark, message = aliased(Delivery), aliased(Mark), aliased(Message)
    return (
        select(newer.id)
        .join(message, message.id == newer.message_id)
        .outerjoin(mark, mark.delivery_id == newer.id)
        .where(newer.mailbox_id == Delivery.mailbox_id, newer.thread == Delivery.thread)
        .where(tuple_(newer.accepted_at, newer.id) > tuple_(Delivery.accepted_at, Delivery.id))
        .where(*copies.received(scope, shown, newer), _lies_in(folder, mark))
        .where(message.pack.is_not(None))
        # Nobody asks it of mail that lies elsewhere: SQLite would, of each mail there is.
        .where(_lies_in(folder, Mark))
        .correlate(Delivery, Mark)
    )


_COUNTED: Sequence[Any] = (
    Delivery.mailbox_id, Delivery.thread, func.count(), func.count(Mark.read_at)
)  # fmt: skip
_MARKED = (
    select(Delivery.__table__.c.id, Mark.__table__.c.read_at)
    .select_from(Delivery)
    .outerjoin(Mark, Mark.delivery_id == Delivery.id)
)
_OF_DELIVERY = Line._fields[: Line._fields.index("read_at")]
_OF_LINE = len(Line._fields) - 1
_LINES = (
    select(
        *(getattr(Delivery, name) for name in _OF_DELIVERY),
        Mark.read_at, Mark.pinned_at, Mark.hidden_at,
        last_day(), Message.snippet, Message.attachments,
        *(getattr(Message, name) for name in Head._fields),
    )
    .join(Message, Message.id == Delivery.message_id)
    .outerjoin(Mark, Mark.delivery_id == Delivery.id)
)  # fmt: skip
