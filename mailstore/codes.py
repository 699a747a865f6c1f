"""Codes that sign in once: printed for an emergency, or kept for when a second factor is lost.

A code is four groups of four characters. The first group finds its row, the others are its
secret, of which only a hash is kept.
"""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from mailstore.db import Base, PrimaryKey


class CodeKind(StrEnum):
    """What a code is for."""

    EMERGENCY = "emergency"
    RECOVERY = "recovery"


class AccessCode(Base):
    """One code of an account."""

    __tablename__ = "access_codes"
    __table_args__ = (UniqueConstraint("account_id", "selector"),)

    id: Mapped[PrimaryKey]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    kind: Mapped[CodeKind]
    selector: Mapped[str]
    secret_hash: Mapped[str]
    made_at: Mapped[datetime]
    made_by: Mapped[str]
    ends_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]
