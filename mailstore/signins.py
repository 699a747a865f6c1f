"""The rows of signed-in sessions; `sessions` begins, finds and ends them."""

from datetime import datetime

from sqlalchemy import ForeignKey, delete, false
from sqlalchemy.orm import Mapped, Session, mapped_column

from mailstore.db import Base, PrimaryKey


class SignIn(Base):
    """A session of an account in one browser; only the hash of its token is kept.

    `proved_at` is when whoever sits there last proved who they are, `way` how, `address` where.
    One that is `halfway` lacks its second step and lets nobody in.
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
    halfway: Mapped[bool] = mapped_column(default=False, server_default=false())


def end_of(db: Session, account_id: int, *, but: str | None = None) -> int:
    """End the sessions of an account, all but the one of a token's hash; return how many."""
    theirs = delete(SignIn).where(SignIn.account_id == account_id)
    if but is not None:
        theirs = theirs.where(SignIn.token_hash != but)
    ended = db.scalars(theirs.returning(SignIn.id).execution_options(synchronize_session=False))
    return len(ended.all())
