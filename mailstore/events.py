"""The audit log: who did what, when, to whose mail; every change of state has a line."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Index, insert, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from mailstore import clock
from mailstore.db import Base, PrimaryKey

_ABOUT_ONE = text("mailbox_id IS NOT NULL")


class Event(Base):
    """A line of the audit log. It names rows by id and outlives them, so it has no keys."""

    __tablename__ = "events"
    __table_args__ = (
        Index("ix_events_tenant", "tenant_id", "at"),
        Index("ix_events_delivery", "delivery_id"),
        Index(
            "ix_events_mailbox",
            "mailbox_id",
            "at",
            sqlite_where=_ABOUT_ONE,
            postgresql_where=_ABOUT_ONE,
        ),
    )

    id: Mapped[PrimaryKey]
    at: Mapped[datetime]
    kind: Mapped[str]
    by: Mapped[str]
    tenant_id: Mapped[int | None]
    mailbox_id: Mapped[int | None]
    delivery_id: Mapped[int | None]
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)


def about(account_id: int) -> ColumnElement[bool]:
    """Return the condition that a line names an account in its detail."""
    named: ColumnElement[bool] = Event.detail["account"].as_integer() == account_id
    return named


def record(  # noqa: PLR0913 (what a line says is its arguments)
    db: Session,
    kind: str,
    *,
    by: str,
    tenant_id: int | None = None,
    mailbox_id: int | None = None,
    delivery_id: int | None = None,
    detail: dict[str, Any] | None = None,
) -> None:
    """Write a line in the same transaction as the deed, so that neither is without the other."""
    db.execute(
        insert(Event).values(
            at=clock.now(),
            kind=kind,
            by=by,
            tenant_id=tenant_id,
            mailbox_id=mailbox_id,
            delivery_id=delivery_id,
            detail=detail or {},
        )
    )


def record_all(db: Session, lines: Sequence[dict[str, Any]], *, by: str) -> None:
    """Write many lines in one statement; each names kind, tenant, delivery and detail."""
    if lines:
        common = {"at": clock.now(), "by": by, "mailbox_id": None}
        db.connection().execute(_LINES, [common | line for line in lines])


_LINES = insert(Event.__table__)
