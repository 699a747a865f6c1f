"""Requests: people who may not deliver a held mail themselves ask an administrator to."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from mailstore.db import Base, PrimaryKey, TenantKey


class RequestState(StrEnum):
    """What became of a request."""

    OPEN = "open"
    GRANTED = "granted"
    REFUSED = "refused"


class ReleaseRequest(Base):
    """What somebody asked about one held mail, and what they were answered."""

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
