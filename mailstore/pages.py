"""Pages of a list: by key and not by offset, so that every page costs the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, tuple_
from sqlalchemy.orm import Session, contains_eager, defer

from mailstore.deliveries import Delivery
from mailstore.messages import Message

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


def page_of(
    db: Session, query: Select[Delivery], page: Page, order: Order = NEWEST
) -> Sequence[Delivery]:
    """Return a page of deliveries in an order, their messages loaded as far as lists show them.

    One more than the page's size is returned where more follow.
    """
    shown = query.join(Delivery.message).options(*_SHOWN)
    return db.scalars(cut(shown, page, order)).all()


def cut(query: Select[Any], page: Page, order: Order = NEWEST) -> Select[Any]:
    """Return a query for one page of deliveries in an order, and for one more if more follow."""
    if page.after:
        key, last = tuple_(order.by, Delivery.id), tuple_(*page.after)
        query = query.where(key < last if order.descending else key > last)
    sorts = (each.desc() if order.descending else each.asc() for each in (order.by, Delivery.id))
    return query.order_by(*sorts).limit(page.size + 1)
