"""Deliveries: the fate of one message for one recipient, and every change of it.

queued → delivered | failed; quarantined → releasing while it is scanned again → queued, or
deleted. Each change is one guarded UPDATE that says whether it happened.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    Boolean,
    ForeignKey,
    Index,
    UniqueConstraint,
    bindparam,
    case,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, Session, contains_eager, mapped_column, relationship
from sqlalchemy.orm.attributes import set_committed_value

from mailstore import clock, domains, events, figures, lanes
from mailstore.db import Base, PrimaryKey, TenantKey
from mailstore.envelopes import MailClass
from mailstore.lanes import Lane
from mailstore.messages import Message
from mailstore.retries import Retries
from mailstore.sending import unknown

SOONER = 60
# Whoever sent what we judged as spam or worse is told nothing: the address is mostly forged, unless
# one of our own people wrote it.
TOLD_OF = (MailClass.CLEAN, MailClass.NEWSLETTER)
DSN_DUE = text("dsn_at IS NOT NULL")
RELEASING = text("state = 'releasing'")
TELLING = text("tell_at IS NOT NULL")


class State(StrEnum):
    """Where a delivery is on its way."""

    QUEUED = "queued"
    QUARANTINED = "quarantined"
    RELEASING = "releasing"
    DELIVERED = "delivered"
    FAILED = "failed"
    DELETED = "deleted"


class Direction(StrEnum):
    """Towards our people, or away from them."""

    IN = "in"
    OUT = "out"


class Result(StrEnum):
    """What one attempt came to."""

    SENT = "sent"
    TRY_LATER = "try_later"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one attempt came to, with the other server's last reply.

    `soon`: nobody refused, the connection broke; worth another try before the usual wait.
    `tls`: how safe the way was, for administrators.
    """

    result: Result
    reply: str
    soon: bool = False
    tls: str = ""


class Delivery(Base):
    """The fate of one message for one recipient.

    `dsn_at`: since when its sender is to be told, that it failed or that it still waits.
    `tell_at`: since when its reader is to be told at once that it is held.
    `thread`: the same for all mail of a conversation (mailstore/threads.py).
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("message_id", "recipient", "resend_of"),
        Index("ix_deliveries_due", "lane_id", "state", "next_attempt_at"),
        Index("ix_deliveries_list", "mailbox_id", "accepted_at", "id"),
        Index("ix_deliveries_thread", "mailbox_id", "thread", "accepted_at", "id"),
        # The last two let what is held be counted without a look at its rows.
        Index(
            "ix_deliveries_state",
            "mailbox_id",
            "state",
            "accepted_at",
            "id",
            "mail_class",
            "tenant_id",
        ),
        Index(
            "ix_deliveries_releasing",
            "next_attempt_at",
            sqlite_where=RELEASING,
            postgresql_where=RELEASING,
        ),
        Index("ix_deliveries_tell", "tell_at", sqlite_where=TELLING, postgresql_where=TELLING),
        Index("ix_deliveries_dsn", "dsn_at", sqlite_where=DSN_DUE, postgresql_where=DSN_DUE),
    )

    id: Mapped[PrimaryKey]
    tenant_id: Mapped[TenantKey]
    message_id: Mapped[int] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"))
    domain_id: Mapped[int] = mapped_column(ForeignKey("domains.id"))
    mailbox_id: Mapped[int | None] = mapped_column(ForeignKey("mailboxes.id"))
    lane_id: Mapped[int] = mapped_column(ForeignKey("lanes.id"))
    direction: Mapped[Direction]
    recipient: Mapped[str]
    resend_of: Mapped[int] = mapped_column(default=0)
    thread: Mapped[int] = mapped_column(default=0)
    state: Mapped[State]
    mail_class: Mapped[MailClass]
    score: Mapped[float]
    reason: Mapped[str]
    symbols: Mapped[list[Any]] = mapped_column(default=list)
    trail: Mapped[list[Any]] = mapped_column(default=list)
    warning: Mapped[str] = mapped_column(default="")
    tag: Mapped[str] = mapped_column(default="")
    accepted_at: Mapped[datetime]
    held_until: Mapped[datetime | None]
    queued_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime | None]
    lease_until: Mapped[datetime | None]
    fence: Mapped[int] = mapped_column(default=0)
    done_at: Mapped[datetime | None]
    reply: Mapped[str] = mapped_column(default="")
    delay_told: Mapped[bool] = mapped_column(default=False)
    dsn_at: Mapped[datetime | None]
    tell_at: Mapped[datetime | None]

    message: Mapped[Message] = relationship(lazy="raise")


def due_lanes(db: Session, now: datetime) -> Sequence[int]:
    """Return the lanes that are free and may be tried, and have mail due or want a probe."""
    waiting = select(Delivery.id).where(Delivery.lane_id == Lane.id, *is_due(now))
    wanted = or_(waiting.exists(), lanes.probe_due(now))
    return db.scalars(select(Lane.id).where(*lanes.free(now), wanted)).all()


def claim(
    db: Session, lane_id: int, *, limit: int, lease: timedelta, retries: Retries
) -> Sequence[Delivery]:
    """Take the oldest due deliveries of a lane, their messages loaded.

    The next attempt is written before this one is made: a worker that dies leaves mail that
    is tried again when its lease is over.
    """
    now = clock.now()
    found = db.scalars(
        select(Delivery)
        .join(Delivery.message)
        .options(contains_eager(Delivery.message))
        .where(Delivery.lane_id == lane_id, *is_due(now))
        .order_by(Delivery.next_attempt_at, Delivery.id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=Delivery)
    ).all()
    if rows := [_take(delivery, now, lease, retries) for delivery in found]:
        db.connection().execute(_CLAIM, rows)
    return found


def _take(delivery: Delivery, now: datetime, lease: timedelta, retries: Retries) -> dict[str, Any]:
    """Return what a claim makes of a row, and let its object say the same already."""
    attempts = delivery.attempts + 1
    values = {
        "attempts": attempts,
        "fence": delivery.fence + 1,
        "lease_until": now + lease,
        "next_attempt_at": now + retries.wait(attempts),
    }
    for name, value in values.items():
        set_committed_value(delivery, name, value)
    return {"its_id": delivery.id} | values


def finish(db: Session, delivery: Delivery, outcome: Outcome, retries: Retries) -> bool:
    """Record what an attempt came to; False if the lease was lost to another worker."""
    return not finish_all(db, [(delivery, outcome)], retries)


def finish_all(
    db: Session, attempts: Sequence[tuple[Delivery, Outcome]], retries: Retries
) -> set[int]:
    """Record what attempts came to, together; returns the ids whose lease was lost."""
    now = clock.now()
    rows, lines = [], []
    for delivery, outcome in attempts:
        kind, again = _end(db, delivery, outcome, retries, now)
        tell = kind == State.FAILED and _deserves_dsn(delivery)
        rows.append(
            {
                "its_id": delivery.id,
                "its_fence": delivery.fence,
                "state": State.QUEUED if again else State(kind),
                "reply": outcome.reply,
                "done_at": None if again else now,
                "next_attempt_at": again,
                "its_again": again is not None,
                "its_dsn": now if tell else None,
            }
        )
        detail = {"reply": outcome.reply, "attempt": delivery.attempts}
        detail |= {"tls": outcome.tls} if outcome.tls else {}
        ids = {"tenant_id": delivery.tenant_id, "delivery_id": delivery.id}
        lines.append({"kind": kind, "detail": detail} | ids)
    done = db.connection().execute(_FINISH, rows)
    lost = _lost(db, rows) if done.rowcount != len(rows) else set()
    kept = [line for line in lines if line["delivery_id"] not in lost]
    events.record_all(db, kept, by="worker")
    failed = {line["delivery_id"] for line in kept if line["kind"] == State.FAILED}
    unknown.note(db, (each for each, said in attempts if each.id in failed and _strays(each, said)))
    arrived = {line["delivery_id"] for line in kept if line["kind"] == State.DELIVERED}
    tally = figures.Tally()
    for each in (each for each, _ in attempts if each.id in arrived):
        took, coming = now - (each.queued_at or each.accepted_at), each.direction is Direction.IN
        tally.arrived(each.domain_id, each.mail_class, took, coming=coming)
    tally.write(db)
    return lost


def _end(
    db: Session, delivery: Delivery, outcome: Outcome, retries: Retries, now: datetime
) -> tuple[str, datetime | None]:
    """Return what an attempt is called, and when the next one is due if there is one."""
    if outcome.result is Result.SENT:
        return State.DELIVERED, None
    if outcome.result is Result.REFUSED or retries.are_over(db, delivery, now):
        return State.FAILED, None
    if outcome.soon:
        return "deferred", now + retries.wait(delivery.attempts) / SOONER
    return "deferred", delivery.next_attempt_at


# Mail goes by its age: when it came, or when somebody released it.
ITS_TURN = func.coalesce(Delivery.queued_at, Delivery.accepted_at)
# On the table and for all at once: one statement each would cost more than sending the mails.
_CLAIM = update(Delivery.__table__).where(Delivery.id == bindparam("its_id"))
_ROW = Delivery.__table__
_AGAIN = bindparam("its_again", type_=Boolean())
_DSN = bindparam("its_dsn", type_=_ROW.c.dsn_at.type)
_FINISH = (
    update(_ROW)
    .where(Delivery.id == bindparam("its_id"), Delivery.fence == bindparam("its_fence"))
    .where(Delivery.state == State.QUEUED, Delivery.lease_until.is_not(None))
    # A notice of delay that is due stays due while mail waits.
    .values(lease_until=None, dsn_at=case((_AGAIN, _ROW.c.dsn_at), else_=_DSN))
)


def _lost(db: Session, rows: Sequence[dict[str, Any]]) -> set[int]:
    """Return the ids whose rows do not say what their attempt made of them."""
    said = select(Delivery.id, Delivery.fence, Delivery.state, Delivery.done_at).where(
        Delivery.id.in_([row["its_id"] for row in rows]), Delivery.lease_until.is_(None)
    )
    kept = {tuple(row) for row in db.execute(said)}
    return {
        row["its_id"]
        for row in rows
        if (row["its_id"], row["its_fence"], row["state"], row["done_at"]) not in kept
    }


def _strays(delivery: Delivery, outcome: Outcome) -> bool:
    """Whether mail went out to somebody who is not there."""
    return delivery.direction is Direction.OUT and unknown.says_unknown(outcome.reply)


def _deserves_dsn(delivery: Delivery) -> bool:
    # A bounce has no sender, and never gets one (RFC 5321 §6.1); what is sent again came once.
    first, message = delivery.resend_of == 0, delivery.message
    ours = delivery.direction is Direction.OUT or message.writer_id is not None
    return first and (ours or delivery.mail_class in TOLD_OF) and message.sender != ""


def is_due(now: datetime) -> tuple[Any, ...]:
    """Return the conditions that a delivery is to be tried now."""
    return (
        Delivery.state == State.QUEUED,
        Delivery.next_attempt_at <= now,
        or_(Delivery.lease_until.is_(None), Delivery.lease_until < now),
        # Work at a customer's server keeps nothing here that goes elsewhere.
        or_(Delivery.direction == Direction.OUT, Delivery.domain_id.not_in(domains.held(now))),
    )
