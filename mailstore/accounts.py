"""Accounts: who can sign in, and which mail is theirs."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, bindparam, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from mailstore import clock, devices, events, tenants
from mailstore.addresses import Address
from mailstore.db import Base, PrimaryKey, upsert
from mailstore.errors import BadName, NotFound
from mailstore.mailboxes import Mailbox, MailboxAccess, MailboxAddress, MailboxKind, Right
from mailstore.scope import Scope


class Role(StrEnum):
    """What an account may administer: the installation, a tenant, some domains, or held mail."""

    OPERATOR = "operator"
    ADMIN = "admin"
    DOMAIN_ADMIN = "domain_admin"
    QUARANTINE_ADMIN = "quarantine_admin"
    USER = "user"


ADMINISTRATORS = frozenset(Role) - {Role.USER}
# Who looks after held mail of others.
KEEPERS = frozenset({Role.ADMIN, Role.QUARANTINE_ADMIN})


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
    signed_in_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)


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


def set_language(db: Session, account: Account, language: str, *, by: str) -> None:
    """Speak to a person in this language, or with "" as the browser asks; raises BadName.

    What comes by mail asks no browser: reports to the person's own mailbox speak it too.
    """
    if language:
        tenants.check_language(language)
    account.language = language
    db.execute(update(Account).where(Account.id == account.id).values(language=language))
    own = select(MailboxAccess.mailbox_id).where(
        MailboxAccess.account_id == account.id, MailboxAccess.right == Right.OWNER
    )
    db.execute(
        update(Mailbox)
        .where(Mailbox.id.in_(own), Mailbox.kind == MailboxKind.PERSON)
        .values(language=language or None)
        .execution_options(synchronize_session=False)
    )
    events.record(db, "language_set", tenant_id=account.tenant_id, by=by)


def named(db: Session, email: str) -> Account:
    """Return the account of an address; raises NotFound."""
    found = find(db, email)
    if found is None:
        raise NotFound(f"There is no account '{email}'.")
    return found


def grant(db: Session, account_id: int, mailbox_id: int, right: Right) -> None:
    """Let an account into a mailbox."""
    db.add(MailboxAccess(account_id=account_id, mailbox_id=mailbox_id, right=right))
    db.flush()


def add_delegate(db: Session, account: Account, mailbox: Mailbox, *, by: str) -> bool:
    """Let somebody use a mailbox as well; False if they may already. Raises BadName.

    Only within a tenant: nobody hands its mail out.
    """
    if account.tenant_id != mailbox.tenant_id:
        raise BadName(f"'{account.email}' and '{mailbox.address}' are not of the same tenant.")
    added = db.scalar(
        upsert(db, MailboxAccess)
        .values(account_id=account.id, mailbox_id=mailbox.id, right=Right.DELEGATE)
        .on_conflict_do_nothing()
        .returning(MailboxAccess.id)
    )
    if added is not None:
        _delegated(db, "delegate_added", account, mailbox, by)
    return added is not None


def remove_delegate(db: Session, account: Account, mailbox: Mailbox, *, by: str) -> bool:
    """Let a delegate use a mailbox no more, from the next page on; False if they may not.

    Nobody knows which of its links and browsers are theirs, so all of them end.
    """
    removed = db.scalar(
        delete(MailboxAccess)
        .where(MailboxAccess.account_id == account.id, MailboxAccess.mailbox_id == mailbox.id)
        .where(MailboxAccess.right == Right.DELEGATE)
        .returning(MailboxAccess.id)
        .execution_options(synchronize_session=False)
    )
    if removed is not None:
        devices.forget_all(db, [mailbox.id])
        _delegated(db, "delegate_removed", account, mailbox, by)
    return removed is not None


def _delegated(db: Session, kind: str, account: Account, mailbox: Mailbox, by: str) -> None:
    ids = {"tenant_id": mailbox.tenant_id, "mailbox_id": mailbox.id}
    events.record(db, kind, by=by, detail={"account": account.id}, **ids)


def scope_of(db: Session, account: Account) -> Scope:
    """Return whose mail an account sees: its mailboxes, and for administrators catch-alls.

    Roles give no right to other people's mail.
    """
    seen = _OWN_AND_CATCH_ALLS if account.role is Role.ADMIN else _OWN
    ids = db.scalars(seen, {"account_id": account.id, "tenant_id": account.tenant_id})
    return Scope(account.tenant_id, frozenset(ids))


# Every page asks this, and making the query takes longer than asking it.
_OWN = (
    select(MailboxAccess.mailbox_id)
    .join(Mailbox, Mailbox.id == MailboxAccess.mailbox_id)
    .where(MailboxAccess.account_id == bindparam("account_id"), Mailbox.active)
)
_OWN_AND_CATCH_ALLS = _OWN.union(
    select(Mailbox.id).where(
        Mailbox.tenant_id == bindparam("tenant_id"), Mailbox.kind == MailboxKind.CATCH_ALL
    )
)
