"""Welcomes: mails that tell people what Mailhafen is for them, each person's once.

The row is the wish; that there is one already is what keeps a person from a second mail.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, ForeignKey, delete, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from mailstore import clock, events, jobs
from mailstore.accounts import Account
from mailstore.db import Base, TenantKey, upsert

JOB = "write_welcomes"
BATCH = 50
# Longer than a batch takes: what a worker that died had taken is taken again then.
TRY_AGAIN = timedelta(minutes=5)


class Welcome(Base):
    """A mail of welcome for an account: asked for, and since `sent_at` queued."""

    __tablename__ = "welcomes"

    account_id: Mapped[int] = mapped_column(
        ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    tenant_id: Mapped[TenantKey]
    asked_at: Mapped[datetime]
    try_at: Mapped[datetime | None] = mapped_column(index=True)
    sent_at: Mapped[datetime | None]


def ask(db: Session, tenant_id: int, account_ids: Collection[int], *, by: str) -> int:
    """Have people welcomed; returns how many of them were not before."""
    now = clock.now()
    new = upsert(db, Welcome).on_conflict_do_nothing().returning(Welcome.account_id)
    rows = [
        {
            "account_id": each,
            "tenant_id": tenant_id,
            "asked_at": now,
            "try_at": now,
            "sent_at": None,
        }
        for each in sorted(account_ids)
    ]
    added = [each for row in rows if (each := db.scalar(new.values(row))) is not None]
    if added:
        detail = {"accounts": added if len(added) <= BATCH else len(added)}
        events.record(db, "welcome_asked", tenant_id=tenant_id, by=by, detail=detail)
        jobs.after_commit(db, JOB)
    return len(added)


def without() -> ColumnElement[bool]:
    """Return the condition that nobody asked for an account's welcome yet."""
    return ~select(Welcome).where(Welcome.account_id == Account.id).exists()


def due(db: Session, now: datetime) -> bool:
    """Whether any welcome is to be written."""
    return db.scalar(select(Welcome.account_id).where(Welcome.try_at <= now).limit(1)) is not None


def take(db: Session) -> Sequence[int]:
    """Take accounts whose welcome is due for a while; whoever fails leaves them to the next."""
    now = clock.now()
    first = select(Welcome.account_id).where(Welcome.try_at <= now).order_by(Welcome.account_id)
    first = first.limit(BATCH).with_for_update(skip_locked=True)
    taken = update(Welcome).where(Welcome.account_id.in_(first)).values(try_at=now + TRY_AGAIN)
    own = taken.returning(Welcome.account_id).execution_options(synchronize_session=False)
    return db.scalars(own).all()


def written(db: Session, account_id: int) -> bool:
    """Note that a welcome is queued; False if somebody did so meanwhile."""
    done = db.scalar(
        update(Welcome)
        .where(Welcome.account_id == account_id, Welcome.try_at.is_not(None))
        .values(try_at=None, sent_at=clock.now())
        .returning(Welcome.account_id)
        .execution_options(synchronize_session=False)
    )
    return done is not None


def drop(db: Session, account_id: int) -> None:
    """Forget a welcome that nobody can get for now: it may be asked for again."""
    waiting = Welcome.account_id == account_id, Welcome.sent_at.is_(None)
    db.execute(delete(Welcome).where(*waiting).execution_options(synchronize_session=False))


def states(db: Session, account_ids: Collection[int]) -> dict[int, Welcome]:
    """Return the welcomes of accounts, of those that have one."""
    found = db.scalars(select(Welcome).where(Welcome.account_id.in_(account_ids)))
    return {each.account_id: each for each in found}


def count_without(db: Session, which: ColumnElement[bool]) -> int:
    """Return how many of some accounts nobody asked to welcome yet."""
    return db.scalar(select(func.count(Account.id)).where(which, without())) or 0
