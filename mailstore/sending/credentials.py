"""Credentials: secrets of their own for what sends by SMTP and is no person at a keyboard.

One of a domain is for a program, which may write with any address there. One of a person is for
their mail program: it works with a second factor too, and is nothing in the portal. A secret is
random and shown once; rows keep its hash.
"""

import base64
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, delete, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from mailstore import clock, events
from mailstore.accounts import Account
from mailstore.bearer import hash_of
from mailstore.db import Base, PrimaryKey, TenantKey
from mailstore.domains import Domain
from mailstore.errors import BadName
from mailstore.sending import submitters
from mailstore.sending.submitters import Submitter
from mailstore.texts import plain

# A hundred bits in twenty letters and digits: nobody guesses them, and printers have few keys.
SECRET_BYTES = 13
SECRET_LENGTH = 20
LOGIN_BYTES = 5
# Nobody needs to know the last use to the minute, and each note is a write.
NOTED_EVERY = timedelta(hours=1)


class Credential(Base):
    """A name to sign in with and the hash of its secret; of a domain, or of an account."""

    __tablename__ = "credentials"

    id: Mapped[PrimaryKey]
    tenant_id: Mapped[TenantKey]
    domain_id: Mapped[int | None] = mapped_column(
        ForeignKey("domains.id", ondelete="CASCADE"), index=True
    )
    account_id: Mapped[int | None] = mapped_column(
        ForeignKey("accounts.id", ondelete="CASCADE"), index=True
    )
    name: Mapped[str]
    login: Mapped[str]
    secret_hash: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


def add_for_domain(db: Session, domain: Domain, name: str, *, by: str) -> tuple[Credential, str]:
    """Return a new credential of a domain, and its secret, which is kept nowhere."""
    login = f"mail-{secrets.token_hex(LOGIN_BYTES)}"
    added = Credential(tenant_id=domain.tenant_id, domain_id=domain.id, login=login)
    return _added(db, added, name, by)


def add_for_account(db: Session, account: Account, name: str, *, by: str) -> tuple[Credential, str]:
    """Return a new credential of a person, and its secret; raises BadName for an operator."""
    if account.tenant_id is None:
        raise BadName("An operator writes no mail.")
    added = Credential(tenant_id=account.tenant_id, account_id=account.id, login=account.email)
    return _added(db, added, name, by)


def remove(db: Session, credential_id: int, *, by: str, tenant_id: int | None = None) -> bool:
    """End a credential, of this tenant if one is named; False if there is none."""
    ended = delete(Credential).where(Credential.id == credential_id)
    if tenant_id is not None:
        ended = ended.where(Credential.tenant_id == tenant_id)
    gone = db.execute(ended.returning(Credential.tenant_id, Credential.name)).first()
    if gone is None:
        return False
    detail = {"credential": credential_id, "name": gone.name}
    events.record(db, "credential_removed", by=by, tenant_id=gone.tenant_id, detail=detail)
    return True


def all_of(db: Session, tenant_id: int) -> Sequence[Credential]:
    """Return the credentials of a tenant and of its people."""
    return db.scalars(
        select(Credential).filter_by(tenant_id=tenant_id).order_by(Credential.id)
    ).all()


def find(db: Session, login: str, secret: str) -> Credential | None:
    """Return the credential that somebody shows, or None."""
    found = db.scalar(select(Credential).where(Credential.secret_hash == hash_of(secret)))
    return found if found is not None and found.login == login.strip().lower() else None


def submitter_of(db: Session, credential: Credential) -> Submitter | None:
    """Return who sends with a credential; None once its person's account is off."""
    if credential.account_id is not None:
        account = db.get_one(Account, credential.account_id)
        return submitters.person(db, account) if account.active else None
    return Submitter(
        credential.tenant_id, credential.login, None, frozenset({credential.domain_id or 0})
    )


def note_use(db: Session, credential_id: int) -> None:
    """Note that a credential was used, once an hour."""
    now = clock.now()
    db.execute(
        update(Credential)
        .where(Credential.id == credential_id)
        .where(or_(Credential.used_at.is_(None), Credential.used_at < now - NOTED_EVERY))
        .values(used_at=now)
        .execution_options(synchronize_session=False)
    )


def is_noted(credential: Credential) -> bool:
    """Whether its use was noted within the hour."""
    return credential.used_at is not None and credential.used_at >= clock.now() - NOTED_EVERY


def _added(db: Session, added: Credential, name: str, by: str) -> tuple[Credential, str]:
    secret = base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode().lower()[:SECRET_LENGTH]
    added.name, added.secret_hash, added.created_at = plain(name), hash_of(secret), clock.now()
    db.add(added)
    db.flush()
    detail = {"credential": added.id, "name": added.name}
    events.record(db, "credential_added", by=by, tenant_id=added.tenant_id, detail=detail)
    return added, secret
