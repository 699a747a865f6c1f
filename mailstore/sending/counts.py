"""Rows of the limits of sending: what each sender sent in an hour, and who may not send for now.

A sender is a mailbox; programs of a domain that write with addresses of no mailbox are one
together.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from mailstore.db import Base, PrimaryKey, TenantKey

NOBODY = 0
UNTOLD = text("tell_at IS NOT NULL")


class Sender(Protocol):
    """Whose mail is counted together; `mailstore.sending.submitters.Author` is one."""

    @property
    def tenant_id(self) -> int:
        """The tenant."""

    @property
    def domain_id(self) -> int:
        """The domain of the author's address."""

    @property
    def mailbox_id(self) -> int | None:
        """The mailbox that writes; None for a program."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """Recipients of this hour and of the day that it ends; those of this hour that nobody knew."""

    hour: int
    day: int
    unknown: int


class Why(StrEnum):
    """Which limit a sender was beyond."""

    HOUR = "hour"
    DAY = "day"
    UNKNOWN = "unknown"


class SendingCount(Base):
    """What a sender sent within an hour: to how many recipients, and how many nobody knew.

    The sender is a mailbox, or a domain whose programs write; the other of the two is NOBODY.
    """

    __tablename__ = "sending_counts"

    mailbox_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    domain_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    hour: Mapped[datetime] = mapped_column(primary_key=True)
    tenant_id: Mapped[TenantKey]
    recipients: Mapped[int]
    unknown: Mapped[int]


class SendingBlock(Base):
    """A sender who was beyond a limit and may not send until a moment.

    `hour`, `day` and `unknown` are the recipients of that hour, of that day, and those that nobody
    knew; `tell_at` is since when administrators are to be told.
    """

    __tablename__ = "sending_blocks"
    __table_args__ = (
        Index("ix_sending_blocks_mailbox", "mailbox_id", "until"),
        Index("ix_sending_blocks_domain", "domain_id", "until"),
        Index("ix_sending_blocks_tell", "tell_at", sqlite_where=UNTOLD, postgresql_where=UNTOLD),
    )

    id: Mapped[PrimaryKey]
    tenant_id: Mapped[TenantKey]
    domain_id: Mapped[int] = mapped_column(ForeignKey("domains.id", ondelete="CASCADE"))
    mailbox_id: Mapped[int | None] = mapped_column(ForeignKey("mailboxes.id", ondelete="CASCADE"))
    since: Mapped[datetime]
    until: Mapped[datetime] = mapped_column(index=True)
    why: Mapped[Why]
    hour: Mapped[int]
    day: Mapped[int]
    unknown: Mapped[int]
    lifted_at: Mapped[datetime | None]
    lifted_by: Mapped[str] = mapped_column(default="")
    tell_at: Mapped[datetime | None]
