"""Where is my mail? One search over everything that came for somebody, whatever became of it.

Delivered, waiting, held, deleted and failed mail is deliveries; what was turned away at the door
is refusals, whose rows are all that is known of them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import NamedTuple

from sqlalchemy import ColumnElement, or_, select, tuple_
from sqlalchemy.orm import Session

from mailstore import copies
from mailstore.deliveries import Delivery, Direction
from mailstore.heldlist import Head
from mailstore.pages import SIZE, Page
from mailstore.refusals import Refusal
from mailstore.scope import Scope
from mailstore.search import asking, entries, finding
from mailstore.search.grammar import Query

LARGEST_ID = 2**63 - 1
# So many of the newest refusals are looked at; nobody is refused more in the days they are kept.
MOST_REFUSALS = 5000


class After(NamedTuple):
    """Where a page begins: behind a moment, and behind a row of one of the two tables."""

    at: datetime
    refused: bool
    id: int


@dataclass(frozen=True, slots=True)
class Found:
    """A delivery or a refusal."""

    at: datetime
    delivery: Delivery | None = None
    refusal: Refusal | None = None

    @property
    def place(self) -> After:
        """Where it stands in the list: deliveries before refusals of the same moment."""
        row = self.refusal or self.delivery
        return After(self.at, self.refusal is not None, row.id if row else 0)


def everywhere(
    db: Session, scope: Scope, query: Query, *, may: ColumnElement[bool], after: After | None
) -> list[Found]:
    """Return a page of what a query finds, the newest first, and one more where more follow.

    `may` is the condition that held mail may be seen.
    """
    came = select(Delivery).where(Delivery.direction == Direction.IN, Delivery.resend_of == 0)
    seen = came.where(or_(Delivery.state.in_(copies.SHOWN), may))
    behind = (after.at, 0 if after.refused else after.id) if after else None
    mails = {each.id: each for each in finding.found(db, seen, scope, query, Page(behind))}
    # The index forgets words with the content; the rows stay for longer.
    if query.terms and len(mails) <= SIZE:
        gone = finding.gone(db, seen, scope, query, Page(behind))
        mails |= {each.id: each for each in gone}
    away = _refused(db, scope, query, after)
    both = [*(Found(each.accepted_at, delivery=each) for each in mails.values()),
            *(Found(each.at, refusal=each) for each in away)]  # fmt: skip
    both.sort(key=_newest_first)
    return both[: SIZE + 1]


def _newest_first(found: Found) -> tuple[float, bool, int]:
    place = found.place
    return -place.at.timestamp(), place.refused, -place.id


def _refused(db: Session, scope: Scope, query: Query, after: After | None) -> Sequence[Refusal]:
    return list(islice(_fitting(db, scope, query, after), SIZE + 1))


def _fitting(db: Session, scope: Scope, query: Query, after: After | None) -> Iterator[Refusal]:
    # Nothing is known of its size, its parts, or whether somebody would have read it.
    if any(each is not None for each in (query.larger, query.smaller, query.attachment,
                                         query.unread, query.pinned)):  # fmt: skip
        return
    asked = select(Refusal).where(scope.covers(Refusal))
    if query.after is not None:
        asked = asked.where(Refusal.at >= query.after)
    if query.before is not None:
        asked = asked.where(Refusal.at < query.before)
    if after is not None:
        behind = after.at, after.id if after.refused else LARGEST_ID
        asked = asked.where(tuple_(Refusal.at, Refusal.id) < tuple_(*behind))
    newest = asked.order_by(Refusal.at.desc(), Refusal.id.desc()).limit(MOST_REFUSALS)
    for each in db.scalars(newest):
        if asking.fits(query, _tokens(each)):
            yield each


def _tokens(refusal: Refusal) -> set[str]:
    head = Head(refusal.author, "", refusal.sender, refusal.subject)
    return entries.of_row(head)
