"""Bulk deeds: what somebody wants done with all held mail that matches, worked off in batches."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from mailstore.db import Base, PrimaryKey, TenantKey


class BulkState(StrEnum):
    """How far a bulk deed is."""

    RUNNING = "running"
    DONE = "done"


class Bulk(Base):
    """One deed for many mails: what is looked for, up to which mail, and how far it is.

    `seen_at` is when somebody last worked on it; whoever finds it stale goes on.
    """

    __tablename__ = "bulks"

    id: Mapped[PrimaryKey]
    tenant_id: Mapped[TenantKey]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    mailbox_ids: Mapped[list[Any]]
    by: Mapped[str]
    deed: Mapped[str]
    wanted: Mapped[dict[str, Any]]
    newest_id: Mapped[int]
    last_id: Mapped[int] = mapped_column(default=0)
    total: Mapped[int]
    seen: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    state: Mapped[BulkState] = mapped_column(default=BulkState.RUNNING)
    made_at: Mapped[datetime]
    seen_at: Mapped[datetime] = mapped_column(index=True)
