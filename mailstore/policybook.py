"""Who goes by which policy: a tenant, its domains, and people who have something of their own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from mailstore import namedpolicies, policies, tailoring
from mailstore.domains import Domain
from mailstore.mailboxes import Mailbox
from mailstore.policies import PolicyRow
from mailstore.policyvalues import flat
from mailstore.realms import Realm
from mailstore.tailoring import Level
from mailstore.tenants import Tenant

MOST_MAILBOXES = 50


@dataclass(frozen=True, slots=True)
class Entry:
    """A level: the policy chosen for it, how many values are its own, and if reports come there.

    Without a policy it goes by what holds above.
    """

    level: Level
    policy: PolicyRow | None
    tailored: int
    report: bool


@dataclass(frozen=True, slots=True)
class Book:
    """What the page of policies shows: levels, and the policies with their uses and reports."""

    tenant: Entry
    domains: Sequence[Entry]
    mailboxes: Sequence[Entry]
    more: bool
    named: Sequence[PolicyRow]
    used: Mapping[int, int]
    silent: frozenset[int]


def look(db: Session, realm: Realm) -> Book:
    """Return the policies of a tenant, and the levels in a realm; at most fifty mailboxes."""
    tenant = db.get_one(Tenant, realm.tenant_id)
    mine = select(Domain).where(Domain.tenant_id == tenant.id, realm.has(Domain.id))
    domains = db.scalars(mine.order_by(Domain.name)).all()
    special = select(Mailbox).where(realm.covers(Mailbox), Mailbox.policy_id.is_not(None))
    found = db.scalars(special.order_by(Mailbox.address).limit(MOST_MAILBOXES + 1)).all()
    boxes = found[:MOST_MAILBOXES]
    named = namedpolicies.listed(db, tenant.id)
    rows = {each.id: each for each in (*named, *_loaded(db, [tenant, *domains, *boxes]))}
    silent = frozenset(each.id for each in named if not policies.effective(db, each.id).report)
    return Book(
        _entry(db, tenant, rows),
        [_entry(db, each, rows) for each in domains],
        [_entry(db, each, rows) for each in boxes],
        len(found) > len(boxes),
        named,
        namedpolicies.counts(db, tenant.id),
        silent,
    )


def _loaded(db: Session, levels: Sequence[Level]) -> Sequence[PolicyRow]:
    """Return what is tailored at levels and at what is above, so that no row is asked for alone."""
    ids = {each.policy_id for each in levels}
    above = select(Domain.policy_id).where(
        Domain.id.in_({each.domain_id for each in levels if isinstance(each, Mailbox)})
    )
    return db.scalars(
        select(PolicyRow).where(or_(PolicyRow.id.in_(ids - {None}), PolicyRow.id.in_(above)))
    ).all()


def _entry(db: Session, level: Level, rows: Mapping[int, PolicyRow]) -> Entry:
    own, chosen = tailoring.tailored(db, level), tailoring.chosen(db, level)
    report = policies.effective(db, tailoring.holds_at(db, level)).report
    policy = rows[chosen] if chosen else None
    return Entry(level, policy, len(flat(own.values)) if own else 0, report)
