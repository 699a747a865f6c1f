"""Refusals: mail turned away in the SMTP session, so that "where is my mail?" has an answer."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import ForeignKey, Index, insert, select, tuple_
from sqlalchemy.orm import Mapped, Session, mapped_column

from mailstore.db import Base, PrimaryKey, TenantKey
from mailstore.pages import Page
from mailstore.scope import Scope


class Refusal(Base):
    """One mail refused for one of our recipients."""

    __tablename__ = "refusals"
    __table_args__ = (Index("ix_refusals_list", "mailbox_id", "at"),)

    id: Mapped[PrimaryKey]
    at: Mapped[datetime]
    tenant_id: Mapped[TenantKey]
    domain_id: Mapped[int] = mapped_column(ForeignKey("domains.id", ondelete="CASCADE"))
    mailbox_id: Mapped[int] = mapped_column(ForeignKey("mailboxes.id", ondelete="CASCADE"))
    recipient: Mapped[str]
    client_ip: Mapped[str]
    sender: Mapped[str]
    author: Mapped[str]
    subject: Mapped[str]
    reason: Mapped[str]
    reply: Mapped[str]


@dataclass(frozen=True, slots=True)
class Refused:
    """A refusal that is not a row yet."""

    at: datetime
    tenant_id: int
    domain_id: int
    mailbox_id: int
    recipient: str
    client_ip: str
    sender: str
    author: str
    subject: str
    reason: str
    reply: str


def turned_away(db: Session, scope: Scope, page: Page) -> Sequence[Refusal]:
    """Return what was refused, newest first; one more than the page's size if more follow."""
    query = select(Refusal).where(scope.covers(Refusal))
    if page.after:
        query = query.where(tuple_(Refusal.at, Refusal.id) < tuple_(*page.after))
    newest = query.order_by(Refusal.at.desc(), Refusal.id.desc())
    return db.scalars(newest.limit(page.size + 1)).all()


def record(db: Session, refused: Sequence[Refused]) -> None:
    """Write refusals down."""
    if refused:
        db.execute(insert(Refusal), [asdict(each) for each in refused])
