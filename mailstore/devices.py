"""Devices: browsers that are known to a mailbox, which its report links open for reading.

A browser gets known where somebody signs in, or types the code that is printed in a report.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Select,
    UniqueConstraint,
    delete,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from mailstore import clock, events
from mailstore.bearer import hash_of, new_token
from mailstore.db import Base, PrimaryKey, upsert
from mailstore.mailboxes import MailboxAccess, Right
from mailstore.reports.rows import Link

LIFE = timedelta(days=90)


class Device(Base):
    """A browser that is known to a mailbox."""

    __tablename__ = "devices"
    __table_args__ = (UniqueConstraint("token_hash", "mailbox_id"),)

    id: Mapped[PrimaryKey]
    token_hash: Mapped[str]
    mailbox_id: Mapped[int] = mapped_column(ForeignKey("mailboxes.id", ondelete="CASCADE"))
    created_at: Mapped[datetime]
    agent: Mapped[str]


def know(db: Session, token: str, mailbox_ids: Iterable[int], agent: str) -> None:
    """Make a browser known to these mailboxes for ninety days."""
    for mailbox_id in sorted(mailbox_ids):
        now, kept = clock.now(), hash_of(token)
        db.execute(
            upsert(db, Device)
            .values(token_hash=kept, mailbox_id=mailbox_id, created_at=now, agent=agent[:200])
            .on_conflict_do_update(
                index_elements=["token_hash", "mailbox_id"], set_={"created_at": now}
            )
        )
        events.record(db, "device_known", by=agent[:200], mailbox_id=mailbox_id)


def renew(db: Session, token: str | None) -> str:
    """Return a new token for a browser that shows this one, and is known to the same mailboxes.

    Whoever sat there before may have kept the old one: it is worth nothing any more.
    """
    fresh = new_token()
    if token:
        renewed = update(Device).where(Device.token_hash == hash_of(token))
        db.execute(
            renewed.values(token_hash=hash_of(fresh)).execution_options(synchronize_session=False)
        )
    return fresh


def is_known(db: Session, token: str | None, mailbox_id: int) -> bool:
    """Whether this browser is known to the mailbox."""
    if not token:
        return False
    return (
        db.scalar(
            select(Device.id).where(
                Device.token_hash == hash_of(token),
                Device.mailbox_id == mailbox_id,
                _known_still(),
            )
        )
        is not None
    )


def knows(db: Session, token: str | None, account_id: int | None) -> bool:
    """Whether this browser is known to a mailbox that the account owns."""
    if not token or account_id is None:
        return False
    known = (
        select(Device.id)
        .join(MailboxAccess, MailboxAccess.mailbox_id == Device.mailbox_id)
        .where(MailboxAccess.account_id == account_id, MailboxAccess.right == Right.OWNER)
        .where(Device.token_hash == hash_of(token), _known_still())
    )
    return db.scalar(known.limit(1)) is not None


def of_mailboxes(db: Session, mailbox_ids: Iterable[int]) -> Sequence[Device]:
    """Return the browsers that are known to these mailboxes, the newest first."""
    return db.scalars(
        select(Device)
        .where(Device.mailbox_id.in_(sorted(mailbox_ids)), _known_still())
        .order_by(Device.created_at.desc(), Device.id.desc())
    ).all()


def forget(
    db: Session, mailbox_ids: Iterable[int], device_id: int, *, by: str = "its owner"
) -> bool:
    """Make a browser unknown to all of these mailboxes; False if it is not known to them."""
    ours = Device.mailbox_id.in_(sorted(mailbox_ids))
    browser = select(Device.token_hash).where(Device.id == device_id, ours)
    forgotten = db.scalars(
        delete(Device)
        .where(ours, Device.token_hash.in_(browser))
        .returning(Device.mailbox_id)
        .execution_options(synchronize_session=False)
    ).all()
    for mailbox_id in forgotten:
        events.record(db, "device_forgotten", by=by, mailbox_id=mailbox_id)
    return bool(forgotten)


def forget_all(db: Session, mailbox_ids: Collection[int] | Select[Any]) -> None:
    """Make every browser unknown to these mailboxes, and end the links of their reports."""
    now = clock.now()
    for ending in (
        delete(Device).where(Device.mailbox_id.in_(mailbox_ids)),
        update(Link)
        .where(Link.mailbox_id.in_(mailbox_ids), Link.ends_at > now)
        .values(ends_at=now),
    ):
        db.execute(ending.execution_options(synchronize_session=False))


def leave(db: Session, account_id: int) -> None:
    """Let nobody in by what an account's browsers are known to, or by links to its own mail."""
    mine = select(MailboxAccess.mailbox_id).where(MailboxAccess.account_id == account_id)
    own = mine.where(MailboxAccess.right == Right.OWNER)
    browsers = select(Device.token_hash).where(Device.mailbox_id.in_(own))
    db.execute(
        delete(Device)
        .where(Device.mailbox_id.in_(mine), Device.token_hash.in_(browsers))
        .execution_options(synchronize_session=False)
    )
    forget_all(db, own)


def purge(db: Session) -> None:
    """Delete what was known and is not any more."""
    db.execute(delete(Device).where(Device.created_at < clock.now() - LIFE))


def _known_still() -> ColumnElement[bool]:
    return Device.created_at > clock.now() - LIFE
