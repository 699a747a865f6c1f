"""Resets of a password: asked for by anybody, mailed to where the person can read it."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from mailstore.db import Base, PrimaryKey


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
