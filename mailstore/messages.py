"""Messages: one received content, kept once per tenant, its bytes a slice of a pack."""

import secrets
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from mailstore.db import Base, PrimaryKey, TenantKey
from mailstore.packs import Place

NOT_INDEXED = text("NOT indexed AND pack IS NOT NULL")
WRITTEN = text("writer_id IS NOT NULL")
SHORTENED = text("until IS NOT NULL AND pack IS NOT NULL")


class Message(Base):
    """One content and what lists show of it; the bytes go first, the row later.

    `writer_id` is the mailbox of ours that wrote it; `indexed` says whether search knows its words.
    It is sealed with the key of `day`; `until` is the last day where a shorter retention ends it.
    """

    __tablename__ = "messages"
    __table_args__ = (
        Index("ix_messages_expiry", "day"),
        Index(
            "ix_messages_until",
            "until",
            sqlite_where=SHORTENED,
            postgresql_where=SHORTENED,
        ),
        Index("ix_messages_author", "tenant_id", "author"),
        Index(
            "ix_messages_not_indexed",
            "id",
            sqlite_where=NOT_INDEXED,
            postgresql_where=NOT_INDEXED,
        ),
        Index(
            "ix_messages_sent",
            "writer_id",
            "received_at",
            "id",
            sqlite_where=WRITTEN,
            postgresql_where=WRITTEN,
        ),
    )

    id: Mapped[PrimaryKey]
    tenant_id: Mapped[TenantKey]
    public_id: Mapped[str] = mapped_column(unique=True)
    received_at: Mapped[datetime]
    client_ip: Mapped[str]
    helo: Mapped[str]
    sender: Mapped[str]
    author: Mapped[str]
    author_name: Mapped[str]
    subject: Mapped[str]
    message_id: Mapped[str]
    snippet: Mapped[str]
    attachments: Mapped[int]
    size: Mapped[int]
    sha256: Mapped[str]
    headers: Mapped[str]
    cuts: Mapped[list[Any]]
    pack: Mapped[str | None] = mapped_column(ForeignKey("packs.name"), index=True)
    day: Mapped[date]
    offset: Mapped[int]
    length: Mapped[int]
    writer_id: Mapped[int | None] = mapped_column(ForeignKey("mailboxes.id"))
    indexed: Mapped[bool] = mapped_column(default=False)
    until: Mapped[date | None]

    @property
    def place(self) -> Place | None:
        """Where the content lies; None once it is erased."""
        return Place(self.pack, self.day, self.offset, self.length) if self.pack else None

    @property
    def last_day(self) -> date:
        """The last day on which it can be read, unless somebody keeps it longer."""
        return self.until or self.day

    @property
    def is_ours(self) -> bool:
        """Whether Mailhafen itself wrote it; nobody else's is without client, sender and writer."""
        return not (self.client_ip or self.sender or self.writer_id)

    @property
    def author_shown(self) -> str:
        """The author as lists show it: the name if there is one."""
        return self.author_name or self.author or self.sender


def last_day() -> ColumnElement[date]:
    """Return a message's last day as a question asks for it."""
    return func.coalesce(Message.until, Message.day)


def new_public_id() -> str:
    """Return an id that follows a mail from SMTP to the report and tells nothing."""
    return secrets.token_hex(8)


def without(chunks: Iterator[bytes], cuts: list[tuple[int, int]]) -> Iterator[bytes]:
    """Yield stored bytes without the ranges (start, end) of header fields that claim to be ours."""
    offset = 0
    for chunk in chunks:
        end, kept = offset + len(chunk), chunk
        for start, stop in reversed(cuts):
            if start < end and stop > offset:
                left, right = max(start - offset, 0), min(stop - offset, len(chunk))
                kept = kept[:left] + kept[right:]
        offset = end
        if kept:
            yield kept
