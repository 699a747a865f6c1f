"""Rows of mail that people write: drafts and the files in them.

What somebody writes lies in its row, encrypted like stored mail under the key of the day the
draft ends; files lie in packs.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from mailstore.db import Base, PrimaryKey, TenantKey
from mailstore.packs import Place

SENDING = text("state = 'sending'")


class DraftState(StrEnum):
    """How far a mail is that somebody writes; once it is sent, its row is gone."""

    WRITING = "writing"
    SENDING = "sending"


class Draft(Base):
    """A mail that somebody writes with a mailbox, or that is about to be sent.

    `content` are its fields as JSON, sealed. While it is SENDING, pack, offset and length say where
    the whole mail lies, expiring on `sent_day`, to be sent at `send_at` from `sender` to
    `recipients`. `error` is why it could not be sent.
    """

    __tablename__ = "drafts"
    __table_args__ = (
        Index("ix_drafts_mailbox", "mailbox_id", "saved_at", "id"),
        Index("ix_drafts_sending", "send_at", sqlite_where=SENDING, postgresql_where=SENDING),
    )

    id: Mapped[PrimaryKey]
    tenant_id: Mapped[TenantKey]
    mailbox_id: Mapped[int] = mapped_column(ForeignKey("mailboxes.id", ondelete="CASCADE"))
    account_id: Mapped[int] = mapped_column(
        ForeignKey("accounts.id", ondelete="CASCADE"), index=True
    )
    state: Mapped[DraftState] = mapped_column(default=DraftState.WRITING)
    version: Mapped[int] = mapped_column(default=0)
    answers_id: Mapped[int | None]
    content: Mapped[bytes]
    content_sha256: Mapped[str]
    day: Mapped[date] = mapped_column(index=True)
    saved_at: Mapped[datetime]
    error: Mapped[str] = mapped_column(default="")
    public_id: Mapped[str] = mapped_column(default="")
    sender: Mapped[str] = mapped_column(default="")
    recipients: Mapped[list[Any]] = mapped_column(default=list)
    sent_day: Mapped[date | None]
    pack: Mapped[str | None] = mapped_column(ForeignKey("packs.name"), index=True)
    offset: Mapped[int] = mapped_column(default=0)
    length: Mapped[int] = mapped_column(default=0)
    size: Mapped[int] = mapped_column(default=0)
    sha256: Mapped[str] = mapped_column(default="")
    send_at: Mapped[datetime | None]
    lease_until: Mapped[datetime | None]
    fence: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=0)

    @property
    def place(self) -> Place | None:
        """Where the whole mail lies; None while it is still being written."""
        if self.pack is None or self.sent_day is None:
            return None
        return Place(self.pack, self.sent_day, self.offset, self.length)


class DraftFile(Base):
    """A file in a draft."""

    __tablename__ = "draft_files"

    id: Mapped[PrimaryKey]
    tenant_id: Mapped[TenantKey]
    draft_id: Mapped[int] = mapped_column(ForeignKey("drafts.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    media_type: Mapped[str]
    pack: Mapped[str] = mapped_column(ForeignKey("packs.name"), index=True)
    day: Mapped[date]
    offset: Mapped[int]
    length: Mapped[int]
    size: Mapped[int]
    sha256: Mapped[str]

    @property
    def place(self) -> Place:
        """Where its bytes lie."""
        return Place(self.pack, self.day, self.offset, self.length)


class Signature(Base):
    """What an address of a mailbox writes as its name and below its mails."""

    __tablename__ = "signatures"

    address: Mapped[str] = mapped_column(primary_key=True)
    tenant_id: Mapped[TenantKey]
    mailbox_id: Mapped[int] = mapped_column(
        ForeignKey("mailboxes.id", ondelete="CASCADE"), index=True
    )
    name: Mapped[str] = mapped_column(default="")
    text: Mapped[str] = mapped_column(default="")
