"""Accounts: who can sign in, and which mail is theirs."""

import secrets
from datetime import datetime
from enum import StrEnum

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import ForeignKey, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from mailstore import clock, domains, events
from mailstore.addresses import Address
from mailstore.db import Base, PrimaryKey
from mailstore.errors import BadName
from mailstore.mailboxes import Mailbox, MailboxAccess, MailboxAddress, MailboxKind, Right
from mailstore.scope import Scope

SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 1024


class Role(StrEnum):
    """What an account may administer."""

    OPERATOR = "operator"
    ADMIN = "admin"
    USER = "user"


class Account(Base):
    """Who can sign in; an operator has no tenant.

    `totp_secret` is wrapped by the operator's key ring, empty without a second factor; `totp_step`
    is the last step of it that was used (RFC 6238 §5.2: none is taken twice).
    """

    __tablename__ = "accounts"

    id: Mapped[PrimaryKey]
    tenant_id: Mapped[int | None] = mapped_column(
        ForeignKey("tenants.id", ondelete="CASCADE"), index=True
    )
    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(default="")
    role: Mapped[Role] = mapped_column(default=Role.USER)
    password_hash: Mapped[str | None]
    language: Mapped[str | None]
    active: Mapped[bool] = mapped_column(default=True)
    private_address: Mapped[str] = mapped_column(default="")
    totp_secret: Mapped[str] = mapped_column(default="")
    totp_step: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)


# OWASP's minimum (19 MiB, two passes): several sign-ins at once must fit a small machine.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_DUMMY = _HASHER.hash(secrets.token_hex(16))


def check_password(password: str) -> str:
    """Return a password that can be set, or raise BadName."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise BadName(f"A password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters.")
    return password


def hash_password(password: str) -> str:
    """Return what is stored of a password (argon2id); takes tens of milliseconds."""
    return _HASHER.hash(check_password(password))


def password_fits(account: Account | None, password: str) -> bool:
    """Whether the password is the account's; as slow for an account that does not exist."""
    stored = account.password_hash if account and account.active else None
    try:
        fits = _HASHER.verify(stored or _DUMMY, password[:LONGEST_PASSWORD])
    except (VerifyMismatchError, InvalidHashError):
        return False
    return fits and stored is not None


def find(db: Session, email: str) -> Account | None:
    """Return the account of an address, or None."""
    return db.scalar(select(Account).where(Account.email == email.strip().lower()))


def add_account(
    db: Session, address: Address, role: Role, password_hash: str | None, *, by: str
) -> Account:
    """Add an account that owns the mailbox of its address, or raise BadName.

    A person or administrator belongs to the tenant of that mailbox; an operator to none.
    """
    if find(db, address.key) is not None:
        raise BadName(f"There is an account '{address}' already.")
    mailbox = db.scalar(
        select(Mailbox).join(MailboxAddress).where(MailboxAddress.key == address.key)
    )
    if mailbox is None and role is not Role.OPERATOR:
        raise BadName(f"There is no mailbox '{address}': add it first.")
    account = Account(
        email=address.key,
        name=mailbox.name if mailbox else "",
        role=role,
        tenant_id=mailbox.tenant_id if mailbox and role is not Role.OPERATOR else None,
        password_hash=password_hash,
    )
    db.add(account)
    db.flush()
    if mailbox is not None:
        grant(db, account.id, mailbox.id, Right.OWNER)
    events.record(db, "account_added", tenant_id=account.tenant_id, by=by)
    return account


def set_private_address(db: Session, account: Account, text: str, *, by: str) -> None:
    """Keep where a person is told of an outage, empty for nowhere; raises BadName, BadAddress.

    An address of ours would be of no use: its mail waits too.
    """
    address = Address.parse(text.strip()) if text.strip() else None
    if address is not None and domains.ours(db, address.domain):
        raise BadName(f"Mail to '{address}' comes through here too; name an address elsewhere.")
    account.private_address = str(address or "")
    db.execute(
        update(Account).where(Account.id == account.id).values(private_address=str(address or ""))
    )
    events.record(db, "private_address_set", tenant_id=account.tenant_id, by=by)


def grant(db: Session, account_id: int, mailbox_id: int, right: Right) -> None:
    """Let an account into a mailbox."""
    db.add(MailboxAccess(account_id=account_id, mailbox_id=mailbox_id, right=right))
    db.flush()


def scope_of(db: Session, account: Account) -> Scope:
    """Return whose mail an account sees: its mailboxes, and for administrators catch-alls.

    Roles give no right to other people's mail.
    """
    own = select(MailboxAccess.mailbox_id).where(MailboxAccess.account_id == account.id)
    ids = set(db.scalars(own))
    if account.role is Role.ADMIN:
        buckets = select(Mailbox.id).where(
            Mailbox.tenant_id == account.tenant_id, Mailbox.kind == MailboxKind.CATCH_ALL
        )
        ids |= set(db.scalars(buckets))
    return Scope(account.tenant_id, frozenset(ids))
