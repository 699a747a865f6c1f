"""What to tell somebody who is about to put a careless entry on a sender list."""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailstore import clock
from mailstore.addresses import Address
from mailstore.deliveries import Delivery
from mailstore.domains import Domain
from mailstore.errors import BadAddress
from mailstore.freemail import FREE_MAIL
from mailstore.messages import Message
from mailstore.patterns import ANY, stable
from mailstore.senders import Listed, proof_in
from mailstore.wording import N_

LOOKED_BACK = timedelta(days=30)
MOST_LOOKED_AT = 50

FREE = N_("Anybody can get an address at this domain; name a whole address instead.")
OWN_ALLOWED = N_("This is your own domain, and forged mail in its name is the most dangerous.")
OWN_BLOCKED = N_("This is your own domain, so mail of your own people could be refused.")
CHANGES = N_("This address looks different in every message; put # for the part that changes.")
WIDE = N_("Nothing stays of this address but its domain, where others may send as well.")
UNPROVEN = N_("No recent message from there was proven by DMARC, so the entry may never count.")


def advise(db: Session, tenant_id: int, listed: Listed, pattern: str) -> list[str]:
    """Return warnings about an entry, as sentences that are not translated yet; best is none.

    The pattern is as `patterns.read_pattern` gives it. Warnings stop nobody.
    """
    local, _, domain = pattern.rpartition("@")
    found = []
    if not local and domain in FREE_MAIL:
        found.append(FREE)
    if not local and _is_own(db, tenant_id, domain):
        found.append({Listed.ALLOWED: OWN_ALLOWED, Listed.BLOCKED: OWN_BLOCKED}.get(listed, ""))
    if local == ANY:
        found.append(WIDE)
    elif local and _changes(pattern):
        found.append(CHANGES)
    if listed is Listed.ALLOWED and not _was_proven(db, tenant_id, domain):
        found.append(UNPROVEN)
    return [each for each in found if each]


def _is_own(db: Session, tenant_id: int, domain: str) -> bool:
    mine = select(Domain.id).where(Domain.tenant_id == tenant_id, Domain.name == domain)
    return db.scalar(mine) is not None


def _changes(pattern: str) -> bool:
    try:
        return stable(Address.parse(pattern)) != pattern
    except BadAddress:
        return False


def _was_proven(db: Session, tenant_id: int, domain: str) -> bool:
    """Whether DMARC proved one of the latest mails from a domain."""
    latest = (
        select(Delivery.symbols)
        .join(Message, Message.id == Delivery.message_id)
        .where(Message.tenant_id == tenant_id, Message.received_at > clock.now() - LOOKED_BACK)
        .where(Message.author.endswith(f"@{domain}", autoescape=True))
        .order_by(Message.id.desc())
        .limit(MOST_LOOKED_AT)
    )
    return any("dmarc" in proof_in(symbols).split() for symbols in db.scalars(latest))
