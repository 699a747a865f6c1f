"""How safe the way to a domain of strangers must be, where the operator says so.

It counts for routes by MX, and goes before whatever the domain itself asks for.
"""

from collections.abc import Sequence

from sqlalchemy import delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from mailstore import events
from mailstore.addresses import parse_domain
from mailstore.db import Base, upsert
from mailstore.routes import Tls, parse_safety

BELOW = "."


class TlsPolicy(Base):
    """What is asked of the servers of a domain; one that begins with a dot is all below it."""

    __tablename__ = "tls_policies"

    domain: Mapped[str] = mapped_column(primary_key=True)
    tls: Mapped[Tls]
    pin: Mapped[str]

    def __str__(self) -> str:
        return f"{self.tls}:{self.pin}" if self.pin else self.tls


def applying(db: Session, domain: str) -> TlsPolicy | None:
    """Return the policy for a domain, its own or the nearest above it; None if there is none."""
    labels = domain.split(".")
    names = [domain, *(BELOW + ".".join(labels[at:]) for at in range(1, len(labels)))]
    found = db.scalars(select(TlsPolicy).where(TlsPolicy.domain.in_(names))).all()
    return min(found, key=lambda each: names.index(each.domain), default=None)


def listed(db: Session) -> Sequence[TlsPolicy]:
    """Return all policies, by domain."""
    return db.scalars(select(TlsPolicy).order_by(TlsPolicy.domain)).all()


def put(db: Session, domain: str, safety: str, *, by: str) -> None:
    """Ask the servers of a domain for `must`, `may` or `pin:…`; BadName for anything else."""
    name = _parse(domain)
    tls, pin = parse_safety(f"tls={safety}")
    values = {"tls": tls, "pin": pin}
    row = upsert(db, TlsPolicy).values(domain=name, **values)
    db.execute(row.on_conflict_do_update(index_elements=["domain"], set_=values))
    events.record(db, "tls_policy_set", by=by, detail={"domain": name, "tls": safety})


def remove(db: Session, domain: str, *, by: str) -> bool:
    """Ask them for nothing of our own any more; False if nothing was asked."""
    name = _parse(domain)
    gone = delete(TlsPolicy).where(TlsPolicy.domain == name).returning(TlsPolicy.domain)
    if db.scalar(gone) is None:
        return False
    events.record(db, "tls_policy_removed", by=by, detail={"domain": name})
    return True


def _parse(text: str) -> str:
    below = BELOW if text.startswith(BELOW) else ""
    return below + parse_domain(text.removeprefix(BELOW))
