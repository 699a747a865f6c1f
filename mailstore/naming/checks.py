"""Checks of a domain: its records in DNS, and its next hop. Pages ask, the worker looks.

The row says what is to be looked at and what was found; a worker that dies leaves its lease to
run out. What DNS says is looked at once a day by itself.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, UniqueConstraint, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from mailstore import clock, events, jobs
from mailstore.db import Base, PrimaryKey, TenantKey, upsert
from mailstore.deliveries import Delivery
from mailstore.domains import Domain
from mailstore.messages import Message
from mailstore.naming.findings import Finding
from mailstore.naming.steps import Step

# Nobody makes us knock at a stranger's door more often.
PAUSE = timedelta(seconds=15)
LEASE = timedelta(minutes=5)
DAILY = timedelta(days=1)


class CheckKind(StrEnum):
    """What is looked at."""

    DNS = "dns"
    HOP = "hop"
    # A mail to whoever asks for it, by the way that all mail of the domain takes.
    PROBE = "probe"


class Task(StrEnum):
    """What is done before looking: nothing, make DKIM keys, or let those in DNS sign."""

    LOOK = "look"
    KEYS = "keys"
    SIGN = "sign"


JOBS = {CheckKind.DNS: "look_at_dns", CheckKind.HOP: "try_hop"}


class DomainCheck(Base):
    """A look at a domain: asked for at, next due at, and what was found at."""

    __tablename__ = "domain_checks"
    __table_args__ = (UniqueConstraint("domain_id", "kind"),)

    id: Mapped[PrimaryKey]
    tenant_id: Mapped[TenantKey]
    domain_id: Mapped[int] = mapped_column(ForeignKey("domains.id", ondelete="CASCADE"))
    kind: Mapped[CheckKind]
    task: Mapped[Task] = mapped_column(default=Task.LOOK)
    by: Mapped[str]
    asked_at: Mapped[datetime]
    due_at: Mapped[datetime | None] = mapped_column(index=True)
    lease_until: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    found: Mapped[dict[str, Any]] = mapped_column(default=dict)

    @property
    def running(self) -> bool:
        """Whether somebody waits for it."""
        return self.done_at is None or self.done_at < self.asked_at

    @property
    def findings(self) -> list[Finding]:
        """What was found in DNS, record by record."""
        return [Finding.unpacked(each) for each in self.found.get("records", ())]

    @property
    def steps(self) -> list[Step]:
        """What came of trying the next hop."""
        return [Step.unpacked(each) for each in self.found.get("steps", ())]


def ask(
    db: Session, domain: Domain, kind: CheckKind, task: Task = Task.LOOK, *, by: str
) -> int | None:
    """Have a domain looked at soon; returns the check, or None if it was asked for just now."""
    now = clock.now()
    values = {"task": task, "by": by, "asked_at": now, "due_at": now if kind in JOBS else None}
    new = {"tenant_id": domain.tenant_id, "domain_id": domain.id, "kind": kind, "found": {}}
    row = upsert(db, DomainCheck).values(**new, **values)
    asked: int | None = db.scalar(
        row.on_conflict_do_update(
            index_elements=["domain_id", "kind"],
            set_=values,
            where=DomainCheck.asked_at <= now - PAUSE,
        ).returning(DomainCheck.id)
    )
    if asked is None:
        return None
    if kind is not CheckKind.DNS:
        detail = {"domain": domain.name, "kind": kind.value}
        events.record(db, "hop_test_asked", tenant_id=domain.tenant_id, by=by, detail=detail)
    if kind in JOBS:
        jobs.after_commit(db, JOBS[kind], asked)
    return asked


def due(db: Session, now: datetime) -> list[tuple[str, int]]:
    """Return the jobs of the checks that are due and that nobody works on."""
    free = or_(DomainCheck.lease_until.is_(None), DomainCheck.lease_until < now)
    found = db.execute(
        select(DomainCheck.kind, DomainCheck.id).where(DomainCheck.due_at <= now, free)
    )
    return [(JOBS[kind], check_id) for kind, check_id in found]


def take(db: Session, check_id: int) -> tuple[DomainCheck, Domain] | None:
    """Take a check that is due, with its domain; None if it is not, or somebody has it."""
    now = clock.now()
    taken = db.scalar(
        update(DomainCheck)
        .where(DomainCheck.id == check_id, DomainCheck.due_at <= now)
        .where(or_(DomainCheck.lease_until.is_(None), DomainCheck.lease_until < now))
        .values(lease_until=now + LEASE)
        .returning(DomainCheck)
    )
    return (taken, db.get_one(Domain, taken.domain_id)) if taken else None


def done(db: Session, check: DomainCheck, found: Mapping[str, Any]) -> None:
    """Keep what was found; what was asked for meanwhile is looked at again."""
    now = clock.now()
    following = now + DAILY if check.kind is CheckKind.DNS else None
    mine = update(DomainCheck).where(DomainCheck.id == check.id)
    kept = {"found": dict(found), "done_at": now, "lease_until": None, "task": Task.LOOK}
    db.execute(mine.where(DomainCheck.asked_at == check.asked_at).values(**kept, due_at=following))
    db.execute(mine.where(DomainCheck.asked_at > check.asked_at).values(lease_until=None))


def probed(db: Session, check_id: int, public_id: str) -> None:
    """Note which mail is the probe that was asked for."""
    found = {"public_id": public_id}
    mine = update(DomainCheck).where(DomainCheck.id == check_id)
    db.execute(mine.values(found=found, done_at=clock.now()))


def probe_of(db: Session, check: DomainCheck | None) -> Delivery | None:
    """Return the mail of a probe, as far as it came; None if there is none any more."""
    if check is None or not check.found:
        return None
    mine = select(Delivery).join(Message, Message.id == Delivery.message_id)
    found = mine.where(Message.public_id == check.found["public_id"])
    return db.scalars(found.order_by(Delivery.id).limit(1)).first()


def of_domain(db: Session, domain_id: int, kind: CheckKind) -> DomainCheck | None:
    """Return the last look of a kind at a domain; None if nobody asked for one."""
    return db.scalar(select(DomainCheck).filter_by(domain_id=domain_id, kind=kind))


def all_of(db: Session, domain_id: int) -> dict[CheckKind, DomainCheck]:
    """Return the last look of each kind at a domain."""
    found = db.scalars(select(DomainCheck).filter_by(domain_id=domain_id))
    return {each.kind: each for each in found}


def of_tenant(db: Session, tenant_id: int) -> Sequence[DomainCheck]:
    """Return all looks at the domains of a tenant."""
    return db.scalars(select(DomainCheck).filter_by(tenant_id=tenant_id)).all()
