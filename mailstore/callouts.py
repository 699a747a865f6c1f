"""People whom a next hop knows and we do not: it is asked at RCPT, and its yes is kept for a day.

A no is kept by whoever asked (`filter/callout.py`): rows are only made by people who exist.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, delete, select
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from mailstore import clock
from mailstore.addresses import Address
from mailstore.db import Base, upsert
from mailstore.domains import Domain, Takes
from mailstore.lanes import Lane

CONFIRMED_FOR = timedelta(days=1)


class Callout(Base):
    """An address that the next hop of a domain takes, until a moment."""

    __tablename__ = "callouts"

    address: Mapped[str] = mapped_column(primary_key=True)
    domain_id: Mapped[int] = mapped_column(ForeignKey("domains.id", ondelete="CASCADE"), index=True)
    until: Mapped[datetime] = mapped_column(index=True)


@dataclass(frozen=True, slots=True)
class Question:
    """What a next hop is to be asked, and which."""

    address: Address
    domain_id: int
    lane: Lane


def question(db: Session, address: Address) -> Question | None:
    """Return what to ask about an address that nobody here has; None where nobody is asked.

    It is about the domain that an alias stands for: mail is handed on to its next hop.
    """
    named, real = aliased(Domain), aliased(Domain)
    found = db.execute(
        select(real, Lane)
        .join(Lane, Lane.id == real.lane_id)
        .join(named, (named.id == real.id) | (named.alias_of_id == real.id))
        .where(named.name == address.domain, real.alias_of_id.is_(None))
        .where(real.takes == Takes.CALLOUT)
    ).first()
    if found is None:
        return None
    domain, lane = found
    db.expunge(lane)
    return Question(Address(address.local, domain.name), domain.id, lane)


def is_confirmed(db: Session, domain_id: int, key: str) -> bool:
    """Whether the next hop said lately that it takes mail for an address."""
    mine = select(Callout.address).filter_by(address=key, domain_id=domain_id)
    return db.scalar(mine.where(Callout.until > clock.now())) is not None


def confirm(db: Session, asked: Question) -> None:
    """Remember for a day that the next hop takes mail for an address."""
    values = {"domain_id": asked.domain_id, "until": clock.now() + CONFIRMED_FOR}
    row = upsert(db, Callout).values(address=asked.address.key, **values)
    db.execute(row.on_conflict_do_update(index_elements=["address"], set_=values))


def forget(db: Session, domain_id: int) -> None:
    """Forget what the next hop of a domain said: there is another."""
    db.execute(delete(Callout).filter_by(domain_id=domain_id))


def purge(db: Session) -> None:
    """Delete what counts no more."""
    db.execute(delete(Callout).where(Callout.until <= clock.now()))
