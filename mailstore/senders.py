"""Sender lists: allow, block and no-tag entries of a person, a domain or a tenant."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, ForeignKey, Index, Row, UniqueConstraint, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from mailstore import clock, events
from mailstore.db import Base, PrimaryKey, TenantKey
from mailstore.deliveries import Delivery
from mailstore.tenants import Tenant

# The symbol whose detail says what proved the author of a mail.
AUTHENTICATED = "AUTHENTICATED"


class Listed(StrEnum):
    """What an entry says of a sender."""

    ALLOWED = "allowed"
    BLOCKED = "blocked"
    UNTAGGED = "untagged"


EVENTS = {
    Listed.ALLOWED: "sender_allowed",
    Listed.BLOCKED: "sender_blocked",
    Listed.UNTAGGED: "sender_untagged",
}
REMOVED = "sender_removed"


OPPOSITES = {Listed.ALLOWED: Listed.BLOCKED, Listed.BLOCKED: Listed.ALLOWED}


class SenderEntry(Base):
    """An address or domain on somebody's list; without mailbox and domain, the tenant's.

    `proof` is what proved the author when the entry was made, in words; None asks for any proof,
    and with an empty one the entry waits for a mail that is proven. One that `renews` lives on for
    a while each time a mail meets it.
    """

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
    proof: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    last_hit_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    renews: Mapped[bool] = mapped_column(default=False)


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose list it is: a person's, a domain's, or the tenant's."""

    tenant_id: int
    domain_id: int | None = None
    mailbox_id: int | None = None

    @property
    def ids(self) -> dict[str, Any]:
        """Return what names the owner in a row."""
        return {
            "tenant_id": self.tenant_id,
            "domain_id": self.domain_id,
            "mailbox_id": self.mailbox_id,
        }

    @property
    def rows(self) -> tuple[ColumnElement[bool], ...]:
        """Return the conditions that an entry is on this very list."""
        return tuple(getattr(SenderEntry, name) == value for name, value in self.ids.items())


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to have on a list; the pattern as `patterns.read_pattern` gives it."""

    listed: Listed
    pattern: str
    proof: str | None = None
    delivery_id: int | None = None
    expires_at: datetime | None = None
    renews: bool = False


def allow(
    db: Session, tenant_id: int, mailbox_id: int, author: str, delivery_id: int, *, by: str
) -> bool:
    """Allow an author for one mailbox, with the mail it came from; False if allowed already.

    What proves the author of that mail is what the entry asks for from then on. Without any
    proof it waits: allowing a later mail that is proven makes it hold.
    """
    symbols = db.scalar(select(Delivery.symbols).where(Delivery.id == delivery_id))
    wish = Wish(Listed.ALLOWED, author, proof_in(symbols or ()), delivery_id)
    return enter(db, Owner(tenant_id, mailbox_id=mailbox_id), wish, by=by)


def proof_in(symbols: Iterable[Sequence[Any]]) -> str:
    """Return what proves the author of a delivery, in words; empty if nothing does."""
    said = next((str(detail) for name, detail, *_ in symbols if name == AUTHENTICATED), "")
    return " ".join(sorted(said.split()))


def enter(db: Session, owner: Owner, wish: Wish, *, by: str, file: str = "") -> bool:
    """Put a sender on a list; False if the list says as much already.

    One that ended begins anew; one that says less learns: proofs add up, a longer life wins.
    `file` names the file that brings it, so that all of it can be taken back as one. Whoever is
    allowed is blocked no more, and the other way round.
    """
    alone(db, owner.tenant_id)
    if opposite := OPPOSITES.get(wish.listed):
        same = (SenderEntry.listed == opposite) & (SenderEntry.pattern == wish.pattern)
        drop(db, owner, same, by=by)
    entry = db.scalars(
        select(SenderEntry).where(
            *owner.rows, SenderEntry.listed == wish.listed, SenderEntry.pattern == wish.pattern
        )
    ).first()
    before = kept(entry) if entry is not None else None
    if entry is None:
        entry = SenderEntry(**owner.ids, listed=wish.listed, pattern=wish.pattern)
        db.add(entry)
    elif not _ended(entry):
        wish = _together(entry, wish)
        if (entry.proof, entry.expires_at) == (wish.proof, wish.expires_at):
            return False
    entry.by, entry.delivery_id = by, wish.delivery_id
    entry.proof, entry.expires_at, entry.renews = wish.proof, wish.expires_at, wish.renews
    db.flush()
    detail = {"pattern": wish.pattern, "before": before} | ({"file": file} if file else {})
    record(db, EVENTS[wish.listed], owner, detail, by=by, delivery_id=wish.delivery_id)
    return True


def drop(db: Session, owner: Owner, which: ColumnElement[bool], *, by: str) -> bool:
    """Take an entry off a list; False if it is not on this one (any more).

    The line of the log keeps what it was, so that it can be put back.
    """
    gone = db.execute(
        delete(SenderEntry)
        .where(*owner.rows, which)
        .returning(*SenderEntry.__table__.columns)
        .execution_options(synchronize_session=False)
    ).first()
    if gone is None:
        return False
    detail = {"pattern": gone.pattern, "listed": gone.listed, "before": whole(gone)}
    record(db, REMOVED, owner, detail, by=by)
    return True


def remove(db: Session, owner: Owner, listed: Listed, pattern: str, *, by: str) -> bool:
    """Take a sender off a list; False if it is not on it."""
    gone = db.execute(
        delete(SenderEntry)
        .where(*owner.rows, SenderEntry.listed == listed, SenderEntry.pattern == pattern)
        .returning(SenderEntry.id)
    ).all()
    if not gone:
        return False
    record(db, REMOVED, owner, {"pattern": pattern, "listed": listed}, by=by)
    return True


def kept(entry: SenderEntry | Row[Any]) -> dict[str, Any]:
    """Return what an entry says, as a line of the log keeps it."""
    ends = entry.expires_at.isoformat() if entry.expires_at else None
    return {
        "by": entry.by,
        "delivery_id": entry.delivery_id,
        "proof": entry.proof,
        "expires_at": ends,
        "renews": entry.renews,
    }


def whole(gone: Row[Any]) -> dict[str, Any]:
    """Return all that an entry was, as a line of the log keeps it."""
    return kept(gone) | {
        "created_at": gone.created_at.isoformat(),
        "last_hit_at": gone.last_hit_at.isoformat() if gone.last_hit_at else None,
    }


def _ended(entry: SenderEntry) -> bool:
    return entry.expires_at is not None and entry.expires_at <= clock.now()


def _together(present: SenderEntry, wish: Wish) -> Wish:
    """Return what an entry and a wish for the same come to."""
    proofs, ends = (present.proof, wish.proof), (present.expires_at, wish.expires_at)
    return replace(
        wish,
        proof=None if None in proofs else " ".join(sorted({*" ".join(map(str, proofs)).split()})),
        expires_at=None if None in ends else max(end for end in ends if end is not None),
        renews=None not in ends and (present.renews or wish.renews),
    )


def alone(db: Session, tenant_id: int) -> None:
    """Let nobody else write on the lists of a tenant until this transaction ends."""
    # Without the key: mail that comes in meanwhile points to the row and must not wait.
    db.execute(select(Tenant.id).where(Tenant.id == tenant_id).with_for_update(key_share=True))


def record(
    db: Session,
    kind: str,
    owner: Owner,
    detail: dict[str, Any],
    *,
    by: str,
    delivery_id: int | None = None,
) -> None:
    """Write a line of the log about a list."""
    if owner.domain_id is not None:
        detail = detail | {"domain_id": owner.domain_id}
    events.record(
        db,
        kind,
        by=by,
        tenant_id=owner.tenant_id,
        mailbox_id=owner.mailbox_id,
        delivery_id=delivery_id,
        detail=detail,
    )
