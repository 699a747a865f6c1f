"""What domains ask of whoever brings them mail (MTA-STS, RFC 8461), kept for all workers.

A policy is in force until its end, even where DNS and its web server are silent by then: whoever
can silence them would else take it away.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from mailstore import clock
from mailstore.db import Base, upsert

LOOKED_AT_AGAIN = timedelta(days=1)
ANY_LABEL = "*."


class Mode(StrEnum):
    """How much a policy asks for (RFC 8461 §5)."""

    ENFORCE = "enforce"
    TESTING = "testing"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Wish:
    """A policy as its domain writes it."""

    mode: Mode
    patterns: tuple[str, ...]
    max_age: timedelta


class StsPolicy(Base):
    """The policy of a domain; `version` is the id that its record in DNS gives it."""

    __tablename__ = "sts_policies"

    domain: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str]
    mode: Mapped[Mode]
    patterns: Mapped[list[str]]
    fetched_at: Mapped[datetime]
    ends_at: Mapped[datetime]

    def names(self, host: str) -> bool:
        """Whether a host is one of those it names."""
        return names_host(self.patterns, host)

    def is_old(self, now: datetime) -> bool:
        """Whether it is time to read it again, long before it ends."""
        half = (self.ends_at - self.fetched_at) / 2
        return now - self.fetched_at >= min(half, LOOKED_AT_AGAIN)


def names_host(patterns: Sequence[str], host: str) -> bool:
    """Whether a host is among those that a policy names; `*` is one label (RFC 8461 §4.1)."""
    name = host.lower().rstrip(".")
    above = ANY_LABEL + name.partition(".")[2]
    return any(pattern in (name, above) for pattern in patterns)


def in_force(db: Session, domain: str) -> StsPolicy | None:
    """Return the policy of a domain; None where none is known, or it has ended."""
    return db.scalar(
        select(StsPolicy).where(StsPolicy.domain == domain, StsPolicy.ends_at > clock.now())
    )


def known(db: Session) -> Sequence[StsPolicy]:
    """Return all policies that are in force, by domain."""
    now = clock.now()
    return db.scalars(
        select(StsPolicy).where(StsPolicy.ends_at > now).order_by(StsPolicy.domain)
    ).all()


def keep(db: Session, domain: str, version: str, wish: Wish) -> StsPolicy:
    """Keep what a domain asks for now, and forget what has ended."""
    now = clock.now()
    db.execute(delete(StsPolicy).where(StsPolicy.ends_at <= now))
    values = {"version": version, "mode": wish.mode, "patterns": list(wish.patterns),
              "fetched_at": now, "ends_at": now + wish.max_age}  # fmt: skip
    row = upsert(db, StsPolicy).values(domain=domain, **values)
    db.execute(row.on_conflict_do_update(index_elements=["domain"], set_=values))
    return db.get_one(StsPolicy, domain, populate_existing=True)
