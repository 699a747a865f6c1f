"""What is or was held: looked for, sorted, and page by page."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import Any, NamedTuple, Self

from sqlalchemy import ColumnElement, Select, func, or_, select, true
from sqlalchemy.orm import Session

from mailstore.deliveries import Delivery, State
from mailstore.envelopes import MailClass
from mailstore.messages import Message
from mailstore.pages import NEWEST, Order, Page, cut
from mailstore.requests import ReleaseRequest, RequestState
from mailstore.rights import SEEN, Rights
from mailstore.scope import QUERIES, Scope

MOST_WORDS = 8
LONGEST_TEXT = 200


class Sort(StrEnum):
    """What people sort held mail by; `likely`: what looks least like spam comes first."""

    NEWEST = "newest"
    OLDEST = "oldest"
    LIKELY = "likely"
    AUTHOR = "author"
    ENDS = "ends"


# As lists show it: the name, or else the address.
AUTHOR = func.coalesce(func.nullif(Message.author_name, ""), Message.author)
ORDERS = {
    Sort.NEWEST: NEWEST,
    Sort.OLDEST: Order(Delivery.accepted_at, descending=False),
    Sort.LIKELY: Order(Delivery.score, descending=False),
    Sort.AUTHOR: Order(AUTHOR, descending=False),
    Sort.ENDS: Order(Delivery.held_until, descending=False),
}
SEARCHED = (Message.author, Message.author_name, Message.sender, Message.subject)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody looks for among held mail, or with `over` among what is held no more."""

    text: str = ""
    mail_class: MailClass | None = None
    mailbox_id: int | None = None
    over: bool = False

    def as_row(self) -> dict[str, Any]:
        """Return this as a row keeps it."""
        return asdict(self)

    @classmethod
    def of_row(cls, row: dict[str, Any]) -> Self:
        """Return what `as_row` was made of."""
        mail_class = row["mail_class"] and MailClass(row["mail_class"])
        return cls(**row | {"mail_class": mail_class})

    def finds(self) -> list[ColumnElement[bool]]:
        """Return the conditions that a delivery, joined with its message, is looked for."""
        held = Delivery.state == State.QUARANTINED
        over = (Delivery.held_until.is_not(None), Delivery.state != State.QUARANTINED)
        found = [*over] if self.over else [held]
        if self.mail_class:
            found.append(Delivery.mail_class == self.mail_class)
        if self.mailbox_id:
            found.append(Delivery.mailbox_id == self.mailbox_id)
        words = self.text[:LONGEST_TEXT].split()[:MOST_WORDS]
        return [*found, *map(_somewhere, words)]


@dataclass(frozen=True)
class Search:
    """Where somebody looks, what they may see there, and what they look for."""

    scope: Scope
    may: ColumnElement[bool]
    wanted: Wanted = field(default_factory=Wanted)

    def of(self, what: Any) -> Select[Any]:
        """Return a query for something of all that is found."""
        query = select(what).select_from(Delivery)
        if self.wanted.text:
            query = query.join(Message, Message.id == Delivery.message_id)
        return query.where(*self.conditions)

    @cached_property
    def conditions(self) -> tuple[ColumnElement[bool], ...]:
        """The conditions that a delivery, joined with its message, is found."""
        return (self.scope.covers(Delivery), self.may, *self.wanted.finds())


class Head(NamedTuple):
    """Who wrote a mail and about what, as far as lists show it."""

    author: str
    author_name: str
    sender: str
    subject: str

    @property
    def author_shown(self) -> str:
        """The author as lists show it: the name if there is one."""
        return self.author_name or self.author or self.sender


class Line(NamedTuple):
    """What lists show of a delivery; made of columns, because whole rows take twice as long."""

    id: int
    mailbox_id: int | None
    mail_class: MailClass
    recipient: str
    state: State
    reason: str
    score: float
    symbols: list[Any]
    accepted_at: datetime
    held_until: datetime | None
    request_state: RequestState | None
    message: Head


class Found(NamedTuple):
    """A page of what is found, one line more where more follow; and how much there is in all."""

    lines: list[Line]
    total: int


def listed(db: Session, search: Search, page: Page, sort: Sort = Sort.NEWEST) -> Found:
    """Return a page of what is found; behind the last page nobody counts."""
    total = search.of(func.count()).scalar_subquery()
    query = _LISTED.add_columns(total).where(*search.conditions)
    rows = db.execute(cut(query, page, ORDERS[sort])).all()
    lines = [Line._make((*row[:_OF_LINE], Head._make(row[_OF_LINE:-1]))) for row in rows]
    return Found(lines, rows[0][-1] if rows else 0)


_OF_LINE = len(Line._fields) - 1
_LISTED = (
    select(
        *(getattr(Delivery, name) for name in Line._fields[: _OF_LINE - 1]),
        ReleaseRequest.state,
        *(getattr(Message, name) for name in Head._fields),
    )
    .join(Message, Message.id == Delivery.message_id)
    .outerjoin(ReleaseRequest, ReleaseRequest.delivery_id == Delivery.id)
)


def count(db: Session, search: Search) -> int:
    """Return how many mails are found."""
    return db.scalar(search.of(func.count())) or 0


def held(db: Session, scope: Scope, rights: Rights) -> int:
    """Return how many held mails people of a scope see."""
    if not scope.mailbox_ids or not rights.show_all(scope):
        return count(db, Search(scope, rights.allow(*SEEN)))
    whose, its = scope.prepared()
    return db.scalar(_held(whose), its) or 0


@lru_cache(QUERIES)
def _held(scope: Scope) -> Select[int]:
    return Search(scope, true()).of(func.count())


def newest_id(db: Session, search: Search) -> int:
    """Return the largest id of what is found; 0 if nothing is."""
    return db.scalar(search.of(func.max(Delivery.id))) or 0


def ids_between(db: Session, search: Search, after: int, last: int, limit: int) -> Sequence[int]:
    """Return ids of what is found, from after one id to another, the smallest first."""
    between = search.of(Delivery.id).where(Delivery.id > after, Delivery.id <= last)
    return db.scalars(between.order_by(Delivery.id).limit(limit)).all()


def _somewhere(word: str) -> ColumnElement[bool]:
    """Return the condition that a word stands somewhere in who wrote, to whom, and about what.

    SQLite folds the case of ASCII only, so that a word is looked for as people may write it.
    """
    spelled = dict.fromkeys((word, word.lower(), word.upper(), word.capitalize()))
    columns = (*SEARCHED, Delivery.recipient)
    return or_(*(each.icontains(form, autoescape=True) for each in columns for form in spelled))
