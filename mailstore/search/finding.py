"""Finding mail: words from the index, conditions from the rows, newest first, page by page."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Select,
    bindparam,
    cast,
    false,
    func,
    or_,
    select,
    true,
)
from sqlalchemy.orm import Session, aliased

from mailstore import clock, lifetimes
from mailstore.db import dialect_of
from mailstore.deliveries import Delivery
from mailstore.marks import Mark
from mailstore.messages import NOT_INDEXED, Message
from mailstore.pages import Page, cut, page_of, page_of_each
from mailstore.scope import Scope, Whose
from mailstore.search import asking, entries, index
from mailstore.search.grammar import Query
from mailstore.tenants import KEEP_DAYS

# So many mails are fetched and sorted; where more have a word, a mailbox is gone through instead,
# and its first page is soon full.
FEW = 500
NEWEST_UNREAD = 200
MOST_GONE = 1000


# SQLite does not know how few mails are asked for, and would go through all of their mailbox:
# it looks nothing up by what is computed.
_COMPUTED = Whose(Delivery.tenant_id, Delivery.mailbox_id + 0)


def found(
    db: Session, base: Select[Delivery], scope: Scope, query: Query, page: Page
) -> Sequence[Delivery]:
    """Return a page of what a query finds among deliveries of a scope, their messages loaded.

    `base` says which of them are shown, such as `copies.shown`. The newest come first, and one
    more than the page's size where more follow. Only mail of mailboxes that the scope names is
    found, and none by words once it is erased.
    """
    shown = base.where(*_conditions(query))
    if not scope.mailbox_ids:
        return []
    if not query.terms:
        return page_of_each(db, shown, lambda part: [part.covers(Delivery)], scope, page)
    fresh = _not_indexed(db, scope, query)
    asked = {"asked": asking.RENDERED[dialect_of(db)](query, scope)}
    known = index.found_in(db, clock.today())
    few = db.scalars(known.limit(FEW + 1), asked).all() if known is not None else ()
    if known is None or len(few) <= FEW:
        its = _of_messages(_listed(db, [*few, *fresh])), scope.covers(_COMPUTED)
        return page_of(db, shown.where(*its), page)
    # The sum keeps SQLite, and "IS true" PostgreSQL, from joining with all there are: a mailbox is
    # gone through by age, and its mails are looked for in a table of what is found.
    it = (Delivery.message_id + 0).in_(known.union_all(_listed(db, fresh))).is_(true())
    return page_of_each(db, shown, lambda part: [part.covers(Delivery), it], scope, page, asked)


def gone(
    db: Session, base: Select[Delivery], scope: Scope, query: Query, page: Page
) -> list[Delivery]:
    """Return what a query finds among mail whose content is erased, by what its rows still say.

    Only the newest thousand mails that are old enough are looked at.
    """
    # What was erased before mail was kept for longer is younger than that.
    ages = {KEEP_DAYS, *lifetimes.days_of(db, scope)}
    looked_at = replace(page, size=MOST_GONE)
    mine = base.with_only_columns(Delivery.id).where(scope.covers(Delivery))
    old = (mine.where(Delivery.accepted_at < clock.now() - timedelta(days=age)) for age in ages)
    ids = (Delivery.id.in_(cut(each, looked_at)) for each in old)
    erased = base.where(or_(*ids), Message.pack.is_(None), *_conditions(query))
    rows = page_of(db, erased, looked_at)
    return [each for each in rows if asking.fits(query, entries.of_row(each.message))]


def _conditions(query: Query) -> list[ColumnElement[bool]]:
    """Return the conditions that need no words; deliveries are joined with their messages."""
    asked = ((getattr(query, name), condition) for name, condition in _CONDITIONS.items())
    return [condition(value) for value, condition in asked if value is not None]


def _marked(when: Any, *, wanted: bool = True) -> ColumnElement[bool]:
    marked = select(Mark.delivery_id).where(Mark.delivery_id == Delivery.id, when.is_not(None))
    # So PostgreSQL asks it of one mail after another, instead of joining with all marks there are.
    return marked.exists().is_(true() if wanted else false())


_CONDITIONS: dict[str, Callable[[Any], ColumnElement[bool]]] = {
    "after": lambda moment: Delivery.accepted_at >= moment,
    "before": lambda moment: Delivery.accepted_at < moment,
    "larger": lambda size: Message.size > size,
    "smaller": lambda size: Message.size < size,
    "attachment": lambda some: (Message.attachments > 0) if some else (Message.attachments == 0),
    "unread": lambda unread: _marked(Mark.read_at, wanted=not unread),
    "pinned": lambda pinned: _marked(Mark.pinned_at, wanted=pinned),
}


def _of_messages(message_ids: Any) -> ColumnElement[bool]:
    """Return the condition that a delivery is of messages, which are fetched one by one."""
    its = aliased(Delivery)
    return Delivery.id.in_(select(its.id).where(its.message_id.in_(message_ids)))


def _listed(db: Session, ids: Sequence[int]) -> Select[int]:
    """Return a query for ids that are at hand: one parameter, however many they are."""
    if dialect_of(db) == "postgresql":
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
        .join(Delivery, Delivery.message_id == Message.id)
        .where(Message.id.in_(_listed(db, ids)), scope.covers(_COMPUTED))
    )
    return [head.id for head in db.execute(heads) if asking.fits(query, entries.of_row(head))]
