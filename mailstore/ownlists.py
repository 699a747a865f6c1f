"""A mailbox's own sender list as its people see it: page by page, and one entry at a time."""

from collections.abc import Iterable, Sequence

from sqlalchemy import delete, select, tuple_
from sqlalchemy.orm import Session

from mailstore import events
from mailstore.deliveries import Delivery, State
from mailstore.pages import Page
from mailstore.scope import Scope
from mailstore.senders import Owner, SenderEntry

SIZE = 100
FIRST = Page(size=SIZE)


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


def drop(db: Session, owner: Owner, entry_id: int, *, by: str) -> bool:
    """Take an entry off a list; False if it is not on this one (any more)."""
    gone = db.execute(
        delete(SenderEntry)
        .where(*owner.rows, SenderEntry.id == entry_id)
        .returning(SenderEntry.pattern, SenderEntry.listed)
    ).first()
    if gone is None:
        return False
    events.record(
        db,
        "sender_removed",
        by=by,
        tenant_id=owner.tenant_id,
        mailbox_id=owner.mailbox_id,
        detail={"pattern": gone.pattern, "listed": gone.listed},
    )
    return True
