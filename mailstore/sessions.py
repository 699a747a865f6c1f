"""Signed-in sessions and known devices: rows, so that they can be seen and ended."""

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    UniqueConstraint,
    bindparam,
    delete,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from mailstore import clock, events, signins
from mailstore.accounts import Account
from mailstore.db import Base, PrimaryKey, upsert
from mailstore.mailboxes import Mailbox, MailboxAccess, Right
from mailstore.reports import Link
from mailstore.signins import SignIn
from mailstore.tenants import Tenant

IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=12)
DEVICE_LIFE = timedelta(days=90)
SEEN_EVERY = timedelta(minutes=1)
TOKEN_BYTES = 32


class Living(NamedTuple):
    """A living session: whose it is, when they last proved who they are, and what is due.

    Also their tenant, and the language of their first mailbox.
    """

    account: Account
    proved_at: datetime
    needs_seen: bool
    tenant: Tenant | None
    language: str | None


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


def start(db: Session, account: Account, agent: str, *, way: str = "", address: str = "") -> str:
    """Begin a session and return its token, which is not kept."""
    token, now = new_token(), clock.now()
    db.add(
        SignIn(
            token_hash=hash_of(token),
            account_id=account.id,
            created_at=now,
            seen_at=now,
            proved_at=now,
            agent=agent[:200],
            address=address,
            way=way,
        )
    )
    at = update(Account).where(Account.id == account.id).values(signed_in_at=now)
    db.execute(at.execution_options(synchronize_session=False))
    detail = {"account": account.id, "way": way}
    events.record(db, "signed_in", tenant_id=account.tenant_id, by=account.email, detail=detail)
    return token


# Every page asks this, and making the query takes longer than asking it.
_LIVING = (
    select(
        Account,
        SignIn.proved_at,
        SignIn.seen_at < bindparam("stale"),
        Tenant,
        select(Mailbox.language)
        .join(MailboxAccess, MailboxAccess.mailbox_id == Mailbox.id)
        .where(MailboxAccess.account_id == Account.id)
        .order_by(Mailbox.id)
        .limit(1)
        .scalar_subquery(),
    )
    .join(SignIn, SignIn.account_id == Account.id)
    .outerjoin(Tenant, Tenant.id == Account.tenant_id)
    .where(SignIn.token_hash == bindparam("token_hash"), Account.active)
    .where(SignIn.seen_at > bindparam("idle"), SignIn.created_at > bindparam("oldest"))
)


def living(db: Session, token: str) -> Living | None:
    """Return a session that lives and whose account is active, or None; one query."""
    now = clock.now()
    shown = {"token_hash": hash_of(token), "stale": now - SEEN_EVERY}
    found = db.execute(_LIVING, shown | {"idle": now - IDLE, "oldest": now - ABSOLUTE}).first()
    return Living(*found) if found else None


def seen(db: Session, token: str) -> None:
    """Keep a session alive; written once a minute at most."""
    now = clock.now()
    db.execute(
        update(SignIn)
        .where(SignIn.token_hash == hash_of(token), SignIn.seen_at < now - SEEN_EVERY)
        .values(seen_at=now)
    )


def proved(db: Session, token: str, way: str) -> None:
    """Note that whoever sits there proved once more who they are, and how."""
    db.execute(
        update(SignIn)
        .where(SignIn.token_hash == hash_of(token))
        .values(proved_at=clock.now(), way=way)
    )


def way_of(db: Session, token: str) -> str:
    """Return how whoever sits there proved who they are; empty if the session ended."""
    return db.scalar(select(SignIn.way).where(SignIn.token_hash == hash_of(token))) or ""


def of_account(db: Session, account_id: int) -> Sequence[SignIn]:
    """Return the living sessions of an account, the one seen last first."""
    now = clock.now()
    return db.scalars(
        select(SignIn)
        .where(SignIn.account_id == account_id)
        .where(SignIn.seen_at > now - IDLE, SignIn.created_at > now - ABSOLUTE)
        .order_by(SignIn.seen_at.desc(), SignIn.id.desc())
    ).all()


def end(db: Session, token: str) -> None:
    """End a session; its cookie is worth nothing from now on."""
    db.execute(delete(SignIn).where(SignIn.token_hash == hash_of(token)))


def end_one(db: Session, account_id: int, sign_in_id: int) -> bool:
    """End one session of an account; False if it has none such."""
    ended = db.scalar(
        delete(SignIn)
        .where(SignIn.id == sign_in_id, SignIn.account_id == account_id)
        .returning(SignIn.id)
        .execution_options(synchronize_session=False)
    )
    return ended is not None


def end_all(db: Session, account: Account, *, by: str, but: str | None = None) -> int:
    """End the sessions of an account, all but the one of a token; return how many."""
    ended = signins.end_of(db, account.id, but=hash_of(but) if but else None)
    if ended:
        detail = {"account": account.id, "sessions": ended}
        events.record(db, "sessions_ended", tenant_id=account.tenant_id, by=by, detail=detail)
    return ended


def log_out_everywhere(db: Session, account: Account, *, by: str) -> None:
    """End all that lets somebody in without signing in anew.

    That is sessions, known devices and report links of the mailboxes that the account owns.
    """
    end_all(db, account, by=by)
    owned = select(MailboxAccess.mailbox_id).where(
        MailboxAccess.account_id == account.id, MailboxAccess.right == Right.OWNER
    )
    now = clock.now()
    for ending in (
        delete(Device).where(Device.mailbox_id.in_(owned)),
        update(Link).where(Link.mailbox_id.in_(owned), Link.ends_at > now).values(ends_at=now),
    ):
        db.execute(ending.execution_options(synchronize_session=False))
    detail = {"account": account.id}
    events.record(db, "logged_out_everywhere", tenant_id=account.tenant_id, by=by, detail=detail)


def remember_device(db: Session, token: str, mailbox_ids: frozenset[int], agent: str) -> None:
    """Make a browser known to these mailboxes for ninety days."""
    for mailbox_id in sorted(mailbox_ids):
        now = clock.now()
        db.execute(
            upsert(db, Device)
            .values(
                token_hash=hash_of(token), mailbox_id=mailbox_id, created_at=now, agent=agent[:200]
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
                Device.token_hash == hash_of(token),
                Device.mailbox_id == mailbox_id,
                _known_still(),
            )
        )
        is not None
    )


def knows(db: Session, token: str | None, account: Account | None) -> bool:
    """Whether this browser is known to a mailbox that the account owns."""
    if not token or account is None:
        return False
    known = (
        select(Device.id)
        .join(MailboxAccess, MailboxAccess.mailbox_id == Device.mailbox_id)
        .where(MailboxAccess.account_id == account.id, MailboxAccess.right == Right.OWNER)
        .where(Device.token_hash == hash_of(token), _known_still())
    )
    return db.scalar(known.limit(1)) is not None


def devices_of(db: Session, mailbox_ids: Iterable[int]) -> Sequence[Device]:
    """Return the browsers that are known to these mailboxes, the newest first."""
    return db.scalars(
        select(Device)
        .where(Device.mailbox_id.in_(sorted(mailbox_ids)), _known_still())
        .order_by(Device.created_at.desc(), Device.id.desc())
    ).all()


def forget_device(
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


def purge(db: Session) -> None:
    """Delete sessions and devices that have run out."""
    now = clock.now()
    db.execute(delete(SignIn).where(SignIn.seen_at < now - ABSOLUTE))
    db.execute(delete(Device).where(Device.created_at < now - DEVICE_LIFE))


def hash_of(token: str) -> str:
    """Return what is kept of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _known_still() -> ColumnElement[bool]:
    return Device.created_at > clock.now() - DEVICE_LIFE
