"""Requests: people who may not deliver a held mail themselves ask an administrator to.

A request is open while its mail is held and nobody answered. A mail that went another way
(delivered otherwise, expired, deleted) closes its request by that alone, so asking keeps it for
as long as an answer may take.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    Select,
    and_,
    bindparam,
    func,
    literal,
    select,
    tuple_,
    update,
)
from sqlalchemy.orm import Mapped, Session, contains_eager, mapped_column

from mailstore import clock, events, jobs, keepers, quarantine, rights
from mailstore.db import Base, PrimaryKey, TenantKey, upsert
from mailstore.deliveries import Delivery, State
from mailstore.mailboxes import Mailbox
from mailstore.pages import Page
from mailstore.scope import Scope
from mailstore.texts import plain

TELL = "tell_request"
# Administrators have this long at least to answer, over a weekend too.
KEPT_FOR_ANSWER = timedelta(days=7)


class RequestState(StrEnum):
    """What became of a request."""

    OPEN = "open"
    GRANTED = "granted"
    REFUSED = "refused"


class ReleaseRequest(Base):
    """What somebody asked about one held mail, and what they were answered.

    `tell_at`: since when somebody is to be told, administrators of an open one, the person of an
    answer.
    """

    __tablename__ = "release_requests"
    __table_args__ = (Index("ix_release_requests_list", "tenant_id", "state", "asked_at"),)

    id: Mapped[PrimaryKey]
    tenant_id: Mapped[TenantKey]
    mailbox_id: Mapped[int] = mapped_column(
        ForeignKey("mailboxes.id", ondelete="CASCADE"), index=True
    )
    delivery_id: Mapped[int] = mapped_column(
        ForeignKey("deliveries.id", ondelete="CASCADE"), unique=True
    )
    asked_by: Mapped[str]
    why: Mapped[str]
    asked_at: Mapped[datetime]
    state: Mapped[RequestState] = mapped_column(default=RequestState.OPEN)
    answered_by: Mapped[str] = mapped_column(default="")
    answer: Mapped[str] = mapped_column(default="")
    answered_at: Mapped[datetime | None]
    tell_at: Mapped[datetime | None] = mapped_column(index=True)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request with the mail it is about, its message loaded, and whose mail that is."""

    request: ReleaseRequest
    delivery: Delivery
    mailbox: Mailbox

    @property
    def open(self) -> bool:
        """Whether it still waits for an answer."""
        held = self.delivery.state is State.QUARANTINED
        return held and self.request.state is RequestState.OPEN

    @property
    def grantable(self) -> bool:
        """Whether an administrator may have the mail delivered: a virus stays."""
        return self.open and self.delivery.mail_class in quarantine.BY_ADMINISTRATOR


def ask(
    db: Session, scope: Scope, delivery_id: int, why: str, *, by: str, may: ColumnElement[bool]
) -> bool:
    """Ask for the delivery of a held mail; False if it is not held, or was asked for before.

    Also False if `may`, what the person may ask for, does not hold; raises BadName for a text
    that cannot be kept.
    """
    # Its lock keeps the mail from expiring before it is kept for the answer.
    wanted = select(
        Delivery.tenant_id, Delivery.mailbox_id, Delivery.id,
        *map(_as_value, _values(asked_by=by, why=plain(why)).items()),
    ).where(
        Delivery.id == delivery_id, Delivery.state == State.QUARANTINED, scope.covers(Delivery),
        Delivery.mailbox_id.is_not(None), may,
        Delivery.mail_class.not_in(sorted(rights.NEVER_DELIVERED)),
    ).with_for_update(of=Delivery, key_share=True)  # fmt: skip
    names = ["tenant_id", "mailbox_id", "delivery_id", *_values()]
    asked = db.execute(
        upsert(db, ReleaseRequest)
        .from_select(names, wanted, include_defaults=False)
        .on_conflict_do_nothing(index_elements=["delivery_id"])
        .returning(*(getattr(ReleaseRequest, each) for each in ("id", *names[:3])))
    ).first()
    if asked is None:
        return False
    quarantine.keep(db, delivery_id, clock.now() + KEPT_FOR_ANSWER)
    _record(db, "release_asked", asked, by)
    return True


def of(db: Session, delivery_ids: Iterable[int]) -> dict[int, ReleaseRequest]:
    """Return the requests about these deliveries, by delivery."""
    asked = {"delivery_ids": sorted(delivery_ids)}
    return {each.delivery_id: each for each in db.scalars(_ABOUT, asked)}


_ABOUT = select(ReleaseRequest).where(
    ReleaseRequest.delivery_id.in_(bindparam("delivery_ids", expanding=True))
)


def open_ones(db: Session, tenant_id: int, page: Page) -> Sequence[Asked]:
    """Return what waits for an answer, the oldest first; one more than a page if more follow."""
    place = (ReleaseRequest.asked_at, ReleaseRequest.id)
    query = _all(tenant_id).where(_IS_OPEN).order_by(*place).limit(page.size + 1)
    if page.after:
        query = query.where(tuple_(*place) > tuple_(*page.after))
    return _found(db, query)


def answered(db: Session, tenant_id: int, page: Page) -> Sequence[Asked]:
    """Return what was answered or went another way, the newest first; one more if more follow."""
    place = (ReleaseRequest.asked_at, ReleaseRequest.id)
    newest = [each.desc() for each in place]
    query = _all(tenant_id).where(~_IS_OPEN).order_by(*newest).limit(page.size + 1)
    if page.after:
        query = query.where(tuple_(*place) < tuple_(*page.after))
    return _found(db, query)


def look(db: Session, tenant_id: int, request_id: int) -> Asked | None:
    """Return one request; None if there is none in this tenant."""
    return next(iter(_found(db, _all(tenant_id).where(ReleaseRequest.id == request_id))), None)


def open_ids(db: Session, tenant_id: int) -> frozenset[int]:
    """Return the requests that wait for an answer."""
    query = _all(tenant_id).where(_IS_OPEN).with_only_columns(ReleaseRequest.id)
    return frozenset(db.scalars(query))


def count_open(db: Session, tenant_id: int) -> int:
    """Return how many requests wait for an answer."""
    return db.scalar(_HOW_MANY_OPEN, {"tenant_id": tenant_id}) or 0


def is_left_to_others(db: Session, request: ReleaseRequest, by: str) -> bool:
    """Whether somebody may not answer a request: their own, while another administrator could."""
    somebody = select(keepers.others(request.tenant_id, by))
    return request.asked_by == by and bool(db.scalar(somebody))


def grant(db: Session, tenant_id: int, request_id: int, *, by: str, answer: str) -> bool:
    """Have the mail of a request delivered; False if it is not open (any more), or a virus.

    Also False for one's own while another administrator could answer; raises BadName.
    """
    may = rights.of_classes(quarantine.BY_ADMINISTRATOR)
    with db.begin_nested() as attempt:
        done = _answer(db, tenant_id, request_id, RequestState.GRANTED, by, answer)
        if done is None:
            return False
        scope = Scope(tenant_id, frozenset({done.mailbox_id}))
        # The mail may have gone another way since it was looked at; then nothing was granted.
        if not quarantine.release(db, scope, done.delivery_id, by=by, may=may):
            attempt.rollback()
            return False
    return True


def refuse(db: Session, tenant_id: int, request_id: int, *, by: str, answer: str) -> bool:
    """Leave the mail of a request where it is; False if it is not open (any more).

    Also False for one's own while another administrator could answer; raises BadName.
    """
    return _answer(db, tenant_id, request_id, RequestState.REFUSED, by, answer) is not None


def _answer(
    db: Session, tenant_id: int, request_id: int, state: RequestState, by: str, answer: str
) -> Any:
    now, text = clock.now(), plain(answer)
    held = select(Delivery.id).where(
        Delivery.id == ReleaseRequest.delivery_id, Delivery.state == State.QUARANTINED
    )
    own = and_(ReleaseRequest.asked_by == by, keepers.others(tenant_id, by))
    done = db.execute(
        update(ReleaseRequest)
        .where(ReleaseRequest.id == request_id, ReleaseRequest.tenant_id == tenant_id)
        .where(ReleaseRequest.state == RequestState.OPEN, held.exists(), ~own)
        .values(state=state, answered_by=by, answer=text, answered_at=now, tell_at=now)
        .returning(
            ReleaseRequest.id,
            ReleaseRequest.tenant_id,
            ReleaseRequest.mailbox_id,
            ReleaseRequest.delivery_id,
        )
        .execution_options(synchronize_session=False)
    ).first()
    if done is not None:
        _record(db, f"request_{state}", done, by)
    return done


_Rows = Select[ReleaseRequest, Delivery, Mailbox]
_IS_OPEN = and_(
    ReleaseRequest.state == RequestState.OPEN,
    Delivery.state == State.QUARANTINED,
)
# Every page of an administrator asks this.
_HOW_MANY_OPEN = (
    select(func.count())
    .select_from(ReleaseRequest)
    .join(Delivery, Delivery.id == ReleaseRequest.delivery_id)
    .where(ReleaseRequest.tenant_id == bindparam("tenant_id"), _IS_OPEN)
)


def _all(tenant_id: int) -> _Rows:
    return (
        select(ReleaseRequest, Delivery, Mailbox)
        .join(Delivery, Delivery.id == ReleaseRequest.delivery_id)
        .join(Delivery.message)
        .join(Mailbox, Mailbox.id == ReleaseRequest.mailbox_id)
        .options(contains_eager(Delivery.message))
        .where(ReleaseRequest.tenant_id == tenant_id)
    )


def _found(db: Session, query: _Rows) -> list[Asked]:
    return [Asked(*row) for row in db.execute(query)]


def _values(**texts: str) -> dict[str, Any]:
    now = clock.now()
    return {
        "asked_by": "", "why": "", "asked_at": now, "state": RequestState.OPEN,
        "answered_by": "", "answer": "", "tell_at": now,
    } | texts  # fmt: skip


def _as_value(named: tuple[str, Any]) -> ColumnElement[Any]:
    name, value = named
    return literal(value, ReleaseRequest.__table__.c[name].type)


def _record(db: Session, kind: str, asked: Any, by: str) -> None:
    events.record(
        db,
        kind,
        by=by,
        tenant_id=asked.tenant_id,
        mailbox_id=asked.mailbox_id,
        delivery_id=asked.delivery_id,
        detail={"request": asked.id},
    )
    jobs.after_commit(db, TELL, asked.id)
