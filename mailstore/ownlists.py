"""A mailbox's own sender list as its people see it: page by page, and one entry at a time."""

from collections.abc import Iterable, Sequence

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from mailstore import inforce
from mailstore.addresses import Address
from mailstore.deliveries import Delivery, State
from mailstore.envelopes import OwnLists, Policy
from mailstore.errors import BadAddress
from mailstore.lists import Origin
from mailstore.pages import Page
from mailstore.refusals import Refusal
from mailstore.scope import Scope
from mailstore.senders import Listed, Owner, SenderEntry

# Why a mail was refused that a list blocks.
BLOCKED = "blocked author"
SIZE = 100
# What people may enter, as their policy says. What leaves a newsletter unmarked lets nobody in.
KINDS = {
    OwnLists.YES: frozenset(Listed),
    OwnLists.BLOCK: frozenset({Listed.BLOCKED, Listed.UNTAGGED}),
    OwnLists.NO: frozenset[Listed](),
}
FIRST = Page(size=SIZE)


def kinds_under(policy: Policy) -> frozenset[Listed]:
    """Return what people with a policy may enter on lists of their own."""
    return KINDS[policy.own_lists]


def kinds_of(db: Session, mailbox_id: int | None) -> frozenset[Listed]:
    """Return what people may enter on the list of a mailbox of theirs."""
    return kinds_under(inforce.of_one(db, mailbox_id)) if mailbox_id else frozenset()


def page_of(
    db: Session, owner: Owner, sought: str = "", page: Page = FIRST
) -> Sequence[SenderEntry]:
    """Return a page of a list, newest first, and one more where more follow.

    With `sought` only entries that have it in their address or domain.
    """
    key = tuple_(SenderEntry.created_at, SenderEntry.id)
    query = select(SenderEntry).where(*owner.rows)
    if sought:
        query = query.where(SenderEntry.pattern.contains(sought.strip().lower(), autoescape=True))
    if page.after:
        query = query.where(key < tuple_(*page.after))
    newest = (SenderEntry.created_at.desc(), SenderEntry.id.desc())
    return db.scalars(query.order_by(*newest).limit(page.size + 1)).all()


def still_held(db: Session, scope: Scope, entries: Iterable[SenderEntry]) -> set[int]:
    """Return those of the mails that entries came from which the quarantine still holds."""
    ids = {entry.delivery_id for entry in entries} - {None}
    held = select(Delivery.id).where(Delivery.id.in_(ids), Delivery.state == State.QUARANTINED)
    return set(db.scalars(held.where(scope.covers(Delivery)))) if ids else set()


def blocking(db: Session, refused: Iterable[Refusal]) -> dict[int, str]:
    """Return by what entry of the person's own list mails were refused, by the refusals' ids.

    A mail that a list of the domain or the tenant blocks has none.
    """
    forms = {each.id: _forms(each) for each in refused if each.reason == BLOCKED}
    mailboxes = {each.id: each.mailbox_id for each in refused if each.id in forms}
    if not forms:
        return {}
    entries = db.execute(
        select(SenderEntry.mailbox_id, SenderEntry.pattern)
        .where(SenderEntry.mailbox_id.in_({*mailboxes.values()}))
        .where(SenderEntry.listed == Listed.BLOCKED)
        .where(SenderEntry.pattern.in_(frozenset[str]().union(*forms.values())))
    ).all()
    return {
        each_id: entry.pattern
        for each_id, named in forms.items()
        for entry in entries
        if entry.pattern in named and entry.mailbox_id == mailboxes[each_id]
    }


def _forms(refusal: Refusal) -> frozenset[str]:
    """Return what an entry says that means who wrote a refused mail."""
    try:
        author = Address.parse(refusal.author)
        sender = Address.parse(refusal.sender) if refusal.sender else None
    except BadAddress:
        return frozenset()
    origin = Origin(author, sender)
    return origin.of_author | origin.of_sender
