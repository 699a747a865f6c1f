"""Counted tries (sign-in, codes): rows that slow an attacker down, and not their victim.

A try is counted before it is looked at and taken back if it was right, so that many at once get
no further than one after another.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from sqlalchemy import Index, delete, func, select
from sqlalchemy.orm import Mapped, Session

from mailstore import clock
from mailstore.db import Base, PrimaryKey, dialect_of

WINDOW = timedelta(minutes=15)
SIGN_IN = "sign_in"
MOST_HERE, MOST_FROM_NETWORK, MOST_FOR_ACCOUNT = 10, 50, 100
IPV6_BITS = 64
# Any number does, as long as nobody else locks by it.
_ONE_BY_ONE = 0x7472795F


class Attempt(Base):
    """One try of one kind that was wrong, or is being looked at."""

    __tablename__ = "attempts"
    __table_args__ = (Index("ix_attempts_key", "kind", "key", "at"),)

    id: Mapped[PrimaryKey]
    kind: Mapped[str]
    key: Mapped[str]
    at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Limit:
    """What tries are counted by, and how many fit into the window."""

    key: str
    most: int


@dataclass(frozen=True, slots=True)
class Begun:
    """A counted try, or how long to wait before the next one."""

    ids: tuple[int, ...] = ()
    wait: timedelta | None = None


def begin(db: Session, kind: str, limits: Sequence[Limit], *, window: timedelta = WINDOW) -> Begun:
    """Count a try by all its keys, or none of them if one is full; wants a session of its own."""
    now = clock.now()
    if dialect_of(db) == "postgresql":
        db.execute(select(func.pg_advisory_xact_lock(_ONE_BY_ONE)))
    waits = [_wait(db, kind, each, now, window) for each in limits]
    full = [wait for wait in waits if wait is not None]
    if full:
        return Begun(wait=max(full))
    rows = [Attempt(kind=kind, key=each.key, at=now) for each in limits]
    db.add_all(rows)
    db.flush()
    return Begun(tuple(row.id for row in rows))


def take_back(db: Session, *tries: Begun, key: str | None = None) -> None:
    """Forget tries, by all that they were counted by or by one key only."""
    ids = [each for begun in tries for each in begun.ids]
    forgotten = delete(Attempt).where(Attempt.id.in_(ids))
    if key is not None:
        forgotten = forgotten.where(Attempt.key == key)
    if ids:
        db.execute(forgotten.execution_options(synchronize_session=False))


def from_network(address: str, most: int = MOST_FROM_NETWORK) -> Limit:
    """Return what a try from an address counts for, whomever it is about."""
    return Limit(network_of(address), most)


def of_stranger(email: str, address: str, most: int | None = MOST_FOR_ACCOUNT) -> list[Limit]:
    """Return what a try at an account counts for; `most` for all strangers together, if at all."""
    network = from_network(address)
    found = [Limit(f"{email} {network.key}", MOST_HERE), network]
    return found if most is None else [*found, Limit(email, most)]


def network_of(address: str) -> str:
    """Return what counts as one place: an IPv4 address, or the /64 of IPv6 (RFC 4291 §2.5.4)."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        mapped = found.ipv4_mapped
        return str(mapped or ip_network((found, IPV6_BITS), strict=False))
    return str(found)


def purge(db: Session, *, older: timedelta = timedelta(days=2)) -> None:
    """Delete what no window reaches any more."""
    db.execute(delete(Attempt).where(Attempt.at < clock.now() - older))


def _wait(
    db: Session, kind: str, limit: Limit, now: datetime, window: timedelta
) -> timedelta | None:
    """Return how long until there is room, None if there is now."""
    mine = select(Attempt.at).where(
        Attempt.kind == kind, Attempt.key == limit.key, Attempt.at > now - window
    )
    last = db.scalar(mine.order_by(Attempt.at.desc()).offset(limit.most - 1).limit(1))
    return last + window - now if last else None
