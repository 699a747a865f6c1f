"""Entering many entries at once: all of them or none, and named so that one step takes it back.

What comes from another filter lives for ninety days, and on with every mail that meets it.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from mailstore import clock, events, listundo, senders
from mailstore.listfiles import Imported
from mailstore.lists import RENEWED_FOR
from mailstore.senders import EVENTS, Owner, SenderEntry, Wish

AT_ONCE = 1000


def enter_file(
    db: Session, owner: Owner, wishes: Sequence[Wish], *, by: str, name: str
) -> Imported:
    """Enter what somebody chose of a file; return how many are new and how many were there.

    It takes few statements, however many they are; wants a writing session.
    """
    done, file = Imported(), listundo.new_file()
    senders.alone(db, owner.tenant_id)
    living = [_renewing(each) for each in wishes]
    known = _known(db, owner, {each.pattern for each in living})
    new: dict[tuple[str, str], Wish] = {}
    for wish in living:
        # What the list knows already is changed one by one, as a person would do it.
        if wish.pattern in known:
            added = senders.enter(db, owner, wish, by=by, file=file)
        else:
            added = (wish.listed, wish.pattern) not in new
            new.setdefault((wish.listed, wish.pattern), wish)
        done.added += added
        done.present += not added
    _add(db, owner, list(new.values()), by=by, file=file)
    if done.added:
        listundo.note_file(db, owner, file, done.added, by=by, name=name)
    return done


def _renewing(wish: Wish) -> Wish:
    """Return a wish that ends unless mail meets it; an end that the file names holds."""
    if wish.expires_at is not None:
        return wish
    return replace(wish, expires_at=clock.now() + RENEWED_FOR, renews=True)


def _known(db: Session, owner: Owner, patterns: Collection[str]) -> set[str]:
    found, named = set[str](), sorted(patterns)
    for first in range(0, len(named), AT_ONCE):
        some = SenderEntry.pattern.in_(named[first : first + AT_ONCE])
        found |= set(db.scalars(select(SenderEntry.pattern).where(*owner.rows, some)))
    return found


def _add(db: Session, owner: Owner, wishes: Sequence[Wish], *, by: str, file: str) -> None:
    if not wishes:
        return
    db.execute(insert(SenderEntry), [_row(owner, each, by) for each in wishes])
    of_domain = {"domain_id": owner.domain_id} if owner.domain_id is not None else {}
    whose = {"tenant_id": owner.tenant_id, "mailbox_id": owner.mailbox_id, "delivery_id": None}
    said = {"before": None, "file": file} | of_domain
    lines = [
        whose | {"kind": EVENTS[each.listed], "detail": {"pattern": each.pattern} | said}
        for each in wishes
    ]
    events.record_all(db, lines, by=by)


def _row(owner: Owner, wish: Wish, by: str) -> dict[str, Any]:
    said = {"listed": wish.listed, "pattern": wish.pattern, "proof": wish.proof}
    life = {"expires_at": wish.expires_at, "renews": wish.renews, "created_at": clock.now()}
    return owner.ids | said | life | {"by": by, "delivery_id": None}
