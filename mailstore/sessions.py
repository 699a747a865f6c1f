"""Signed-in sessions and known devices: rows, so that they can be seen and ended."""

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, UniqueConstraint, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from mailstore import clock, events
from mailstore.accounts import Account
from mailstore.db import Base, PrimaryKey, upsert

IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=12)
DEVICE_LIFE = timedelta(days=90)
SEEN_EVERY = timedelta(minutes=1)
TOKEN_BYTES = 32


class SignIn(Base):
    """A session of an account in one browser; only the hash of its token is kept.

    `proved_at` is when whoever sits there last proved who they are, `way` how, `address` where.
    """

    __tablename__ = "sign_ins"

    id: Mapped[PrimaryKey]
    token_hash: Mapped[str] = mapped_column(unique=True)
    account_id: Mapped[int] = mapped_column(
        ForeignKey("accounts.id", ondelete="CASCADE"), index=True
    )
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    proved_at: Mapped[datetime]
    agent: Mapped[str]
    address: Mapped[str] = mapped_column(default="")
    way: Mapped[str] = mapped_column(default="")


class Device(Base):
    """A browser that is known to a mailbox."""

    __tablename__ = "devices"
    __table_args__ = (UniqueConstraint("token_hash", "mailbox_id"),)

    id: Mapped[PrimaryKey]
    token_hash: Mapped[str]
    mailbox_id: Mapped[int] = mapped_column(ForeignKey("mailboxes.id", ondelete="CASCADE"))
    created_at: Mapped[datetime]
    agent: Mapped[str]


def new_token() -> str:
    """Return a random token for a cookie."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def start(db: Session, account: Account, agent: str) -> str:
    """Begin a session and return its token, which is not kept."""
    token, now = new_token(), clock.now()
    db.add(
        SignIn(
            token_hash=_hash(token),
            account_id=account.id,
            created_at=now,
            seen_at=now,
            proved_at=now,
            agent=agent[:200],
        )
    )
    events.record(db, "signed_in", tenant_id=account.tenant_id, by=account.email)
    return token


def account_of(db: Session, token: str) -> Account | None:
    """Return the active account of a living session, or None."""
    now = clock.now()
    return db.scalar(
        select(Account)
        .join(SignIn, SignIn.account_id == Account.id)
        .where(SignIn.token_hash == _hash(token), Account.active)
        .where(SignIn.seen_at > now - IDLE, SignIn.created_at > now - ABSOLUTE)
    )


def seen(db: Session, token: str) -> None:
    """Keep a session alive; written once a minute at most."""
    now = clock.now()
    db.execute(
        update(SignIn)
        .where(SignIn.token_hash == _hash(token), SignIn.seen_at < now - SEEN_EVERY)
        .values(seen_at=now)
    )


def needs_seen(db: Session, token: str) -> bool:
    """Whether `seen` would write anything now."""
    stale = clock.now() - SEEN_EVERY
    return (
        db.scalar(
            select(SignIn.account_id).where(
                SignIn.token_hash == _hash(token), SignIn.seen_at < stale
            )
        )
        is not None
    )


def end(db: Session, token: str) -> None:
    """End a session; its cookie is worth nothing from now on."""
    db.execute(delete(SignIn).where(SignIn.token_hash == _hash(token)))


def remember_device(db: Session, token: str, mailbox_ids: frozenset[int], agent: str) -> None:
    """Make a browser known to these mailboxes for ninety days."""
    for mailbox_id in sorted(mailbox_ids):
        now = clock.now()
        db.execute(
            upsert(db, Device)
            .values(
                token_hash=_hash(token), mailbox_id=mailbox_id, created_at=now, agent=agent[:200]
            )
            .on_conflict_do_update(
                index_elements=["token_hash", "mailbox_id"], set_={"created_at": now}
            )
        )
        events.record(db, "device_known", by=agent[:200], mailbox_id=mailbox_id)


def is_known(db: Session, token: str | None, mailbox_id: int) -> bool:
    """Whether this browser is known to the mailbox."""
    if not token:
        return False
    return (
        db.scalar(
            select(Device.id).where(
                Device.token_hash == _hash(token),
                Device.mailbox_id == mailbox_id,
                Device.created_at > clock.now() - DEVICE_LIFE,
            )
        )
        is not None
    )


def purge(db: Session) -> None:
    """Delete sessions and devices that have run out."""
    now = clock.now()
    db.execute(delete(SignIn).where(SignIn.seen_at < now - ABSOLUTE))
    db.execute(delete(Device).where(Device.created_at < now - DEVICE_LIFE))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
