"""Folders of the emergency webmail: conversations, the newest mail of each first.

A conversation stands where its newest mail stands: a mail is listed unless a newer one of the same
conversation is, so that a page costs the same however long a list is.
"""

from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, func, select, tuple_, union_all
from sqlalchemy.orm import Session, aliased

from mailstore import copies
from mailstore.deliveries import Delivery, State
from mailstore.envelopes import MailClass
from mailstore.heldlist import Head
from mailstore.marks import Mark
from mailstore.messages import Message
from mailstore.pages import Page, cut, cut_apart
from mailstore.scope import Scope

# Nobody needs to know how many more are unread.
MOST_UNREAD, LOOKED_AT = 100, 500
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
    return lines(db, cut_apart(_LINES, partial(_lying, db, folder), scope, page))


def lines(db: Session, query: Select[Any]) -> list[Line]:
    """Return what a query made of `_LINES` finds, as lines."""
    return [Line._make((*row[:_OF_LINE], Head._make(row[_OF_LINE:]))) for row in db.execute(query)]


def conversations(
    db: Session, scope: Scope, folder: Folder, found: Sequence[Line]
) -> dict[tuple[int | None, int], Conversation]:
    """Return the conversations that these lines stand for, by mailbox and thread."""
    if folder not in (Folder.INBOX, Folder.HIDDEN):
        return {}
    counted = (
        select(Delivery.mailbox_id, Delivery.thread, func.count(), func.count(Mark.read_at))
        .outerjoin(Mark, Mark.delivery_id == Delivery.id)
        .where(*copies.received(db, scope), _lies_in(folder, Mark))
        .where(Delivery.thread.in_({each.thread for each in found}))
        .group_by(Delivery.mailbox_id, Delivery.thread)
    )
    return {(box, thread): Conversation(mails, mails - read)
            for box, thread, mails, read in db.execute(counted)}  # fmt: skip


def conversation(db: Session, scope: Scope, delivery: Delivery, most: int) -> list[Line]:
    """Return the mails of the conversation of one, the newest first; what is hidden, only if it is.

    What people of the mailbox wrote themselves stands among them.
    """
    same = Delivery.thread == delivery.thread
    theirs = _LINES.where(same, *copies.received(db, scope))
    theirs = theirs.where(Delivery.mailbox_id == delivery.mailbox_id)
    own = _LINES.where(same, copies.sent(scope))
    newest = Delivery.accepted_at.desc(), Delivery.id.desc()
    found = [*lines(db, theirs.order_by(*newest).limit(most)),
             *lines(db, own.order_by(*newest).limit(most))]  # fmt: skip
    shown = {each.id: each for each in found if each.id == delivery.id or not each.hidden_at}
    return sorted(shown.values(), key=lambda each: (each.accepted_at, each.id), reverse=True)[:most]


def unread(db: Session, scope: Scope) -> int:
    """Return how many of the newest mails of each inbox are unread, a hundred at most."""
    inboxes = (_MARKED.where(*_received(db, Folder.INBOX, each)) for each in scope.apart())
    newest = [cut(each, Page(size=LOOKED_AT)).subquery() for each in inboxes]
    unread_ones = union_all(*(select(each.c.id).where(each.c.read_at.is_(None)) for each in newest))
    some = unread_ones.limit(MOST_UNREAD).subquery()
    return db.scalar(select(func.count()).select_from(some)) or 0


def state_of(db: Session, scope: Scope) -> str:
    """Return a text that changes with each mail that comes to a scope, or leaves us."""
    newest = cut_apart(select(Delivery.id), lambda part: [part.covers(Delivery)], scope, _FIRST)
    waiting = select(func.count()).where(scope.covers(Delivery), Delivery.state == State.QUEUED)
    return "-".join(str(db.scalar(each) or 0) for each in (newest, waiting))


def _lying(db: Session, folder: Folder, scope: Scope) -> list[ColumnElement[bool]]:
    """Return the conditions that a mail is listed in a folder of a scope."""
    there: list[ColumnElement[bool]] = [Message.pack.is_not(None)]
    if folder is Folder.SENT:
        return [*there, copies.sent(scope)]
    there += _received(db, folder, scope)
    if folder in (Folder.INBOX, Folder.HIDDEN):
        there.append(~_newer(db, scope, folder).exists())
    return there


def _received(db: Session, folder: Folder, scope: Scope) -> list[ColumnElement[bool]]:
    return [*copies.received(db, scope), _lies_in(folder, Mark)]


def _lies_in(folder: Folder, mark: Any) -> ColumnElement[bool]:
    lies: dict[Folder, ColumnElement[bool]] = {
        Folder.INBOX: mark.hidden_at.is_(None),
        Folder.PINNED: and_(mark.pinned_at.is_not(None), mark.hidden_at.is_(None)),
        Folder.HIDDEN: mark.hidden_at.is_not(None),
    }
    return lies[folder]


def _newer(db: Session, scope: Scope, folder: Folder) -> Select[Any]:
    """Return a query for newer mail of the same conversation in the same folder."""
    newer, mark, message = _NEWER
    return (
        select(newer.id)
        .join(message, message.id == newer.message_id)
        .outerjoin(mark, mark.delivery_id == newer.id)
        .where(newer.mailbox_id == Delivery.mailbox_id, newer.thread == Delivery.thread)
        .where(tuple_(newer.accepted_at, newer.id) > tuple_(Delivery.accepted_at, Delivery.id))
        .where(*copies.received(db, scope, newer), _lies_in(folder, mark))
        .where(message.pack.is_not(None))
        # Nobody asks it of mail that lies elsewhere: SQLite would, of each mail there is.
        .where(_lies_in(folder, Mark))
        .correlate(Delivery, Mark)
    )


# Made once: making them takes longer than asking for a page.
_NEWER = aliased(Delivery), aliased(Mark), aliased(Message)
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
        Message.day, Message.snippet, Message.attachments,
        *(getattr(Message, name) for name in Head._fields),
    )
    .join(Message, Message.id == Delivery.message_id)
    .outerjoin(Mark, Mark.delivery_id == Delivery.id)
)  # fmt: skip
