"""Addresses that mail came for and nobody has: counted by the relay, for administrators to look at.

Of each domain so many are kept, first those that mail came for more than once: whoever guesses
addresses fills no list for good.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKey, delete, func, select, update
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from mailstore import clock, events
from mailstore.addresses import Address
from mailstore.db import Base, TenantKey, upsert
from mailstore.domains import Domain
from mailstore.mailboxes import MailboxAddress
from mailstore.realms import Realm

MOST = 500
MOST_SENDERS = 3
ONCE, KEPT = timedelta(days=14), timedelta(days=60)


class Knock(Base):
    """An address at a domain of a tenant that mail came for, and nobody has.

    `senders` are a few of the domains it came from; what is `ignored_at` some time is not shown.
    """

    __tablename__ = "knocks"

    key: Mapped[str] = mapped_column(primary_key=True)
    tenant_id: Mapped[TenantKey]
    domain_id: Mapped[int] = mapped_column(ForeignKey("domains.id", ondelete="CASCADE"), index=True)
    count: Mapped[int]
    senders: Mapped[list[Any]]
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    ignored_at: Mapped[datetime | None]


@dataclass(slots=True)
class Heard:
    """How often mail came for an address within a few seconds, and from which domains."""

    count: int = 0
    senders: set[str] = field(default_factory=set)


def record(db: Session, heard: Mapping[Address, Heard]) -> None:
    """Count what came for addresses that nobody has, as far as their domains are ours."""
    now, base = clock.now(), aliased(Domain)
    names = {each.domain for each in heard}
    # Where a domain is the alias of another, the other's people are meant.
    found = select(Domain.name, base.name, base.id, base.tenant_id)
    found = found.join(base, base.id == func.coalesce(Domain.alias_of_id, Domain.id))
    places = {row[0]: row[1:] for row in db.execute(found.where(Domain.name.in_(names)))}
    rows: dict[str, dict[str, Any]] = {}
    for address, each in heard.items():
        if address.domain in places:
            name, domain_id, tenant_id = places[address.domain]
            key = Address(address.local, name).base_key
            row = rows.setdefault(key, {"key": key, "tenant_id": tenant_id, "first_at": now,
                "domain_id": domain_id, "count": 0, "senders": [], "last_at": now})  # fmt: skip
            row["count"] += each.count
            row["senders"] = _few([*row["senders"], *sorted(each.senders)])
    _write(db, rows)
    _cut(db, {row["domain_id"] for row in rows.values()})


def _write(db: Session, rows: Mapping[str, dict[str, Any]]) -> None:
    before = select(Knock.key, Knock.senders).where(Knock.key.in_(rows))
    for key, senders in db.execute(before):
        rows[key]["senders"] = _few([*rows[key]["senders"], *senders])
    new = upsert(db, Knock)
    counted = new.on_conflict_do_update(
        index_elements=["key"],
        set_={
            "count": Knock.count + new.excluded.count,
            "senders": new.excluded.senders,
            "last_at": new.excluded.last_at,
        },
    )
    # In one order, so that two relays never wait for each other.
    for _, row in sorted(rows.items()):
        db.execute(counted.values(row | {"ignored_at": None}))


def _few(names: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(filter(None, names)))[:MOST_SENDERS]


def _cut(db: Session, domain_ids: Collection[int]) -> None:
    """Keep no more of a domain than its list may have: first what came oftenest and last."""
    for domain_id in domain_ids:
        mine = select(Knock.key).where(Knock.domain_id == domain_id)
        over = mine.order_by(Knock.count.desc(), Knock.last_at.desc(), Knock.key).offset(MOST)
        keys = db.scalars(over.limit(MOST)).all()
        if keys:
            db.execute(delete(Knock).where(Knock.key.in_(keys)))


def of(db: Session, realm: Realm) -> Sequence[Knock]:
    """Return the addresses that somebody wrote to and nobody has, oftenest first."""
    taken = select(MailboxAddress.key).where(MailboxAddress.key == Knock.key).exists()
    return db.scalars(
        select(Knock)
        .where(realm.covers(Knock), Knock.ignored_at.is_(None), ~taken)
        .order_by(Knock.count.desc(), Knock.last_at.desc(), Knock.key)
        .limit(MOST)
    ).all()


def ignored(db: Session, realm: Realm) -> frozenset[str]:
    """Return the addresses that an administrator does not want to see."""
    return frozenset(
        db.scalars(select(Knock.key).where(realm.covers(Knock), Knock.ignored_at.is_not(None)))
    )


def ignore(db: Session, domain: Domain, key: str, *, by: str) -> bool:
    """Show an address no more, however often mail comes for it; False if it is so already."""
    now = clock.now()
    new = upsert(db, Knock).values(
        key=key, tenant_id=domain.tenant_id, domain_id=domain.id, count=0, senders=[],
        first_at=now, last_at=now, ignored_at=None,
    )  # fmt: skip
    # One that only a catch-all knows has no row yet.
    db.execute(new.on_conflict_do_nothing())
    done = db.scalar(
        update(Knock)
        .where(Knock.key == key, Knock.ignored_at.is_(None))
        .values(ignored_at=now)
        .returning(Knock.key)
        .execution_options(synchronize_session=False)
    )
    if done is not None:
        detail = {"address": key}
        events.record(db, "address_ignored", by=by, tenant_id=domain.tenant_id, detail=detail)
    return done is not None


def purge(db: Session) -> None:
    """Delete what nobody wrote to for some time, and sooner what came but once."""
    now = clock.now()
    once = (Knock.count <= 1) & (Knock.last_at < now - ONCE) & Knock.ignored_at.is_(None)
    db.execute(delete(Knock).where(once | (Knock.last_at < now - KEPT)))
