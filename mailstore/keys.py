"""Keys of stored mail: one data key per tenant and expiry day, wrapped by the operator's ring.

Deleting the row erases every mail of that tenant and day, wherever copies of the pack went.
"""

import secrets
from collections.abc import Sequence
from datetime import date

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy import ColumnElement, UniqueConstraint, delete, select
from sqlalchemy.orm import Mapped, Session

from mailstore.db import Base, PrimaryKey, TenantKey, upsert
from mailstore.errors import Misconfigured, NotFound

KEY_BYTES = 32


class DataKey(Base):
    """A wrapped key; its absence is what makes a day's mail unreadable."""

    __tablename__ = "data_keys"
    __table_args__ = (UniqueConstraint("tenant_id", "day"),)

    id: Mapped[PrimaryKey]
    tenant_id: Mapped[TenantKey]
    day: Mapped[date]
    wrapped: Mapped[str]


class KeyRing:
    """The operator's keys; the first wraps, all unwrap. Keeps unwrapped keys in memory."""

    def __init__(self, keys: list[str]) -> None:
        try:
            self._fernet = MultiFernet([Fernet(key) for key in keys])
        except ValueError as error:
            raise Misconfigured("MAILHAFEN_KEYS: not a list of Fernet keys.") from error
        self._known: dict[tuple[int, date], bytes] = {}

    def known(self, tenant_id: int, day: date) -> bytes | None:
        """Return a key this process has used before, without touching rows."""
        return self._known.get((tenant_id, day))

    def make(self, db: Session, tenant_id: int, day: date) -> bytes:
        """Return the key of a tenant's day, made if need be; wants a writing session.

        It may be used, and remembered, once that session has committed.
        """
        wrapped = self._fernet.encrypt(secrets.token_bytes(KEY_BYTES)).decode()
        values = {"tenant_id": tenant_id, "day": day, "wrapped": wrapped}
        db.execute(upsert(db, DataKey).values(**values).on_conflict_do_nothing())
        return self.find(db, tenant_id, day)

    def find(self, db: Session, tenant_id: int, day: date) -> bytes:
        """Return the key of a tenant's day, or raise NotFound: it was erased."""
        wrapped = db.scalar(
            select(DataKey.wrapped).where(DataKey.tenant_id == tenant_id, DataKey.day == day)
        )
        if wrapped is None:
            raise NotFound(f"the key of day {day} is erased")
        try:
            key = self._fernet.decrypt(wrapped)
        except InvalidToken as error:
            raise Misconfigured("MAILHAFEN_KEYS does not hold the key of stored mail.") from error
        return key

    def wrap(self, secret: bytes) -> str:
        """Return a secret as it may stand in a row."""
        return self._fernet.encrypt(secret).decode()

    def unwrap(self, wrapped: str) -> bytes:
        """Return what `wrap` was given, or raise Misconfigured: the ring lost its key."""
        try:
            return self._fernet.decrypt(wrapped)
        except InvalidToken as error:
            raise Misconfigured(
                "MAILHAFEN_KEYS does not hold the key of what was learned."
            ) from error

    def remember(self, tenant_id: int, day: date, key: bytes) -> None:
        """Keep a key whose row is durable in memory."""
        self._known[tenant_id, day] = key


def erase(db: Session, which: ColumnElement[bool]) -> Sequence[tuple[int, date]]:
    """Delete the keys that a condition chooses; return their tenants and days."""
    erased = db.execute(
        delete(DataKey)
        .where(which)
        .returning(DataKey.tenant_id, DataKey.day)
        .execution_options(synchronize_session=False)
    )
    return [(tenant_id, day) for tenant_id, day in erased]
