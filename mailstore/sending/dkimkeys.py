"""Keys that sign mail of the customers' domains (RFC 6376): rows, and how they come and go.

waiting, until the record is in DNS → signing → retired, once a newer key of its kind signs. What
is private in a row is wrapped by a ring of its own (`dkimring.py`), which the portal never has.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import count

from sqlalchemy import ForeignKey, UniqueConstraint, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from mailstore import clock, events
from mailstore.db import Base, PrimaryKey, TenantKey
from mailstore.domains import Domain

# So long signatures count; the record of a retired key stays in DNS meanwhile.
SIGNATURES_COUNT = timedelta(days=14)


class Algorithm(StrEnum):
    """What signs, as `k=` of the record says it (RFC 6376 §3.6.1, RFC 8463 §4)."""

    RSA = "rsa"
    ED25519 = "ed25519"


@dataclass(frozen=True, slots=True)
class Pair:
    """A new key: `public` as `p=` of its record says it, `private` wrapped for that domain."""

    algorithm: Algorithm
    public: str
    private: str


class DkimKey(Base):
    """A key of a domain; it signs from `active_from` until it is retired and loses `private`."""

    __tablename__ = "dkim_keys"
    __table_args__ = (UniqueConstraint("domain_id", "selector"),)

    id: Mapped[PrimaryKey]
    tenant_id: Mapped[TenantKey]
    domain_id: Mapped[int] = mapped_column(ForeignKey("domains.id", ondelete="CASCADE"))
    selector: Mapped[str]
    algorithm: Mapped[Algorithm]
    public: Mapped[str]
    private: Mapped[str]
    made_at: Mapped[datetime]
    active_from: Mapped[datetime | None]
    retired_at: Mapped[datetime | None]

    @property
    def record(self) -> str:
        """What DNS is to say of it."""
        return f"v=DKIM1; k={self.algorithm}; p={self.public}"

    @property
    def waits(self) -> bool:
        """Whether it has not signed yet and may."""
        return self.active_from is None and self.retired_at is None

    @property
    def signs(self) -> bool:
        """Whether it signs."""
        return self.active_from is not None and self.retired_at is None


def keys_of(db: Session, domain: Domain) -> Sequence[DkimKey]:
    """Return all keys of a domain, oldest first."""
    query = select(DkimKey).where(DkimKey.domain_id == domain.id)
    return db.scalars(query.order_by(DkimKey.id)).all()


def signing(db: Session, tenant_id: int, name: str) -> Sequence[DkimKey]:
    """Return the keys that sign for a domain if it is this tenant's, RSA first."""
    query = (
        select(DkimKey)
        .join(Domain, Domain.id == DkimKey.domain_id)
        .where(Domain.name == name, Domain.tenant_id == tenant_id)
        .where(DkimKey.tenant_id == tenant_id)
        .where(DkimKey.active_from.is_not(None), DkimKey.retired_at.is_(None))
    )
    return db.scalars(query.order_by(DkimKey.algorithm.desc(), DkimKey.id)).all()


def add(db: Session, domain: Domain, pairs: Sequence[Pair], *, by: str) -> None:
    """Give a domain new keys, under selectors that it never had; none signs yet."""
    now = clock.now()
    taken = {key.selector.rpartition("-")[0] for key in keys_of(db, domain)}
    stems = (f"mh-{now:%Y%m%d}{f'-{turn}' if turn > 1 else ''}" for turn in count(1))
    stem = next(each for each in stems if each not in taken)
    for pair in pairs:
        made = DkimKey(
            tenant_id=domain.tenant_id,
            domain_id=domain.id,
            selector=f"{stem}-{pair.algorithm}",
            algorithm=pair.algorithm,
            public=pair.public,
            private=pair.private,
            made_at=now,
        )
        db.add(made)
        _record(db, "dkim_key_made", made, domain, by)
    db.flush()


def activate(db: Session, domain: Domain, key: DkimKey, *, by: str) -> bool:
    """Let a key that waits sign instead of the one before; False if it does not wait (any more)."""
    now = clock.now()
    changed = db.scalar(
        update(DkimKey)
        .where(DkimKey.id == key.id, DkimKey.domain_id == domain.id)
        .where(DkimKey.active_from.is_(None), DkimKey.retired_at.is_(None))
        .values(active_from=now)
        .returning(DkimKey.id)
    )
    if changed is None:
        return False
    _record(db, "dkim_key_signs", key, domain, by)
    for older in keys_of(db, domain):
        if older.signs and older.algorithm == key.algorithm and older.id != key.id:
            retire(db, domain, older, by=by)
    return True


def retire(db: Session, domain: Domain, key: DkimKey, *, by: str) -> bool:
    """Let a key sign no more, and forget what is private of it; False if it is retired already."""
    changed = db.scalar(
        update(DkimKey)
        .where(DkimKey.id == key.id, DkimKey.domain_id == domain.id, DkimKey.retired_at.is_(None))
        .values(retired_at=clock.now(), private="")
        .returning(DkimKey.id)
    )
    if changed is not None:
        _record(db, "dkim_key_retired", key, domain, by)
    return changed is not None


def prune(db: Session, domain: Domain, *, by: str) -> Sequence[str]:
    """Delete keys whose last signatures count no more; returns their selectors."""
    gone = db.scalars(
        delete(DkimKey)
        .where(DkimKey.domain_id == domain.id)
        .where(DkimKey.retired_at < clock.now() - SIGNATURES_COUNT)
        .returning(DkimKey)
    ).all()
    for key in gone:
        _record(db, "dkim_key_deleted", key, domain, by)
    return [key.selector for key in gone]


def _record(db: Session, kind: str, key: DkimKey, domain: Domain, by: str) -> None:
    detail = {"domain": domain.name, "selector": key.selector}
    events.record(db, kind, by=by, tenant_id=domain.tenant_id, detail=detail)
