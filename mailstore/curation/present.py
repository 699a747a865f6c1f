"""The entries that lists of a tenant have, to find out which of them say the same or the opposite.

An entry counts for its person, for all people of its domain, or for everybody. Where one list
allows whom another blocks, the mail is blocked.
"""

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from mailstore import clock
from mailstore.mailboxes import Mailbox
from mailstore.senders import OPPOSITES, Listed, Owner, SenderEntry


@dataclass(frozen=True, slots=True)
class Place:
    """Whose list it is: everybody's, a domain's, or of a mailbox in a domain."""

    domain_id: int | None = None
    mailbox_id: int | None = None

    @property
    def wider(self) -> tuple["Place", ...]:
        """Return the lists that count for everybody whom this one counts for."""
        of_domain = (Place(self.domain_id),) if self.mailbox_id is not None else ()
        return (*of_domain, Place()) if self.domain_id is not None else ()


class Entries:
    """What lists say, by list and pattern: where, and in which row."""

    def __init__(self) -> None:
        self._rows: dict[tuple[Listed, str], dict[Place, int]] = defaultdict(dict)

    def add(self, place: Place, listed: Listed, pattern: str, row_id: int) -> None:
        """Note an entry."""
        self._rows[listed, pattern][place] = row_id

    def same(self, place: Place, listed: Listed, pattern: str, own: int) -> bool:
        """Whether a list has such an entry already, which is not this very row."""
        return self._rows.get((listed, pattern), {}).get(place, own) != own

    def wider(self, place: Place, listed: Listed, pattern: str) -> str:
        """Return what another entry says that makes this one needless; empty if none does."""
        if self._at(listed, pattern, place.wider):
            return pattern
        domain = _domain_of(pattern)
        return domain if domain and self._at(listed, domain, (place, *place.wider)) else ""

    def opposite(self, place: Place, listed: Listed, pattern: str) -> str:
        """Return what another entry says that this one is at odds with; empty if none is.

        Whom a wider list blocks nobody allows; to block one of many who are allowed is no odds.
        """
        if listed not in OPPOSITES:
            return ""
        opposite, domain = OPPOSITES[listed], _domain_of(pattern)
        places = (place, *place.wider) if listed is Listed.ALLOWED else (place,)
        if self._at(opposite, pattern, places):
            return pattern
        allowed = listed is Listed.ALLOWED and domain
        return domain if allowed and self._at(opposite, domain, places) else ""

    def _at(self, listed: Listed, pattern: str, places: tuple[Place, ...]) -> bool:
        found = self._rows.get((listed, pattern), {})
        return any(each in found for each in places)


def entries_of(db: Session, tenant_id: int) -> Entries:
    """Return what the lists of a tenant say that has not ended."""
    found = Entries()
    alive = or_(SenderEntry.expires_at.is_(None), SenderEntry.expires_at > clock.now())
    domain = func.coalesce(SenderEntry.domain_id, Mailbox.domain_id)
    entry = SenderEntry
    rows = db.execute(
        select(domain, entry.mailbox_id, entry.listed, entry.pattern, entry.id)
        .outerjoin(Mailbox, Mailbox.id == SenderEntry.mailbox_id)
        .where(SenderEntry.tenant_id == tenant_id, alive)
    )
    for domain_id, mailbox_id, listed, pattern, row_id in rows:
        found.add(Place(domain_id, mailbox_id), listed, pattern, row_id)
    return found


def place_of(db: Session, owner: Owner) -> Place:
    """Return where an owner's list stands."""
    if owner.mailbox_id is None:
        return Place(owner.domain_id)
    return Place(db.get_one(Mailbox, owner.mailbox_id).domain_id, owner.mailbox_id)


def _domain_of(pattern: str) -> str:
    """Return the domain of an address; empty for a domain."""
    local, _, domain = pattern.rpartition("@")
    return domain if local else ""
