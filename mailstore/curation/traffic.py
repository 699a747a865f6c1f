"""What the mail that is kept says of senders: who wrote, what was held, and who was written to."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import Subquery, case, func, or_, select
from sqlalchemy.orm import Session

from mailstore import advice, clock, policies
from mailstore.addresses import Address
from mailstore.deliveries import Delivery, Direction
from mailstore.domains import Domain
from mailstore.errors import BadAddress
from mailstore.figures import Figure
from mailstore.messages import Message
from mailstore.patterns import ANY, stable
from mailstore.refusals import Refusal
from mailstore.tenants import Tenant

LOOKED_BACK = timedelta(days=30)
# So many of a tenant's latest mails are looked at: of a large one a part of the thirty days.
MOST_RECENT = 100_000
# Mail that was so few points below the threshold was nearly held.
NEARLY = 2.0
# What decided before the lists were asked; an entry that allows lifts neither.
LIFTABLE = ("score", "newsletter")
MANDATORY = "mandatory rule"
AT_ONCE = 1000
# With less mail than this, that nobody was held says nothing.
ENOUGH = timedelta(days=7)


@dataclass(slots=True)
class Seen:
    """What came from a sender: mails that are kept, and how many an entry would have lifted.

    `nearly`: how many were nearly held; `beaten`: how many no entry lifts; `posed`: how many
    pretended to come from somebody whom the reader trusts.
    """

    mails: int = 0
    held: int = 0
    nearly: int = 0
    beaten: int = 0
    posed: int = 0

    def add(self, other: "Seen") -> None:
        """Count what came from another sender as well."""
        self.mails += other.mails
        self.held += other.held
        self.nearly += other.nearly
        self.beaten += other.beaten
        self.posed += other.posed


@dataclass(frozen=True, slots=True)
class Traffic:
    """What was seen of some senders, by what an entry would say of them."""

    seen: dict[str, Seen] = field(default_factory=dict)
    written_to: frozenset[str] = frozenset()
    proven: frozenset[str] = frozenset()

    def of(self, pattern: str) -> Seen:
        """Return what came from a sender."""
        return self.seen.get(pattern) or Seen()


def is_young(db: Session, tenant_id: int) -> bool:
    """Whether too little mail has come to a tenant yet to tell which entries would have helped."""
    theirs = select(Domain.id).where(Domain.tenant_id == tenant_id)
    began = db.scalar(select(func.min(Figure.hour)).where(Figure.domain_id.in_(theirs)))
    return began is None or began > clock.now() - ENOUGH


def of(db: Session, tenant_id: int, patterns: Collection[str]) -> Traffic:
    """Return what a tenant's mail of thirty days says of senders; the questions are few."""
    wanted, seen = frozenset(patterns), defaultdict[str, Seen](Seen)
    for author, found in _came(db, tenant_id, Message.author):
        for form in _forms(author) & wanted:
            seen[form].add(found)
    if any(ANY in each for each in wanted):
        for sender, found in _came(db, tenant_id, Message.sender):
            # Whom an author's own address says it of is counted already.
            for form in {_stable(sender)} & wanted:
                seen[form].add(found)
    domains = sorted({each.rpartition("@")[2] for each in seen})
    proven = set[str]()
    for first in range(0, len(domains), AT_ONCE):
        proven |= advice.proven(db, tenant_id, domains[first : first + AT_ONCE])
    return Traffic(dict(seen), _written_to(db, tenant_id, wanted), frozenset(proven))


def _came(db: Session, tenant_id: int, whom: Any) -> Iterator[tuple[str, Seen]]:
    """Yield each sender with what became of its mail, and of what was refused at once."""
    nearly = policies.effective(db, _policy(db, tenant_id)).quarantine_at - NEARLY
    recent, held = _recent(tenant_id, whom), Delivery.held_until.is_not(None)
    lifted = Delivery.reason.in_(LIFTABLE)
    rows = db.execute(
        select(
            recent.c.sender,
            func.count(),
            _sum(held & lifted),
            _sum(Delivery.held_until.is_(None) & (Delivery.score >= nearly)),
            _sum(held & ~lifted),
            _sum(Delivery.warning != ""),
        )
        .join(Delivery, Delivery.message_id == recent.c.id)
        .where(Delivery.direction == Direction.IN, Delivery.resend_of == 0)
        .group_by(recent.c.sender)
    )
    for sender, *counts in rows:
        yield sender, Seen(*counts)
    column = getattr(Refusal, whom.key)
    refused = select(column, func.count(), _sum(Refusal.reason.startswith(MANDATORY)))
    since = Refusal.at > clock.now() - LOOKED_BACK
    mine = refused.where(Refusal.tenant_id == tenant_id, since, Refusal.reason != "blocked author")
    for sender, count, beaten in db.execute(mine.group_by(column)):
        # Nothing is kept of whether these were proven.
        yield sender, Seen(held=count - beaten, beaten=beaten)


def _recent(tenant_id: int, whom: Any) -> Subquery:
    return (
        select(Message.id, whom.label("sender"))
        .where(Message.tenant_id == tenant_id, Message.received_at > clock.now() - LOOKED_BACK)
        .order_by(Message.id.desc())
        .limit(MOST_RECENT)
        .subquery()
    )


def _policy(db: Session, tenant_id: int) -> int:
    return db.get_one(Tenant, tenant_id).policy_id


def _sum(condition: Any) -> Any:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def _written_to(db: Session, tenant_id: int, wanted: frozenset[str]) -> frozenset[str]:
    """Return the addresses and domains that the tenant's people wrote to."""
    to = func.lower(Delivery.recipient)
    found = db.scalars(
        select(to)
        .join(Message, Message.id == Delivery.message_id)
        .where(Delivery.tenant_id == tenant_id)
        .where(or_(Message.writer_id.is_not(None), Delivery.direction == Direction.OUT))
        .where(Message.author != "", Message.sender != "")
        .distinct()
        .limit(MOST_RECENT)
    )
    return frozenset(form for each in found for form in (each, each.rpartition("@")[2])) & wanted


def _forms(author: str) -> frozenset[str]:
    return frozenset({author, author.rpartition("@")[2], _stable(author)})


def _stable(sender: str) -> str:
    try:
        return stable(Address.parse(sender))
    except BadAddress:
        return sender
