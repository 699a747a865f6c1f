"""What to tell somebody who is about to put a careless entry on a sender list."""

from collections.abc import Iterable, Iterator, Set
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
OWN = {Listed.ALLOWED: OWN_ALLOWED, Listed.BLOCKED: OWN_BLOCKED}
CHANGES = N_("This address looks different in every message; put # for the part that changes.")
WIDE = N_("Nothing stays of this address but its domain, where others may send as well.")
UNPROVEN = N_("No recent message from there was proven by DMARC, so the entry may never count.")


def advise(db: Session, tenant_id: int, listed: Listed, pattern: str) -> list[str]:
    """Return warnings about an entry, as sentences that are not translated yet; best is none.

    The pattern is as `patterns.read_pattern` gives it. Warnings stop nobody.
    """
    return advise_all(db, tenant_id, listed, [pattern])[pattern]


def advise_all(
    db: Session, tenant_id: int, listed: Listed, patterns: Iterable[str]
) -> dict[str, list[str]]:
    """Return warnings about each of some entries, in as many queries as there are domains."""
    domains = {pattern: pattern.rpartition("@")[2] for pattern in patterns}
    own = _own(db, tenant_id, set(domains.values()))
    asked = set(domains.values()) if listed is Listed.ALLOWED else set()
    unproven = {each for each in asked if not _was_proven(db, tenant_id, each)}
    return {
        pattern: [*_about_form(listed, pattern, own), *([UNPROVEN] if domain in unproven else [])]
        for pattern, domain in domains.items()
    }


def _about_form(listed: Listed, pattern: str, own: Set[str]) -> Iterator[str]:
    local, _, domain = pattern.rpartition("@")
    if not local and domain in FREE_MAIL:
        yield FREE
    if not local and domain in own and listed in OWN:
        yield OWN[listed]
    if local == ANY:
        yield WIDE
    elif local and _changes(pattern):
        yield CHANGES


def _own(db: Session, tenant_id: int, domains: Set[str]) -> set[str]:
    mine = select(Domain.name).where(Domain.tenant_id == tenant_id, Domain.name.in_(domains))
    return set(db.scalars(mine))


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
