"""Claims: domains that a tenant says are its own, until DNS proves it.

A claim changes nothing: no mail is taken for it, and nobody else is hindered by it. What is a
domain here already is given to nobody by a claim, proven or not: only the operator moves it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import ForeignKey, UniqueConstraint, delete, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from mailstore import clock, events, jobs, onboarding
from mailstore.addresses import ascii_domain, spellings
from mailstore.db import Base, PrimaryKey, TenantKey
from mailstore.domains import Domain, Takes
from mailstore.errors import BadName
from mailstore.naming import checks, proofs
from mailstore.naming.checks import CheckKind
from mailstore.naming.proofs import Seen
from mailstore.onboarding import NewDomain
from mailstore.routes import Route

log = structlog.get_logger()

JOB = "check_claim"
CHECKED_FOR = timedelta(days=14)
SOON, LATER = timedelta(minutes=5), timedelta(hours=1)
# Nobody presses a button faster than DNS changes.
AGAIN = timedelta(seconds=10)
MOST = 50


class Already(BadName):
    """The domain is one of the tenant's, or claimed by it."""


class TooMany(BadName):
    """The tenant claims enough domains."""


class DomainClaim(Base):
    """A domain that a tenant says is its own; `name` as DNS has it.

    It is checked by itself at `check_at`, None once that has gone on for long enough; `seen` is
    what was found last.
    """

    __tablename__ = "domain_claims"
    __table_args__ = (UniqueConstraint("tenant_id", "name"),)

    id: Mapped[PrimaryKey]
    tenant_id: Mapped[TenantKey]
    name: Mapped[str]
    token: Mapped[str]
    next_hop: Mapped[str]
    takes: Mapped[Takes]
    alias_of_id: Mapped[int | None] = mapped_column(ForeignKey("domains.id", ondelete="CASCADE"))
    by: Mapped[str]
    made_at: Mapped[datetime]
    seen: Mapped[Seen | None]
    checked_at: Mapped[datetime | None]
    check_at: Mapped[datetime | None] = mapped_column(index=True)

    @property
    def place(self) -> str:
        """Where its proof is to stand."""
        return proofs.place_of(self.name)

    @property
    def record(self) -> str:
        """What its proof is to say."""
        return proofs.record_of(self.token)

    @property
    def running(self) -> bool:
        """Whether somebody asked for a check that is not done yet."""
        return self.check_at is not None and self.check_at <= clock.now()

    @property
    def ended(self) -> bool:
        """Whether it is not checked by itself any more."""
        return self.check_at is None


def read_name(text: str) -> str:
    """Return a domain as DNS has it, or raise BadName for what nobody can own."""
    name = ascii_domain(text)
    if "." not in name or name.rpartition(".")[2].isdigit():
        raise BadName(f"'{text}' is not a domain name.")
    return name


def claim(db: Session, tenant_id: int, new: NewDomain, *, by: str) -> DomainClaim:
    """Note that a tenant says a domain is its own, to be checked at once; raises BadName."""
    name = read_name(new.name)
    if onboarding.owner(db, name) == tenant_id:
        raise Already(f"The domain '{name}' is one of this tenant already.")
    check_alias(db, tenant_id, new)
    names = db.scalars(select(DomainClaim.name).filter_by(tenant_id=tenant_id)).all()
    if name in names:
        raise Already(f"The domain '{name}' is claimed already.")
    if len(names) >= MOST:
        raise TooMany(f"A tenant claims {MOST} domains at most.")
    now = clock.now()
    made = DomainClaim(
        tenant_id=tenant_id, name=name, token=proofs.new_token(), takes=new.takes,
        next_hop="" if new.alias_of_id else str(Route.named(new.next_hop)),
        alias_of_id=new.alias_of_id, by=by, made_at=now, check_at=now,
    )  # fmt: skip
    try:
        with db.begin_nested():
            db.add(made)
    except IntegrityError:
        raise Already(f"The domain '{name}' is claimed at this moment.") from None
    events.record(db, "domain_claimed", tenant_id=tenant_id, by=by, detail={"name": name})
    _tell_operator(db, made)
    jobs.after_commit(db, JOB, made.id)
    return made


def check_alias(db: Session, tenant_id: int, new: NewDomain) -> None:
    """Raise BadName where an alias stands for what is not a domain of the same tenant."""
    if new.alias_of_id is None:
        return
    whose = db.get(Domain, new.alias_of_id)
    if whose is None or whose.tenant_id != tenant_id or whose.alias_of_id is not None:
        raise BadName("An alias stands for another domain of this tenant.")


def _tell_operator(db: Session, made: DomainClaim) -> None:
    """Leave a line where a claim touches a domain of somebody else; they notice nothing."""
    labels = made.name.split(".")
    around = {each for start in range(len(labels) - 1)
              for each in spellings(".".join(labels[start:]))}  # fmt: skip
    owners = db.scalars(
        select(Domain.tenant_id)
        .where(Domain.name.in_(sorted(around)), Domain.tenant_id != made.tenant_id)
        .distinct()
    ).all()
    if owners:
        log.warning("domain_claim_of_another", claim=made.id, tenant=made.tenant_id)
        detail = {"name": made.name, "claimed_by": made.tenant_id, "owners": list(owners)}
        events.record(db, "domain_claim_of_another", by=made.by, detail=detail)


def of_tenant(db: Session, tenant_id: int) -> Sequence[DomainClaim]:
    """Return the claims of a tenant, by name."""
    mine = select(DomainClaim).filter_by(tenant_id=tenant_id)
    return db.scalars(mine.order_by(DomainClaim.name)).all()


def one(db: Session, tenant_id: int, claim_id: int) -> DomainClaim | None:
    """Return a claim of a tenant; None if there is none."""
    return db.scalar(select(DomainClaim).filter_by(id=claim_id, tenant_id=tenant_id))


def named(db: Session, name: str) -> Sequence[DomainClaim]:
    """Return all claims of a domain, oldest first."""
    return db.scalars(select(DomainClaim).filter_by(name=name).order_by(DomainClaim.id)).all()


def due(db: Session, now: datetime) -> Sequence[int]:
    """Return the claims that are to be checked now."""
    return db.scalars(select(DomainClaim.id).where(DomainClaim.check_at <= now)).all()


def ask(db: Session, tenant_id: int, claim_id: int) -> bool:
    """Have a claim checked at once; False if it was a moment ago, or is none of the tenant."""
    now = clock.now()
    asked = db.scalar(
        update(DomainClaim)
        .filter_by(id=claim_id, tenant_id=tenant_id)
        .where(or_(DomainClaim.checked_at.is_(None), DomainClaim.checked_at < now - AGAIN))
        .values(check_at=now)
        .returning(DomainClaim.id)
    )
    if asked is not None:
        jobs.after_commit(db, JOB, claim_id)
    return asked is not None


def withdraw(db: Session, tenant_id: int, claim_id: int, *, by: str) -> bool:
    """Give a claim up; False if there is none."""
    mine = delete(DomainClaim).filter_by(id=claim_id, tenant_id=tenant_id)
    name = db.scalar(mine.returning(DomainClaim.name))
    if name is not None:
        detail = {"name": name}
        events.record(db, "domain_claim_withdrawn", tenant_id=tenant_id, by=by, detail=detail)
    return name is not None


def settle(db: Session, claim_id: int, seen: Seen) -> Domain | None:
    """Note what a check found; returns the domain that a proven claim became.

    May run twice: a claim becomes one domain, and none where somebody has it already.
    """
    found = db.scalar(select(DomainClaim).filter_by(id=claim_id).with_for_update())
    if found is None:
        return None
    if seen is Seen.PROVEN and onboarding.owner(db, found.name) is None:
        return _become(db, found)
    now = clock.now()
    found.checked_at, found.seen, found.check_at = now, seen, _next(found, now)
    if seen is Seen.PROVEN:
        found.seen, found.check_at = Seen.TAKEN, None
        log.warning("domain_claim_taken", claim=found.id, tenant=found.tenant_id)
        detail = {"name": found.name}
        events.record(
            db, "domain_claim_taken", tenant_id=found.tenant_id, by=found.by, detail=detail
        )
    return None


def _become(db: Session, found: DomainClaim) -> Domain:
    db.delete(found)
    new = NewDomain(
        found.name, found.next_hop, found.takes, found.alias_of_id, named_by=found.tenant_id
    )
    detail = {"name": found.name}
    events.record(db, "domain_proven", tenant_id=found.tenant_id, by=found.by, detail=detail)
    domain = onboarding.take_in(db, found.tenant_id, new, by=found.by)
    checks.ask(db, domain, CheckKind.DNS, by=found.by)
    return domain


def _next(found: DomainClaim, now: datetime) -> datetime | None:
    age = now - found.made_at
    if age >= CHECKED_FOR:
        return None
    return now + (SOON if age < LATER else LATER)
