"""Pages of a list: by key and not by offset, so that every page costs the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, tuple_
from sqlalchemy.orm import Session, contains_eager

from mailstore.deliveries import Delivery

SIZE = 50


@dataclass(frozen=True, slots=True)
class Page:
    """Where a page begins: after this moment and id, or at the newest."""

    after: tuple[datetime, int] | None = None
    size: int = SIZE


def page_of(db: Session, query: Select[Delivery], page: Page) -> Sequence[Delivery]:
    """Return a page of deliveries, newest first, their messages loaded.

    One more than the page's size is returned where more follow.
    """
    if page.after:
        at, last_id = page.after
        query = query.where(tuple_(Delivery.accepted_at, Delivery.id) < tuple_(at, last_id))
    return db.scalars(
        query.join(Delivery.message)
        .options(contains_eager(Delivery.message))
        .order_by(Delivery.accepted_at.desc(), Delivery.id.desc())
        .limit(page.size + 1)
    ).all()
