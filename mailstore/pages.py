"""Pages of a list: by key and not by offset, so that every page costs the same."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, select, tuple_, union_all
from sqlalchemy.orm import Session, contains_eager, defer

from mailstore.db import Utc
from mailstore.deliveries import Delivery
from mailstore.messages import Message
from mailstore.scope import Scope

Conditions = Iterable[ColumnElement[bool]]

SIZE = 50
# What no list shows: reading it takes half of the time that a page of rows takes.
_UNSHOWN = (
    Delivery.trail, Delivery.queued_at, Delivery.next_attempt_at, Delivery.lease_until,
    Delivery.dsn_at, Delivery.delay_told, Delivery.fence, Delivery.attempts, Delivery.tag,
)  # fmt: skip
_UNSHOWN_OF_MESSAGE = (
    Message.headers, Message.cuts, Message.sha256, Message.client_ip, Message.helo,
    Message.message_id, Message.received_at, Message.offset, Message.length,
)  # fmt: skip
_SHOWN = (
    *(defer(each, raiseload=True) for each in _UNSHOWN),
    contains_eager(Delivery.message).options(
        *(defer(each, raiseload=True) for each in _UNSHOWN_OF_MESSAGE)
    ),
)


@dataclass(frozen=True, slots=True)
class Order:
    """What a list is sorted by; what is equal goes by its id."""

    by: Any
    descending: bool = True


NEWEST = Order(Delivery.accepted_at)


@dataclass(frozen=True, slots=True)
class Page:
    """Where a page begins: after this value of its order and this id, or at the beginning."""

    after: tuple[Any, int] | None = None
    size: int = SIZE

    def prepared(self) -> "tuple[Page, dict[str, Any]]":
        """Return a page of the newest to make a query with, and the values to ask it with."""
        if self.after is None:
            return self, {}
        at, row_id = self.after
        return Page(_AFTER, self.size), {"after_at": at, "after_id": row_id}


_AFTER: Any = (bindparam("after_at", type_=Utc()), bindparam("after_id"))


def page_of(
    db: Session, query: Select[Delivery], page: Page, order: Order = NEWEST
) -> Sequence[Delivery]:
    """Return a page of deliveries in an order, their messages loaded as far as lists show them.

    One more than the page's size is returned where more follow.
    """
    shown = query.join(Delivery.message).options(*_SHOWN)
    return db.scalars(cut(shown, page, order)).all()


def page_of_each(
    db: Session,
    query: Select[Delivery],
    conditions: Callable[[Scope], Conditions],
    scope: Scope,
    page: Page,
    values: Mapping[str, Any] | None = None,
) -> Sequence[Delivery]:
    """Return a page of the newest deliveries of a scope, as `page_of` does (see `cut_apart`)."""
    found = cut_apart(query.join(Delivery.message), conditions, scope, page)
    return db.scalars(found.options(*_SHOWN), values).all()


def cut(query: Select[Any], page: Page, order: Order = NEWEST) -> Select[Any]:
    """Return a query for one page of deliveries in an order, and for one more if more follow."""
    if page.after:
        key, last = tuple_(order.by, Delivery.id), tuple_(*page.after)
        query = query.where(key < last if order.descending else key > last)
    sorts = (each.desc() if order.descending else each.asc() for each in (order.by, Delivery.id))
    return query.order_by(*sorts).limit(page.size + 1)


def cut_apart(
    query: Select[Any], conditions: Callable[[Scope], Conditions], scope: Scope, page: Page
) -> Select[Any]:
    """Return a query for one page of a scope's newest deliveries, and for one more if more follow.

    Each mailbox is looked through by its own order, and only what may stand on the page is sorted.
    """
    parts = scope.apart()
    if len(parts) == 1:
        return cut(query.where(*conditions(scope)), page)
    ids = query.with_only_columns(Delivery.id)
    found = [cut(ids.where(*conditions(part)), page).subquery() for part in parts]
    among = union_all(*(select(each.c.id) for each in found))
    return cut(query.where(Delivery.id.in_(among)), page)
