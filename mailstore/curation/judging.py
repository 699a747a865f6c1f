"""What speaks against entries of sender lists: judged all together, in a few questions.

Few entries are better. Each one that allows lets mail pass that looks like spam, and is worth
nothing where no mail would have been held anyway.
"""

from collections.abc import Collection, Iterator, Sequence, Set
from dataclasses import dataclass
from functools import cache

from sqlalchemy.orm import Session

from mailstore import protection
from mailstore.addresses import Address
from mailstore.curation import present, traffic
from mailstore.curation.findings import CARELESS, PRESENT, USELESS, Finding, Group
from mailstore.curation.present import Entries, Place
from mailstore.curation.traffic import Seen, Traffic
from mailstore.envelopes import TenantFacts
from mailstore.errors import BadAddress
from mailstore.freemail import FREE_MAIL
from mailstore.hosts import is_public
from mailstore.lookalike import Name, covers
from mailstore.patterns import ANY, stable
from mailstore.senders import OPPOSITES, Listed, Owner, Wish


@dataclass(frozen=True, slots=True)
class Found:
    """Something that speaks against an entry, with a name that belongs to it."""

    finding: Finding
    name: str = ""


@dataclass(frozen=True, slots=True)
class Judged:
    """What speaks against an entry, and what was seen of its sender."""

    found: tuple[Found, ...]
    seen: Seen

    @property
    def findings(self) -> frozenset[Finding]:
        """What speaks against it, without names."""
        return frozenset(each.finding for each in self.found)

    @property
    def group(self) -> Group:
        """Where it stands among others of a file."""
        if self.findings & PRESENT:
            return Group.PRESENT
        if self.findings & CARELESS:
            return Group.CARELESS
        return Group.NEEDLESS if self.findings & USELESS else Group.GOOD


class Judge:
    """Knows a tenant's mail, people and lists as far as some entries ask for it."""

    def __init__(self, facts: TenantFacts, seen: Traffic, entries: Entries) -> None:
        self._facts, self._traffic, self._entries = facts, seen, entries
        self._trusted = facts.domains | facts.partners
        self._originals = [Name.of(each) for each in sorted(self._trusted)]
        self._resembled = cache(self._resembles)

    def judge(self, place: Place, listed: Listed, pattern: str, *, own: int = 0) -> Judged:
        """Return what speaks against an entry of a list; `own` is its row where there is one."""
        seen = self._traffic.of(pattern)
        found = (
            *_about_form(listed, pattern, self._facts.domains),
            *self._about_sender(listed, pattern, seen),
            *self._about_lists(place, listed, pattern, own),
        )
        return Judged(found, seen)

    def _about_sender(self, listed: Listed, pattern: str, seen: Seen) -> Iterator[Found]:
        domain, written = pattern.rpartition("@")[2], pattern in self._traffic.written_to
        if listed is Listed.BLOCKED and written:
            yield Found(Finding.WRITTEN)
        if listed is not Listed.BLOCKED and (original := self._resembled(domain)):
            yield Found(Finding.IMPOSTOR, original)
        if listed is Listed.ALLOWED:
            proven = not seen.mails or domain in self._traffic.proven
            yield from map(Found, _about_mail(seen, proven=proven, written=written))

    def _about_lists(self, place: Place, listed: Listed, pattern: str, own: int) -> Iterator[Found]:
        if self._entries.same(place, listed, pattern, own):
            yield Found(Finding.TWICE)
        elif wider := self._entries.wider(place, listed, pattern):
            yield Found(Finding.COVERED, wider)
        if opposite := self._entries.opposite(place, listed, pattern):
            yield Found(Finding.CONTRADICTS, opposite)

    def _resembles(self, domain: str) -> str:
        if domain in FREE_MAIL or covers(self._trusted, domain):
            return ""
        name = Name.of(domain)
        return next((each.domain for each in self._originals if name.resembles(each)), "")


def judge_of(db: Session, tenant_id: int, patterns: Collection[str]) -> Judge:
    """Return who judges entries of a tenant that say these patterns."""
    return Judge(
        protection.facts_of(db, tenant_id),
        traffic.of(db, tenant_id, patterns),
        present.entries_of(db, tenant_id),
    )


def judge_wishes(db: Session, owner: Owner, wishes: Sequence[Wish]) -> list[Judged]:
    """Return what speaks against each of some wishes for one list, the others considered."""
    judge = judge_of(db, owner.tenant_id, {each.pattern for each in wishes})
    place = present.place_of(db, owner)
    judged = [judge.judge(place, each.listed, each.pattern) for each in wishes]
    # What nobody should enter makes nothing else needless.
    good = {
        (wish.listed, wish.pattern)
        for wish, found in zip(wishes, judged, strict=True)
        if found.group is Group.GOOD
    }
    before = set[tuple[Listed, str]]()
    return [
        Judged((*found.found, *_within(wish, good, before)), found.seen)
        for wish, found in zip(wishes, judged, strict=True)
    ]


def _within(
    wish: Wish, good: Set[tuple[Listed, str]], before: set[tuple[Listed, str]]
) -> Iterator[Found]:
    """Yield what speaks against an entry because of others in the same file."""
    if (wish.listed, wish.pattern) in before:
        yield Found(Finding.TWICE)
    before.add((wish.listed, wish.pattern))
    local, _, domain = wish.pattern.rpartition("@")
    if local and (wish.listed, domain) in good:
        yield Found(Finding.COVERED, domain)
    opposite = OPPOSITES.get(wish.listed)
    if opposite and (opposite, wish.pattern) in good:
        yield Found(Finding.CONTRADICTS, wish.pattern)


def _about_mail(seen: Seen, *, proven: bool, written: bool) -> Iterator[Finding]:
    """Yield what the mail of a sender says against allowing it."""
    if seen.posed:
        yield Finding.POSED
    if not proven:
        yield Finding.UNPROVEN
    if seen.beaten:
        yield Finding.BEATEN
    elif not (seen.held or seen.nearly or written):
        yield Finding.NEEDLESS


def _about_form(listed: Listed, pattern: str, own: frozenset[str]) -> Iterator[Found]:
    local, _, domain = pattern.rpartition("@")
    if not local and domain in FREE_MAIL:
        yield Found(Finding.FREE)
    if not local and is_public(domain):
        yield Found(Finding.PUBLIC)
    if (
        covers(own, domain)
        and (not local or listed is Listed.ALLOWED)
        and listed is not Listed.UNTAGGED
    ):
        yield Found(Finding.OWN)
    if local == ANY:
        yield Found(Finding.WIDE)
    elif local and _changes(pattern):
        yield Found(Finding.CHANGES)


def _changes(pattern: str) -> bool:
    try:
        return stable(Address.parse(pattern)) != pattern
    except BadAddress:
        return False
