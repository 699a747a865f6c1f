"""What to tell somebody who is about to put a careless entry on a sender list."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence, Set
from datetime import timedelta

from sqlalchemy import func, select
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
# Of these many mails of a tenant, so many of each domain.
MOST_RECENT, MOST_LOOKED_AT = 20_000, 50
# So many domains are named in one query.
AT_ONCE = 1000

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


def advise_each(
    db: Session, tenant_id: int, entries: Iterable[tuple[Listed, str]]
) -> dict[tuple[Listed, str], list[str]]:
    """Return warnings about entries of several lists, each a list and a pattern."""
    named: dict[Listed, list[str]] = defaultdict(list)
    for listed, pattern in entries:
        named[listed].append(pattern)
    return {
        (listed, pattern): warnings
        for listed, patterns in named.items()
        for pattern, warnings in advise_all(db, tenant_id, listed, patterns).items()
    }


def advise_all(
    db: Session, tenant_id: int, listed: Listed, patterns: Iterable[str]
) -> dict[str, list[str]]:
    """Return warnings about each of some entries, in two queries for every thousand domains."""
    domains = {pattern: pattern.rpartition("@")[2] for pattern in patterns}
    own, unproven, named = set[str](), set[str](), sorted(set(domains.values()))
    for first in range(0, len(named), AT_ONCE):
        some = named[first : first + AT_ONCE]
        own |= _own(db, tenant_id, some)
        if listed is Listed.ALLOWED:
            unproven |= set(some) - proven(db, tenant_id, some)
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


def _own(db: Session, tenant_id: int, domains: Sequence[str]) -> set[str]:
    mine = select(Domain.name).where(Domain.tenant_id == tenant_id, Domain.name.in_(domains))
    return set(db.scalars(mine))


def _changes(pattern: str) -> bool:
    try:
        return stable(Address.parse(pattern)) != pattern
    except BadAddress:
        return False


def proven(db: Session, tenant_id: int, domains: Sequence[str]) -> set[str]:
    """Return those of some domains, a thousand at most, of which DMARC proved a recent mail."""
    recent = (
        select(Message.id, _DOMAIN.label("domain"))
        .where(Message.tenant_id == tenant_id, Message.received_at > clock.now() - LOOKED_BACK)
        .order_by(Message.id.desc())
        .limit(MOST_RECENT)
        .subquery()
    )
    place = func.row_number().over(partition_by=recent.c.domain, order_by=recent.c.id.desc())
    latest = (
        select(recent.c.domain, Delivery.symbols, place.label("place"))
        .join(recent, recent.c.id == Delivery.message_id)
        .where(recent.c.domain.in_(domains))
        .subquery()
    )
    found = select(latest.c.domain, latest.c.symbols).where(latest.c.place <= MOST_LOOKED_AT)
    return {domain for domain, symbols in db.execute(found) if "dmarc" in proof_in(symbols).split()}


# What stands behind the last @: all that is no @ is taken off, and what is left before it.
_BEFORE = func.rtrim(Message.author, func.replace(Message.author, "@", ""))
_DOMAIN = func.substr(Message.author, func.length(_BEFORE) + 1)
