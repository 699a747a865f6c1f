"""Finding mail: words from the index, conditions from the rows, newest first, page by page."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Select,
    bindparam,
    cast,
    func,
    select,
)
from sqlalchemy.orm import Session, aliased

from mailstore import clock
from mailstore.db import dialect_of
from mailstore.deliveries import Delivery
from mailstore.marks import Mark
from mailstore.messages import NOT_INDEXED, Message
from mailstore.pages import Page, page_of
from mailstore.scope import Scope
from mailstore.search import asking, entries, index
from mailstore.search.grammar import Query

# So many mails are fetched and sorted; where more have a word, a mailbox is gone through instead,
# and its first page is soon full.
FEW = 2000
NEWEST_UNREAD = 200
MOST_GONE = 1000
MOST_LISTS = 8


def found(
    db: Session, base: Select[Delivery], scope: Scope, query: Query, page: Page
) -> Sequence[Delivery]:
    """Return a page of what a query finds among deliveries of a scope, their messages loaded.

    `base` says which of them are shown, such as `copies.shown`. The newest come first, and one
    more than the page's size where more follow. Words of mail that is erased find nothing.
    """
    narrowed = base.where(scope.covers(Delivery), *_conditions(query))
    if not query.terms:
        return page_of(db, narrowed, page)
    pages = (page_of(db, each, page) for each in _with_words(db, narrowed, scope, query))
    lines = sorted(chain.from_iterable(pages), key=_age)
    return lines[: page.size + 1]


def _age(delivery: Delivery) -> tuple[float, int]:
    return -delivery.accepted_at.timestamp(), -delivery.id


def gone(
    db: Session, base: Select[Delivery], scope: Scope, query: Query, page: Page
) -> list[Delivery]:
    """Return what a query finds among mail whose content is erased, by what its rows still say.

    Only the newest thousand such mails are looked at.
    """
    erased = base.where(scope.covers(Delivery), Message.pack.is_(None), *_conditions(query))
    rows = page_of(db, erased, replace(page, size=MOST_GONE))
    return [
        each
        for each in rows
        if asking.fits(query, scope, entries.of_row(each.message, each.recipient))
    ]


def _conditions(query: Query) -> list[ColumnElement[bool]]:
    """Return the conditions that need no words; deliveries are joined with their messages."""
    asked = ((getattr(query, name), condition) for name, condition in _CONDITIONS.items())
    return [condition(value) for value, condition in asked if value is not None]


def _marked(when: Any) -> ColumnElement[bool]:
    marked = select(Mark.delivery_id).where(Mark.delivery_id == Delivery.id, when.is_not(None))
    return marked.exists()


_CONDITIONS: dict[str, Callable[[Any], ColumnElement[bool]]] = {
    "after": lambda moment: Delivery.accepted_at >= moment,
    "before": lambda moment: Delivery.accepted_at < moment,
    "larger": lambda size: Message.size > size,
    "smaller": lambda size: Message.size < size,
    "attachment": lambda some: (Message.attachments > 0) if some else (Message.attachments == 0),
    "unread": lambda unread: ~_marked(Mark.read_at) if unread else _marked(Mark.read_at),
    "pinned": lambda pinned: _marked(Mark.pinned_at) if pinned else ~_marked(Mark.pinned_at),
}


def _with_words(
    db: Session, narrowed: Select[Delivery], scope: Scope, query: Query
) -> list[Select[Delivery]]:
    """Return what finds the deliveries that have the words of a query, in one or more parts."""
    if scope.mailbox_ids is not None and not scope.mailbox_ids:
        return []
    dialect = dialect_of(db)
    asked = asking.RENDERED[dialect](query, scope)
    known, fresh = index.found_in(db, asked, clock.today()), _not_indexed(db, scope, query)
    if known is None:
        return [_among(narrowed, _listed(dialect, fresh))]
    its_id = known.subquery().c.message_id
    few = db.scalars(select(its_id).limit(FEW + 1)).all()
    if len(few) <= FEW:
        return [_among(narrowed, _listed(dialect, [*few, *fresh]))]
    every = select(its_id).union_all(_listed(dialect, fresh))
    if scope.mailbox_ids is None or len(scope.mailbox_ids) > MOST_LISTS:
        return [_among(narrowed, every)]
    return [_by_age(narrowed, each, every) for each in sorted(scope.mailbox_ids)]


def _by_age(narrowed: Select[Delivery], mailbox_id: int, message_ids: Any) -> Select[Delivery]:
    """Narrow a query to a mailbox, which is gone through by age, and to messages."""
    # The sum keeps SQLite from fetching all there are, and the hint lets it go by age.
    listed = narrowed.with_hint(Delivery, "INDEXED BY ix_deliveries_list", "sqlite")
    among = (Delivery.message_id + 0).in_(message_ids)
    return listed.where(Delivery.mailbox_id == mailbox_id, among)


def _among(narrowed: Select[Any], message_ids: Any) -> Select[Any]:
    """Narrow a query to deliveries of messages, which are fetched one by one."""
    its = aliased(Delivery)
    ids = select(its.id).where(its.message_id.in_(message_ids))
    # SQLite does not know how many they are, and would rather go through the mailbox.
    return narrowed.with_hint(Delivery, "NOT INDEXED", "sqlite").where(Delivery.id.in_(ids))


def _listed(dialect: str, ids: Sequence[int]) -> Select[int]:
    """Return a query for ids that are at hand: one parameter, however many they are."""
    if dialect == "postgresql":
        values = cast(bindparam(None, list(ids), unique=True), ARRAY(BigInteger))
        return select(func.unnest(values))
    each = func.json_each(json.dumps(list(ids))).table_valued("value")
    return select(each.c.value)


def _not_indexed(db: Session, scope: Scope, query: Query) -> list[int]:
    """Return newest messages that search does not know yet and whose rows say what is asked."""
    waiting = select(Message.id).where(NOT_INDEXED).order_by(Message.id.desc())
    ids = db.scalars(waiting.limit(NEWEST_UNREAD)).all()
    if not ids:
        return []
    heads = (
        select(Message.id, Message.author_name, Message.author, Message.sender, Message.subject)
        .add_columns(Delivery.recipient)
        .join_from(Delivery, Message, Message.id == Delivery.message_id)
        .where(scope.covers(Delivery))
    )
    return [
        head.id
        for head in db.execute(_among(heads, _listed(dialect_of(db), ids)))
        if asking.fits(query, scope, entries.of_row(head, head.recipient))
    ]
