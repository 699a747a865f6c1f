"""Restores: copies that are put into a mailbox's own IMAP server again, one after another.

The row says which and how far; the password is nowhere but in the memory of whoever works.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from mailstore import clock, events, jobs
from mailstore.db import Base, PrimaryKey, TenantKey
from mailstore.scope import Scope

JOB = "restore"
# Longer than any one mail may take.
STALE = timedelta(minutes=10)


class RestoreState(StrEnum):
    """How far a restore is."""

    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"


class Restore(Base):
    """Copies on their way into a folder."""

    __tablename__ = "restores"

    id: Mapped[PrimaryKey]
    tenant_id: Mapped[TenantKey]
    mailbox_id: Mapped[int] = mapped_column(
        ForeignKey("mailboxes.id", ondelete="CASCADE"), index=True
    )
    folder: Mapped[str]
    waiting: Mapped[list[Any]]
    total: Mapped[int]
    done: Mapped[int] = mapped_column(default=0)
    state: Mapped[RestoreState] = mapped_column(default=RestoreState.RUNNING)
    error: Mapped[str] = mapped_column(default="")
    made_at: Mapped[datetime]
    seen_at: Mapped[datetime]


def begin(
    db: Session,
    tenant_id: int,
    mailbox_id: int,
    folder: str,
    delivery_ids: Sequence[int],
    *,
    by: str,
) -> int:
    """Note what is to be restored, and that somebody works on it; returns the restore's id."""
    now = clock.now()
    row = Restore(
        tenant_id=tenant_id, mailbox_id=mailbox_id, folder=folder, waiting=list(delivery_ids),
        total=len(delivery_ids), made_at=now, seen_at=now,
    )  # fmt: skip
    db.add(row)
    db.flush()
    detail = {"folder": folder, "mails": row.total}
    events.record(
        db, "restore_begun", by=by, tenant_id=tenant_id, mailbox_id=mailbox_id, detail=detail
    )
    return row.id


def leave(db: Session, restore_id: int) -> None:
    """Leave a restore to the worker, which takes it at once."""
    db.execute(update(Restore).where(Restore.id == restore_id).values(seen_at=clock.now() - STALE))
    jobs.after_commit(db, JOB, restore_id)


def take(db: Session, restore_id: int) -> bool:
    """Take a restore that nobody works on; False if it is over, or somebody does."""
    now = clock.now()
    taken = db.scalar(
        update(Restore)
        .where(Restore.id == restore_id, Restore.state == RestoreState.RUNNING)
        .where(Restore.seen_at <= now - STALE)
        .values(seen_at=now)
        .returning(Restore.id)
    )
    return taken is not None


def left(db: Session) -> Sequence[int]:
    """Return the restores that are not over and that nobody works on."""
    return db.scalars(
        select(Restore.id)
        .where(Restore.state == RestoreState.RUNNING)
        .where(Restore.seen_at <= clock.now() - STALE)
    ).all()


def progress(db: Session, restore_id: int, delivery_id: int) -> bool:
    """Note that one copy is in its folder; False if the restore does not run any more."""
    row = db.get(Restore, restore_id)
    if row is None or row.state is not RestoreState.RUNNING:
        return False
    row.waiting = [each for each in row.waiting if each != delivery_id]
    row.done += 1
    row.seen_at = clock.now()
    return True


def stop(db: Session, restore_id: int, state: RestoreState, error: str = "") -> None:
    """Note that nobody works on a restore any more, and why if it is not done."""
    db.execute(
        update(Restore)
        .where(Restore.id == restore_id, Restore.state == RestoreState.RUNNING)
        .values(state=state, error=error[:500], seen_at=clock.now())
    )


def look(db: Session, scope: Scope, restore_id: int) -> Restore | None:
    """Return a restore; None if out of scope."""
    query = select(Restore).where(Restore.id == restore_id)
    if scope.tenant_id is not None:
        query = query.where(Restore.tenant_id == scope.tenant_id)
    if scope.mailbox_ids is not None:
        query = query.where(Restore.mailbox_id.in_(scope.mailbox_ids))
    return db.scalar(query)
