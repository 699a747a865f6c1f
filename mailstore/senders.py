"""Sender lists: allow and block entries of a person, a domain or a tenant."""

from collections.abc import Iterable, Sequence, Set
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, UniqueConstraint, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from mailstore import clock, events, mailboxes
from mailstore.addresses import Address
from mailstore.db import Base, PrimaryKey, TenantKey, upsert
from mailstore.envelopes import Recipient
from mailstore.tenants import Tenant


class Listed(StrEnum):
    """What an entry says of a sender."""

    ALLOWED = "allowed"
    BLOCKED = "blocked"


class SenderEntry(Base):
    """An address or domain on somebody's list; without mailbox and domain, the tenant's."""

    __tablename__ = "sender_entries"
    __table_args__ = (
        UniqueConstraint("tenant_id", "domain_id", "mailbox_id", "listed", "pattern"),
        Index("ix_sender_entries_pattern", "tenant_id", "pattern"),
    )

    id: Mapped[PrimaryKey]
    tenant_id: Mapped[TenantKey]
    domain_id: Mapped[int | None] = mapped_column(ForeignKey("domains.id", ondelete="CASCADE"))
    mailbox_id: Mapped[int | None] = mapped_column(ForeignKey("mailboxes.id", ondelete="CASCADE"))
    listed: Mapped[Listed]
    pattern: Mapped[str]
    by: Mapped[str]
    delivery_id: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    last_hit_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]


def allow(
    db: Session, tenant_id: int, mailbox_id: int, author: str, delivery_id: int, *, by: str
) -> bool:
    """Allow an author for one mailbox, with the mail it came from; False if allowed already."""
    mailboxes.alone(db, mailbox_id)
    present = select(SenderEntry.id).where(
        SenderEntry.mailbox_id == mailbox_id,
        SenderEntry.listed == Listed.ALLOWED,
        SenderEntry.pattern == author,
        or_(SenderEntry.expires_at.is_(None), SenderEntry.expires_at > clock.now()),
    )
    if db.scalar(present) is not None:
        return False
    row = {
        "tenant_id": tenant_id,
        "mailbox_id": mailbox_id,
        "listed": Listed.ALLOWED,
        "pattern": author,
        "by": by,
        "delivery_id": delivery_id,
        "created_at": clock.now(),
    }
    db.execute(upsert(db, SenderEntry).values(**row).on_conflict_do_nothing())
    events.record(
        db,
        "sender_allowed",
        by=by,
        tenant_id=tenant_id,
        mailbox_id=mailbox_id,
        delivery_id=delivery_id,
        detail={"pattern": author},
    )
    return True


def tenants_with_lists(db: Session, tenant_ids: Set[int]) -> set[int]:
    """Return those of these tenants where anybody has a list."""
    entries = select(SenderEntry.id).where(SenderEntry.tenant_id == Tenant.id).exists()
    return set(db.scalars(select(Tenant.id).where(Tenant.id.in_(tenant_ids), entries)))


def apply_lists(
    db: Session, recipients: Sequence[Recipient], author: Address | None
) -> list[Recipient]:
    """Return the recipients, their policies with what their lists say of this author."""
    if author is None:
        return list(recipients)
    now = clock.now()
    entries = db.scalars(
        select(SenderEntry)
        .where(SenderEntry.tenant_id.in_({each.tenant_id for each in recipients}))
        .where(SenderEntry.pattern.in_((author.key, author.domain)))
        .where(or_(SenderEntry.expires_at.is_(None), SenderEntry.expires_at > now))
    ).all()
    return (
        [_with_lists(each, entries, author) for each in recipients] if entries else list(recipients)
    )


def _with_lists(recipient: Recipient, entries: Iterable[SenderEntry], author: Address) -> Recipient:
    mine = [entry for entry in entries if _applies(entry, recipient)]
    policy = replace(
        recipient.policy,
        allowed=frozenset(author.key for entry in mine if entry.listed is Listed.ALLOWED),
        blocked=frozenset(author.key for entry in mine if entry.listed is Listed.BLOCKED),
    )
    return replace(recipient, policy=policy)


def _applies(entry: SenderEntry, recipient: Recipient) -> bool:
    return (
        entry.tenant_id == recipient.tenant_id
        and entry.domain_id in (None, recipient.domain_id)
        and entry.mailbox_id in (None, recipient.mailbox_id)
    )
