"""Resets of a password: asked for by anybody, mailed to where the person can read it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, ForeignKey, delete, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from mailstore import clock, events, jobs
from mailstore.accounts import Account
from mailstore.bearer import hash_of
from mailstore.db import Base, PrimaryKey

JOB = "write_reset"
LIFE = timedelta(minutes=60)
TRY_AGAIN = timedelta(minutes=1)
MOST, WITHIN = 3, timedelta(hours=1)
KEPT = timedelta(days=30)


class Reset(Base):
    """A link that sets a new password once; only the hash of its token is kept.

    The token is made when its mail is written.
    """

    __tablename__ = "resets"

    id: Mapped[PrimaryKey]
    account_id: Mapped[int] = mapped_column(
        ForeignKey("accounts.id", ondelete="CASCADE"), index=True
    )
    token_hash: Mapped[str | None] = mapped_column(unique=True)
    asked_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    try_at: Mapped[datetime | None] = mapped_column(index=True)
    used_at: Mapped[datetime | None]


def ask(db: Session, account: Account) -> bool:
    """Begin a reset, whose mail is written at once; False if three were within the hour."""
    now = clock.now()
    lately = select(func.count()).where(
        Reset.account_id == account.id, Reset.asked_at > now - WITHIN
    )
    if (db.scalar(lately) or 0) >= MOST:
        return False
    reset = Reset(account_id=account.id, asked_at=now, ends_at=now + LIFE, try_at=now)
    db.add(reset)
    db.flush()
    detail = {"account": account.id}
    events.record(db, "reset_asked", tenant_id=account.tenant_id, by="nobody", detail=detail)
    jobs.after_commit(db, JOB, reset.id)
    return True


def invite(db: Session, account: Account, token: str, life: timedelta) -> None:
    """Let a token set a first password for a while; nothing without one.

    Whoever mails it says so in the same transaction.
    """
    if token:
        now = clock.now()
        hashed, ends_at = hash_of(token), now + life
        db.add(Reset(account_id=account.id, token_hash=hashed, asked_at=now, ends_at=ends_at))
        db.flush()


def due(db: Session, now: datetime) -> Sequence[int]:
    """Return the resets whose mail is to be written."""
    return db.scalars(
        select(Reset.id).where(Reset.try_at <= now, Reset.ends_at > now, Reset.used_at.is_(None))
    ).all()


def take(db: Session, reset_id: int) -> Reset | None:
    """Take a reset for writing its mail; None if it is not due, or was taken.

    The next try is written first.
    """
    now = clock.now()
    return db.scalar(
        update(Reset)
        .where(Reset.id == reset_id, Reset.try_at <= now, *_usable(now))
        .values(try_at=now + TRY_AGAIN)
        .returning(Reset)
    )


def written(db: Session, reset_id: int, token: str) -> bool:
    """Keep what is known of the token in a mail; False if another mail was queued meanwhile."""
    kept = db.scalar(
        update(Reset)
        .where(Reset.id == reset_id, Reset.token_hash.is_(None), *_usable(clock.now()))
        .values(token_hash=hash_of(token), try_at=None)
        .returning(Reset.id)
        .execution_options(synchronize_session=False)
    )
    return kept is not None


def account_of(db: Session, token: str) -> Account | None:
    """Return whose password a token sets; None if it does not any more, or never did."""
    return db.scalar(
        select(Account)
        .join(Reset, Reset.account_id == Account.id)
        .where(Reset.token_hash == hash_of(token), *_usable(clock.now()), Account.active)
    )


def use(db: Session, token: str) -> Account | None:
    """Use a token up and return whose password it sets; None if that was done, or it ended."""
    now = clock.now()
    account_id = db.scalar(
        update(Reset)
        .where(Reset.token_hash == hash_of(token), *_usable(now))
        .values(used_at=now)
        .returning(Reset.account_id)
        .execution_options(synchronize_session=False)
    )
    active = select(Account).where(Account.id == account_id, Account.active)
    return db.scalar(active) if account_id else None


def end_all(db: Session, account_id: int) -> None:
    """Use up all tokens of an account: its password was set."""
    now = clock.now()
    db.execute(
        update(Reset)
        .where(Reset.account_id == account_id, Reset.used_at.is_(None))
        .values(used_at=now, try_at=None)
        .execution_options(synchronize_session=False)
    )


def purge(db: Session) -> None:
    """Delete resets that ended some time ago."""
    db.execute(delete(Reset).where(Reset.ends_at < clock.now() - KEPT))


def _usable(now: datetime) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return Reset.used_at.is_(None), Reset.ends_at > now
