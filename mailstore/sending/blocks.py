"""Blocks of sending: who may not send for some hours, who is told, and who lifts it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, Select, and_, delete, func, select, update
from sqlalchemy.orm import Session

from mailstore import clock, events, jobs
from mailstore.domains import Domain
from mailstore.mailboxes import Mailbox
from mailstore.sending.counts import Numbers, Sender, SendingBlock, Why
from mailstore.tenants import Tenant

log = structlog.get_logger()

TELL = "tell_block"
TRY_AGAIN_AFTER = timedelta(minutes=5)
# How long the first block lasts, the second, and each more within REMEMBERED.
STEPS = (timedelta(hours=2), timedelta(hours=8), timedelta(hours=24))
REMEMBERED = timedelta(days=7)
KEPT = timedelta(days=60)
MINUTE = timedelta(minutes=1)
BEYOND = {
    Why.HOUR: "too many recipients within an hour",
    Why.DAY: "too many recipients within a day",
    Why.UNKNOWN: "too many unknown recipients",
}


@dataclass(frozen=True, slots=True)
class Blocked:
    """A block, and whose it is: the mailbox, or none for programs of the domain."""

    block: SendingBlock
    tenant: Tenant
    domain: Domain
    mailbox: Mailbox | None

    @property
    def name(self) -> str:
        """The address of the mailbox, or the domain whose programs send."""
        return self.mailbox.address if self.mailbox else self.domain.name


def begin(
    db: Session, author: Sender, why: Why, numbers: Numbers, at_least_until: datetime | None
) -> SendingBlock:
    """Block a sender, for longer if that happened lately; administrators are told."""
    now = clock.now()
    lately = select(func.count()).where(
        _of(author), SendingBlock.since > now - REMEMBERED, SendingBlock.lifted_at.is_(None)
    )
    until = now + STEPS[min(db.scalar(lately) or 0, len(STEPS) - 1)]
    until = max(until, at_least_until or until)
    block = SendingBlock(
        tenant_id=author.tenant_id,
        domain_id=author.domain_id,
        mailbox_id=author.mailbox_id,
        since=now,
        # As it is told: nobody who waits until then is early.
        until=until.replace(second=0, microsecond=0) + MINUTE,
        why=why,
        hour=numbers.hour,
        day=numbers.day,
        unknown=numbers.unknown,
        tell_at=now,
    )
    db.add(block)
    db.flush()
    _record(db, "sending_blocked", block, by="filter")
    jobs.after_commit(db, TELL, block.id)
    log.warning("sending_blocked", block=block.id, why=why)
    return block


def standing(db: Session, author: Sender) -> SendingBlock | None:
    """Return the block that keeps a sender from sending now, or None."""
    mine = select(SendingBlock).where(_of(author), *_stands())
    return db.scalar(mine.order_by(SendingBlock.until.desc()).limit(1))


def reply(db: Session, block: SendingBlock) -> str:
    """Return what refuses mail of a blocked sender (RFC 3463 §3.8), with the tenant's time."""
    until = block.until.astimezone(db.get_one(Tenant, block.tenant_id).zoneinfo)
    text = f"Bulk Policy Violation: {BEYOND[block.why]}, blocked until"
    return f"550 5.7.1 {text} {until.isoformat(' ', 'minutes')}"


def listed(db: Session, tenant_id: int | None = None) -> Sequence[Blocked]:
    """Return who may not send now, of a tenant or of all, the latest first."""
    chosen = _with_names().where(*_stands()).order_by(SendingBlock.since.desc(), SendingBlock.id)
    if tenant_id is not None:
        chosen = chosen.where(SendingBlock.tenant_id == tenant_id)
    return [Blocked(*row) for row in db.execute(chosen)]


def look(db: Session, block_id: int) -> Blocked | None:
    """Return a block that still holds and whose it is, or None."""
    found = db.execute(_with_names().where(SendingBlock.id == block_id, *_stands())).first()
    return Blocked(*found) if found else None


def is_of(db: Session, tenant_id: int, block_id: int) -> bool:
    """Whether somebody of a tenant is or was blocked by this."""
    found = db.get(SendingBlock, block_id)
    return found is not None and found.tenant_id == tenant_id


def lift(db: Session, tenant_id: int, block_id: int, *, by: str) -> bool:
    """Let a sender send again; False if the block holds no more, or is not this tenant's."""
    lifted = db.scalar(
        update(SendingBlock)
        .where(SendingBlock.id == block_id, SendingBlock.tenant_id == tenant_id, *_stands())
        .values(lifted_at=clock.now(), lifted_by=by)
        .returning(SendingBlock)
        .execution_options(synchronize_session=False)
    )
    if lifted is not None:
        _record(db, "sending_block_lifted", lifted, by=by)
    return lifted is not None


def due(db: Session, now: datetime) -> Sequence[int]:
    """Return the blocks of which administrators are to be told."""
    return db.scalars(select(SendingBlock.id).where(SendingBlock.tell_at <= now)).all()


def take(db: Session, block_id: int) -> SendingBlock | None:
    """Take a block for telling of it; None if that is done, or another worker has it.

    The next try is written first.
    """
    now = clock.now()
    return db.scalar(
        update(SendingBlock)
        .where(SendingBlock.id == block_id, SendingBlock.tell_at <= now)
        .values(tell_at=now + TRY_AGAIN_AFTER)
        .returning(SendingBlock)
    )


def told(db: Session, taken: SendingBlock) -> bool:
    """Note that nobody needs to be told any more; False if another worker did so meanwhile."""
    done = db.scalar(
        update(SendingBlock)
        .where(SendingBlock.id == taken.id, SendingBlock.tell_at == taken.tell_at)
        .values(tell_at=None)
        .returning(SendingBlock.id)
        .execution_options(synchronize_session=False)
    )
    return done is not None


def purge(db: Session) -> None:
    """Delete blocks that ended long ago."""
    db.execute(delete(SendingBlock).where(SendingBlock.until < clock.now() - KEPT))


def _of(author: Sender) -> ColumnElement[bool]:
    if author.mailbox_id is not None:
        return SendingBlock.mailbox_id == author.mailbox_id
    return and_(SendingBlock.mailbox_id.is_(None), SendingBlock.domain_id == author.domain_id)


def _stands() -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return SendingBlock.until > clock.now(), SendingBlock.lifted_at.is_(None)


def _with_names() -> Select[SendingBlock, Tenant, Domain, Mailbox | None]:
    return (
        select(SendingBlock, Tenant, Domain, Mailbox)
        .join(Tenant, Tenant.id == SendingBlock.tenant_id)
        .join(Domain, Domain.id == SendingBlock.domain_id)
        .outerjoin(Mailbox, Mailbox.id == SendingBlock.mailbox_id)
    )


def _record(db: Session, kind: str, block: SendingBlock, *, by: str) -> None:
    detail = {
        "domain": block.domain_id,
        "why": block.why,
        "recipients": block.hour,
        "unknown": block.unknown,
        "until": block.until.isoformat(),
    }
    ids = {"tenant_id": block.tenant_id, "mailbox_id": block.mailbox_id}
    events.record(db, kind, by=by, detail=detail, **ids)
