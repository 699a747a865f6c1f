"""Which entries of a realm's lists are worth a second look, and taking many off at once."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, delete
from sqlalchemy.orm import Session

from mailstore import clock, events, listundo, senders
from mailstore.curation import entries, judging
from mailstore.curation.entries import Entry
from mailstore.curation.findings import Finding
from mailstore.curation.judging import Found
from mailstore.curation.present import Place
from mailstore.mailboxes import Mailbox
from mailstore.realms import Realm
from mailstore.senders import REMOVED, Owner, SenderEntry

REMOVED_MANY = "senders_removed"
QUIET = timedelta(days=90)
SOON = timedelta(days=14)
# The newest so many are judged; whoever has more sees the others once these are tidied.
MOST = 20_000
AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Doubtful:
    """An entry, and what speaks against keeping it."""

    entry: Entry
    found: tuple[Found, ...]

    def has(self, finding: Finding | None) -> bool:
        """Whether this speaks against it; with None, whether anything does."""
        return finding is None or any(each.finding is finding for each in self.found)


@dataclass(frozen=True, slots=True)
class Tidy:
    """All entries that something speaks against, and how often each thing does."""

    doubtful: Sequence[Doubtful]
    counts: Mapping[Finding, int]


def judged(db: Session, realm: Realm) -> Tidy:
    """Judge the entries of a realm."""
    newest = entries.of(realm).add_columns(Mailbox.domain_id)
    rows = db.execute(newest.order_by(SenderEntry.id.desc()).limit(MOST)).all()
    judge = judging.judge_of(db, realm.tenant_id, {row[0].pattern for row in rows})
    doubtful = []
    for entry, domain, mailbox, of_mailbox in rows:
        place = Place(entry.domain_id or of_mailbox, entry.mailbox_id)
        found = judge.judge(place, entry.listed, entry.pattern, own=entry.id).found
        if said := (*_about_life(entry), *(each for each in found if _counts(entry, each))):
            doubtful.append(Doubtful(Entry(entry, domain, mailbox), said))
    counts = Counter(each.finding for one in doubtful for each in one.found)
    return Tidy(doubtful, {each: counts[each] for each in Finding if counts[each]})


def remove_all(db: Session, realm: Realm, ids: Collection[int], *, by: str) -> int:
    """Take entries of a realm off their lists, and name that so that it can be undone as one.

    Returns how many were there.
    """
    senders.alone(db, realm.tenant_id)
    named, gone = sorted(ids), list[Row[Any]]()
    for first in range(0, len(named), AT_ONCE):
        some = SenderEntry.id.in_(named[first : first + AT_ONCE])
        gone += db.execute(
            delete(SenderEntry)
            .where(entries.within(realm), some)
            .returning(*SenderEntry.__table__.columns)
            .execution_options(synchronize_session=False)
        )
    if gone:
        deed = listundo.new_file()
        events.record_all(db, [_line(each, deed) for each in gone], by=by)
        detail = {"file": deed, "entries": len(gone)}
        senders.record(db, REMOVED_MANY, Owner(realm.tenant_id), detail, by=by)
    return len(gone)


def _about_life(entry: SenderEntry) -> Iterator[Found]:
    now = clock.now()
    if entry.expires_at is not None and entry.expires_at <= now + SOON:
        yield Found(Finding.ENDED if entry.expires_at <= now else Finding.ENDS_SOON)
    if (entry.last_hit_at or entry.created_at) <= now - QUIET:
        yield Found(Finding.NEVER_MET)


def _counts(entry: SenderEntry, found: Found) -> bool:
    """Whether what is said of new entries is worth a word of one that is there.

    Mail that met it lately shows that it holds, and whether it was needed is asked only later.
    """
    if found.finding is Finding.UNPROVEN:
        return (entry.last_hit_at or entry.created_at) <= clock.now() - QUIET
    return found.finding is not Finding.NEEDLESS


def _line(gone: Row[Any], deed: str) -> dict[str, Any]:
    of_domain = {"domain_id": gone.domain_id} if gone.domain_id is not None else {}
    said = {"pattern": gone.pattern, "listed": gone.listed, "file": deed} | of_domain
    return {
        "kind": REMOVED,
        "tenant_id": gone.tenant_id,
        "mailbox_id": gone.mailbox_id,
        "delivery_id": None,
        "detail": said | {"before": senders.whole(gone)},
    }
