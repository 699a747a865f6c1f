"""Drafts of reports: all that one is rendered from, read in one snapshot."""

import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Self

from sqlalchemy.orm import Session

from mailstore import brands, clock, inforce, ownlists, rights
from mailstore.brands import Brand
from mailstore.envelopes import Policy
from mailstore.mailboxes import Mailbox
from mailstore.reports import lines, planning, reach, times
from mailstore.reports.lines import About, Lines, Named
from mailstore.reports.rows import LinkKind
from mailstore.rights import Rights
from mailstore.senders import Listed
from mailstore.tenants import Tenant


@dataclass(frozen=True, slots=True)
class Draft:
    """A report that is not a row yet, with all that it is rendered from.

    `kinds` is what people may enter on the lists of its mailboxes.
    """

    mailbox: Mailbox
    tenant: Tenant
    policy: Policy
    brand: Brand | None
    lines: Lines
    addresses: Sequence[str]
    slot: datetime
    ends_at: datetime
    waiting: frozenset[int]
    asked: bool
    at_once: bool
    kinds: Mapping[int, frozenset[Listed]]
    code: str = field(default_factory=lambda: f"{secrets.randbelow(10_000):04}")
    link_ids: dict[tuple[LinkKind, int | None], str] = field(default_factory=dict)

    def link(self, kind: LinkKind, mail: Named | None = None) -> str:
        """Return the id of one of its links, the same each time."""
        key = kind, mail.id if mail else None
        return self.link_ids.setdefault(key, secrets.token_urlsafe(16))

    @property
    def is_wanted(self) -> bool:
        """Whether it is sent: asked for, or there is news, or its policy wants it all the same."""
        return self.asked or self.policy.report_empty or self.lines.is_news


def drafts(
    db: Session,
    mailbox_ids: Collection[int],
    *,
    ask: bool = False,
    only: Mapping[int, frozenset[int]] | None = None,
) -> Iterator[Draft]:
    """Yield the drafts of those mailboxes that get a report.

    With `ask` of everything held; with `only` at once, of these mails for each mailbox.
    """
    now, quiet = clock.now(), reach.without_own(db, mailbox_ids)
    rows = planning.with_policies(db, mailbox_ids)
    facts = _Facts.of(db, mailbox_ids, {tenant.id for _, tenant, _ in rows})
    for mailbox, tenant, policy in rows:
        schedule = times.wanted(mailbox.report_at, mailbox.report_on, policy)
        called = mailbox.report_asked_at is not None and mailbox.report_asked_at <= now
        asked = ask or (called and only is None)
        if not asked and (schedule is None or mailbox.id in quiet):
            continue
        schedule = schedule or times.nominal(mailbox.report_at, mailbox.report_on, policy)
        covered, since = facts.covered[mailbox.id], facts.since.get(mailbox.id)
        about = About(
            mailbox.id, tenant.id, covered, since,
            frozenset(facts.waiting[mailbox.id] if only is None else ()), policy,
            all_held=asked, only=only[mailbox.id] if only else None,
        )  # fmt: skip
        # A clock that went back may show the same moment twice.
        slot = now if since != now else now + timedelta(microseconds=1)
        yield Draft(
            mailbox=mailbox,
            tenant=tenant,
            policy=policy,
            brand=facts.looks[tenant.id],
            lines=lines.gather(db, about, facts.rights.of(covered)),
            addresses=reach.in_order(mailbox, covered, facts.addresses),
            slot=slot,
            ends_at=slot + schedule.link_life,
            waiting=about.waiting,
            asked=asked,
            at_once=only is not None,
            kinds={each: facts.kinds[each] for each in covered},
        )


@dataclass(frozen=True, slots=True)
class _Facts:
    """What is asked once for many reports."""

    covered: Mapping[int, frozenset[int]]
    addresses: Mapping[int, Sequence[str]]
    rights: Rights
    since: Mapping[int, datetime]
    waiting: Mapping[int, Collection[int]]
    looks: Mapping[int, Brand | None]
    kinds: Mapping[int, frozenset[Listed]]

    @classmethod
    def of(cls, db: Session, mailbox_ids: Collection[int], tenant_ids: Collection[int]) -> Self:
        covered = reach.covered(db, mailbox_ids)
        everywhere = frozenset[int]().union(*covered.values())
        now = clock.now()
        return cls(
            covered,
            reach.addresses(db, everywhere),
            rights.of_mailboxes(db, everywhere),
            planning.last_slots(db, mailbox_ids, now),
            planning.still_here(db, mailbox_ids, now),
            {each: brands.of(db, each) for each in tenant_ids},
            {
                each: ownlists.kinds_under(policy)
                for each, policy in inforce.of_mailboxes(db, everywhere).items()
            },
        )
