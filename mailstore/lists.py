"""What sender lists say of a mail.

Anybody can write an allowed author into From, so an entry that allows holds only while the
author is proven: by DMARC, or by what proved it when the entry was made. It lifts the score and
nothing else.
"""

from collections.abc import Collection, Iterable, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, case, or_, select, update
from sqlalchemy.orm import Session

from mailstore import clock
from mailstore.addresses import Address
from mailstore.deliveries import Delivery
from mailstore.envelopes import Recipient
from mailstore.patterns import stable
from mailstore.senders import Listed, SenderEntry
from mailstore.tenants import Tenant

# What always proves an author, whatever proved it when an entry was made.
STRONG = frozenset({"dmarc", "arc"})
HITS_NOTED_EVERY = timedelta(hours=1)
# So long an entry that renews lives on after a mail met it.
RENEWED_FOR = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Origin:
    """Whom a mail is from, and what proves it: `spf` the sender, `proofs` the author."""

    author: Address
    sender: Address | None = None
    spf: str = "none"
    proofs: frozenset[str] = frozenset()

    @property
    def of_author(self) -> frozenset[str]:
        """What entries about the author say."""
        return frozenset({self.author.key, self.author.domain, stable(self.author)})

    @property
    def of_sender(self) -> frozenset[str]:
        """What an entry about a changing bounce address says."""
        form = stable(self.sender) if self.sender else ""
        return frozenset({form} if self.sender and form != self.sender.key else ())


def note_hits(db: Session, entry_ids: Collection[int]) -> None:
    """Note that entries spoke, and let those live on that renew.

    It is kept to the hour, so that a busy sender costs nothing.
    """
    if not entry_ids:
        return
    now = clock.now()
    stale = or_(
        SenderEntry.last_hit_at.is_(None), SenderEntry.last_hit_at <= now - HITS_NOTED_EVERY
    )
    # Whoever holds a row notes the same, and two relays must not wait for each other.
    mine = select(SenderEntry.id).where(SenderEntry.id.in_(entry_ids), stale)
    db.execute(
        update(SenderEntry)
        .where(SenderEntry.id.in_(mine.with_for_update(skip_locked=True)))
        .values(last_hit_at=now, expires_at=_renewed(now + RENEWED_FOR))
        .execution_options(synchronize_session=False)
    )


def _renewed(until: datetime) -> ColumnElement[Any]:
    sooner = SenderEntry.renews & (SenderEntry.expires_at < until)
    return case((sooner, until), else_=SenderEntry.expires_at)


def tenants_with_lists(db: Session, tenant_ids: Set[int]) -> set[int]:
    """Return those of these tenants where anybody has a list."""
    entries = select(SenderEntry.id).where(SenderEntry.tenant_id == Tenant.id).exists()
    return set(db.scalars(select(Tenant.id).where(Tenant.id.in_(tenant_ids), entries)))


def apply_lists(
    db: Session, recipients: Sequence[Recipient], origin: Origin
) -> Sequence[Recipient]:
    """Return the recipients, their policies with what their lists say of a mail."""
    entries = _about(db, {each.tenant_id for each in recipients}, origin)
    return [_with_lists(each, entries, origin) for each in recipients] if entries else recipients


def blocking(db: Session, delivery: Delivery, origin: Origin) -> str:
    """Return what blocks mail from there to where a delivery went; empty if nothing does."""
    entries = _about(db, {delivery.tenant_id}, origin)
    blocked = (each for each in entries if each.listed is Listed.BLOCKED)
    return next((each.pattern for each in blocked if _applies(each, delivery)), "")


def _about(db: Session, tenant_ids: Set[int], origin: Origin) -> Sequence[SenderEntry]:
    return db.scalars(
        select(SenderEntry)
        .where(SenderEntry.tenant_id.in_(tenant_ids))
        .where(SenderEntry.pattern.in_(origin.of_author | origin.of_sender))
        .where(or_(SenderEntry.expires_at.is_(None), SenderEntry.expires_at > clock.now()))
    ).all()


def _with_lists(recipient: Recipient, entries: Iterable[SenderEntry], origin: Origin) -> Recipient:
    mine = [entry for entry in entries if _applies(entry, recipient)]
    allowing = [entry for entry in mine if entry.listed is Listed.ALLOWED]
    holding = [entry for entry in allowing if _holds(entry, origin)]
    said = {entry.listed for entry in mine}
    author = frozenset({origin.author.key})
    policy = replace(
        recipient.policy,
        allowed=author if holding else frozenset(),
        doubted=frozenset(entry.pattern for entry in allowing if entry not in holding),
        blocked=author if Listed.BLOCKED in said else frozenset(),
        untagged=Listed.UNTAGGED in said,
        hits=frozenset(entry.id for entry in mine if _hit_is_news(entry)),
    )
    return replace(recipient, policy=policy)


def _applies(entry: SenderEntry, recipient: Recipient | Delivery) -> bool:
    return (
        entry.tenant_id == recipient.tenant_id
        and entry.domain_id in (None, recipient.domain_id)
        and entry.mailbox_id in (None, recipient.mailbox_id)
    )


def _holds(entry: SenderEntry, origin: Origin) -> bool:
    """Whether an entry that allows may do so: its author is proven, as it asks for.

    Where it names the bounce address, which proves nothing of the author, that must be proven
    as well: else any honest author could borrow it.
    """
    if entry.pattern not in origin.of_author and origin.spf != "pass":
        return False
    if entry.proof is None:
        return bool(origin.proofs)
    return bool(entry.proof and origin.proofs & (STRONG | set(entry.proof.split())))


def _hit_is_news(entry: SenderEntry) -> bool:
    noted = entry.last_hit_at
    return noted is None or noted <= clock.now() - HITS_NOTED_EVERY
