"""How the next hops of people and tenants are: what banners and administrators are told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, bindparam, func, or_, select
from sqlalchemy.orm import Session, load_only

from mailstore import clock
from mailstore.accounts import Account
from mailstore.deliveries import Delivery, Direction, State
from mailstore.domains import Domain
from mailstore.lanes import Lane
from mailstore.mailboxes import Mailbox
from mailstore.sending import sentcopies


class Trouble(StrEnum):
    """Why mail waits: a silent server, one that is just back, or planned work."""

    DOWN = "down"
    BACK = "back"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class Waiting:
    """Why mail waits, since when, and until when if that is known."""

    trouble: Trouble
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Way:
    """A domain, the lane that its mail takes, and how much mail waits there."""

    domain: Domain
    lane: Lane
    waiting: int
    oldest: datetime | None

    @property
    def trouble(self) -> Trouble | None:
        """What is wrong, if anything is."""
        return _trouble(self.domain, self.lane)


def why_waiting(db: Session, mailbox_ids: frozenset[int]) -> Waiting | None:
    """Return why mail of these mailboxes waits, the worst first; None if nothing is wrong."""
    found = db.execute(_WRONG, {"mailbox_ids": sorted(mailbox_ids), "now": clock.now()})
    for domain, lane in found:
        if (trouble := _trouble(domain, lane)) is Trouble.HELD:
            return Waiting(trouble, until=domain.held_until)
        if trouble is not None:
            since = lane.answers_since if trouble is Trouble.BACK else lane.down_since
            return Waiting(trouble, since=since)
    return None


def ways(db: Session, tenant_id: int) -> Sequence[Way]:
    """Return the domains of a tenant with their lanes, by name."""
    count = (
        select(
            Delivery.domain_id.label("domain_id"),
            func.count().label("waiting"),
            func.min(Delivery.accepted_at).label("oldest"),
        )
        .where(Delivery.tenant_id == tenant_id, Delivery.state == State.QUEUED)
        .where(Delivery.direction == Direction.IN, ~sentcopies.among(Delivery))
        .where(Delivery.lane_id.in_(select(Domain.lane_id).filter_by(tenant_id=tenant_id)))
        .group_by(Delivery.domain_id)
        .subquery()
    )
    found = db.execute(
        select(Domain, Lane, func.coalesce(count.c.waiting, 0), count.c.oldest)
        .join(Lane, Lane.id == Domain.lane_id)
        .outerjoin(count, count.c.domain_id == Domain.id)
        .where(Domain.tenant_id == tenant_id)
        .order_by(Domain.name)
    )
    return [Way(*row) for row in found]


def lost(db: Session, tenant_id: int, limit: int) -> Sequence[Delivery]:
    """Return mail that failed for good and whose sender nobody could tell, the newest first.

    That is what we wrote ourselves, above all bounces (RFC 5321 §6.1: they never bounce again).
    """
    return db.scalars(
        select(Delivery)
        .where(Delivery.mailbox_id.is_(None), Delivery.state == State.FAILED)
        .where(Delivery.tenant_id == tenant_id, Delivery.direction == Direction.OUT)
        .where(~_is_private())
        .order_by(Delivery.accepted_at.desc(), Delivery.id.desc())
        .limit(limit)
    ).all()


def _is_private() -> ColumnElement[bool]:
    # Where people are told privately is shown to nobody.
    theirs = Account.private_address == Delivery.recipient, Account.private_address != ""
    return select(Account.id).where(*theirs).exists()


# Every page asks this, and making the query takes longer than asking it.
_WRONG = (
    select(Domain, Lane)
    .join(Lane, Lane.id == Domain.lane_id)
    .where(
        Domain.id.in_(
            select(Mailbox.domain_id).where(
                Mailbox.id.in_(bindparam("mailbox_ids", expanding=True))
            )
        )
    )
    .where(or_(Lane.down_since.is_not(None), Domain.held_until > bindparam("now")))
    .order_by(Lane.answers_since.is_not(None), Lane.down_since)
    .options(load_only(Domain.held_until), load_only(Lane.down_since, Lane.answers_since))
)


def _trouble(domain: Domain, lane: Lane) -> Trouble | None:
    if lane.down_since is not None:
        return Trouble.BACK if lane.answers_since is not None else Trouble.DOWN
    held = domain.held_until is not None and domain.held_until > clock.now()
    return Trouble.HELD if held else None
