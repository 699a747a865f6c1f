"""Deliveries: the fate of one message for one recipient.

queued → delivered | failed; quarantined → releasing while it is scanned again → queued, or
deleted. Each change is one guarded UPDATE that says whether it happened: mailstore/claims.py has
those of workers, mailstore/quarantine.py and releases.py those of people.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ForeignKey,
    Index,
    UniqueConstraint,
    func,
    or_,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mailstore import domains
from mailstore.db import Base, PrimaryKey, TenantKey
from mailstore.envelopes import MailClass
from mailstore.messages import Message

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


# Mail goes by its age: when it came, or when somebody released it.
ITS_TURN = func.coalesce(Delivery.queued_at, Delivery.accepted_at)


def is_due(now: datetime) -> tuple[Any, ...]:
    """Return the conditions that a delivery is to be tried now."""
    return (
        Delivery.state == State.QUEUED,
        Delivery.next_attempt_at <= now,
        or_(Delivery.lease_until.is_(None), Delivery.lease_until < now),
        # Work at a customer's server keeps nothing here that goes elsewhere.
        or_(Delivery.direction == Direction.OUT, Delivery.domain_id.not_in(domains.held(now))),
    )
