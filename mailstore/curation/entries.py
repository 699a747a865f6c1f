"""The entries of all sender lists in a realm: looked for, counted, entered and taken off."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, or_, select, tuple_
from sqlalchemy.orm import Session

from mailstore import senders
from mailstore.addresses import Address
from mailstore.domains import Domain
from mailstore.errors import BadAddress
from mailstore.mailboxes import Mailbox, MailboxAddress
from mailstore.realms import Realm
from mailstore.senders import Listed, Owner, SenderEntry

SIZE = 50


class Whose(StrEnum):
    """On whose lists somebody looks."""

    TENANT = "tenant"
    DOMAIN = "domain"
    PERSON = "person"


class Entry(NamedTuple):
    """An entry, and whose list it stands on: a person's address, a domain, or empty for all."""

    row: SenderEntry
    domain: str | None
    mailbox: str | None

    @property
    def owner(self) -> str:
        """Whose list it is, as people name it."""
        return self.mailbox or self.domain or ""


@dataclass(frozen=True, slots=True)
class Sought:
    """What somebody looks for among entries."""

    text: str = ""
    listed: Listed | None = None
    whose: Whose | None = None

    def finds(self) -> list[ColumnElement[bool]]:
        """Return the conditions that an entry, joined with its owner, is found."""
        found: list[ColumnElement[bool]] = []
        if self.listed:
            found.append(SenderEntry.listed == self.listed)
        if self.whose:
            found.append(_WHOSE[self.whose])
        if self.text:
            searched = (SenderEntry.pattern, Mailbox.address, Domain.name)
            text = self.text.lower()
            found.append(or_(*(each.icontains(text, autoescape=True) for each in searched)))
        return found


_WHOSE: dict[Whose, ColumnElement[bool]] = {
    Whose.TENANT: SenderEntry.domain_id.is_(None) & SenderEntry.mailbox_id.is_(None),
    Whose.DOMAIN: SenderEntry.domain_id.is_not(None),
    Whose.PERSON: SenderEntry.mailbox_id.is_not(None),
}


def within(realm: Realm) -> ColumnElement[bool]:
    """Return the condition that an entry is on a list of this realm."""
    mine = SenderEntry.tenant_id == realm.tenant_id
    if realm.whole:
        return mine
    theirs = select(Mailbox.id).where(Mailbox.tenant_id == realm.tenant_id)
    people = SenderEntry.mailbox_id.in_(theirs.where(realm.has(Mailbox.domain_id)))
    return mine & or_(realm.has(SenderEntry.domain_id), people)


def of(realm: Realm, sought: Sought | None = None) -> Select[SenderEntry, str, str]:
    """Return a query for entries of a realm with their owners."""
    found = (
        select(SenderEntry, Domain.name, Mailbox.address)
        .outerjoin(Domain, Domain.id == SenderEntry.domain_id)
        .outerjoin(Mailbox, Mailbox.id == SenderEntry.mailbox_id)
        .where(within(realm))
    )
    return found.where(*sought.finds()) if sought else found


def page_of(
    db: Session, realm: Realm, sought: Sought, after: tuple[datetime, int] | None = None
) -> Sequence[Entry]:
    """Return a page of what is found, the newest first, and one more where more follow."""
    key, query = tuple_(SenderEntry.created_at, SenderEntry.id), of(realm, sought)
    if after:
        query = query.where(key < tuple_(*after))
    newest = (SenderEntry.created_at.desc(), SenderEntry.id.desc())
    return [Entry(*row) for row in db.execute(query.order_by(*newest).limit(SIZE + 1))]


def owner_named(db: Session, realm: Realm, name: str) -> Owner | None:
    """Return whose list somebody means by an address, a domain, or nothing for the whole tenant.

    None for what is not in the realm, as if it were not there.
    """
    name = name.strip().lower()
    if not name:
        return Owner(realm.tenant_id) if realm.whole else None
    if "@" not in name:
        mine = select(Domain.id).where(Domain.tenant_id == realm.tenant_id, Domain.name == name)
        domain_id = db.scalar(mine.where(realm.has(Domain.id)))
        return Owner(realm.tenant_id, domain_id=domain_id) if domain_id else None
    mailbox_id = db.scalar(_mailbox(realm, name))
    return Owner(realm.tenant_id, mailbox_id=mailbox_id) if mailbox_id else None


def name_of(db: Session, owner: Owner) -> str:
    """Return an owner as `owner_named` reads it."""
    if owner.mailbox_id is not None:
        return db.get_one(Mailbox, owner.mailbox_id).address
    return db.get_one(Domain, owner.domain_id).name if owner.domain_id is not None else ""


def holds(db: Session, realm: Realm, owner: Owner) -> bool:
    """Whether somebody's list is in a realm (still)."""
    found = owner_named(db, realm, name_of(db, owner))
    return found is not None and found.tenant_id == owner.tenant_id


def one(db: Session, realm: Realm, entry_id: int) -> SenderEntry | None:
    """Return an entry of a realm."""
    return db.scalar(select(SenderEntry).where(within(realm), SenderEntry.id == entry_id))


def remove(db: Session, entry: SenderEntry, *, by: str) -> bool:
    """Take an entry off its list; False if it is gone."""
    return senders.drop(db, owner_of(entry), SenderEntry.id == entry.id, by=by)


def owner_of(entry: SenderEntry) -> Owner:
    """Return whose list an entry stands on."""
    return Owner(entry.tenant_id, entry.domain_id, entry.mailbox_id)


def _mailbox(realm: Realm, address: str) -> Select[int]:
    try:
        key = Address.parse(address).key
    except BadAddress:
        key = address
    # A catch-all has no address of its own but the one that it is shown with.
    named = select(MailboxAddress.mailbox_id).where(MailboxAddress.key == key)
    mine = select(Mailbox.id).where(Mailbox.tenant_id == realm.tenant_id)
    theirs = mine.where(realm.has(Mailbox.domain_id))
    return theirs.where(Mailbox.id.in_(named) | (Mailbox.address == address))
