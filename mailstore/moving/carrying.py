"""Carrying out a file: the worker takes some people at a time, each with all their addresses.

What was planned is asked again in the transaction that does it: an address that somebody took
meanwhile leaves its line out. The mark moves in the same transaction, so that a worker that dies
repeats nothing; a file that is read again changes nothing.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import astuple
from typing import Any

import structlog
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mailstore import clock, realms
from mailstore.accounts import Account
from mailstore.errors import Corrupt, NotFound
from mailstore.jobs import job
from mailstore.moving import applying, deeds, here, rows
from mailstore.moving.planning import Diff, plan
from mailstore.moving.rows import MOST_TROUBLES, Moving, MovingState
from mailstore.moving.wishes import Clash, Trouble, Wish, wishes_of
from mailstore.realms import Realm
from mailstore.store import Store

log = structlog.get_logger()

# As many people as keep the relay waiting for a fortieth of a second where there is one writer.
AT_ONCE = 20
LONGEST_PAUSE = 1.0


@job
def move_in(store: Store, moving_id: int) -> None:
    """Carry out a file; may run twice, and may be cut off anywhere."""
    for _ in steps(store, moving_id):
        pass


def steps(store: Store, moving_id: int) -> Iterator[None]:
    """Carry out a file, and yield after some people each; ends where somebody else does it.

    Mail that comes meanwhile has the rows for as long as these people had them.
    """
    with store.read() as db:
        row = db.get(Moving, moving_id)
    if row is None or row.state is not MovingState.RUNNING:
        return
    try:
        wishes, _ = wishes_of(rows.people_of(store, row))
    except (NotFound, Corrupt) as error:
        log.warning("people_unreadable", file=moving_id, error=str(error))
        with store.write() as db:
            rows.stop(db, row, by="worker")
        return
    begun = time.monotonic()
    while _some(store, moving_id, wishes):
        yield
        if store.closing.wait(min(time.monotonic() - begun, LONGEST_PAUSE)):
            return
        begun = time.monotonic()


def _some(store: Store, moving_id: int, wishes: Sequence[Wish]) -> bool:
    """Carry out some more of a file; False once nothing is left to do."""
    try:
        return _step(store, moving_id, wishes, AT_ONCE)
    except IntegrityError:
        # Somebody took an address between the look and the deed: by turns it is seen whose.
        return all(_alone(store, moving_id, wishes) for _ in range(AT_ONCE))


def _alone(store: Store, moving_id: int, wishes: Sequence[Wish]) -> bool:
    try:
        return _step(store, moving_id, wishes, 1)
    except IntegrityError:
        return _step(store, moving_id, wishes, 1, failed=True)


def _step(
    store: Store, moving_id: int, wishes: Sequence[Wish], count: int, *, failed: bool = False
) -> bool:
    with store.write() as db:
        row = db.get(Moving, moving_id)
        if row is None or row.state is not MovingState.RUNNING:
            return False
        realm = _realm(db, row)
        if realm is None:
            rows.stop(db, row, by="worker")
            return False
        part = wishes[row.seen : row.seen + count]
        leaving = [] if part else row.leaving[row.seen - len(wishes) :][:count]
        if not part and not leaving:
            rows.finish(db, row)
            return False
        if not _taken(db, row, len(part) + len(leaving)):
            return False
        done = (
            _failed(part) if failed
            else _people(db, realm, row, part) if part
            else _leaving(db, realm, row, leaving)
        )  # fmt: skip
        _note(db, row, done)
    return True


def _people(db: Session, realm: Realm, row: Moving, part: Sequence[Wish]) -> dict[str, Any]:
    """Do what people need who are not as the file wants them; return what was counted."""
    found = here.around(db, realm, part)
    diff = plan(part, found, row.chosen)
    steps = [*diff.new, *diff.changed]
    applying.apply(db, row.tenant_id, steps, found, row.chosen, by=row.by)
    return _counts(diff)


def _leaving(db: Session, realm: Realm, row: Moving, mailbox_ids: Sequence[int]) -> dict[str, Any]:
    """Switch off mailboxes that the file does not name, as far as that may still be."""
    found = (deeds.one(db, realm, each) for each in mailbox_ids)
    off = [deeds.switch_off(db, each, by=row.by) for each in found if each is not None]
    return {"switched_off": sum(off)}


def _failed(part: Sequence[Wish]) -> dict[str, Any]:
    lines = [Trouble(each.person.line, Clash.FAILED, str(each.main)) for each in part]
    return {"failed": len(lines), "troubles": lines}


def _counts(diff: Diff) -> dict[str, Any]:
    return {
        "added": len(diff.new),
        "aliases": diff.aliases,
        "changed": len(diff.changed),
        "unchanged": diff.unchanged + diff.spared,
        "failed": len(diff.clashes),
        "troubles": diff.clashes,
    }


def _taken(db: Session, row: Moving, count: int) -> bool:
    """Move the mark before anything is done; False if somebody else does it."""
    taken = db.scalar(
        update(Moving)
        .where(Moving.id == row.id, Moving.seen == row.seen)
        .where(Moving.state == MovingState.RUNNING)
        .values(seen=row.seen + count, seen_at=clock.now())
        .returning(Moving.id)
        .execution_options(synchronize_session=False)
    )
    return taken is not None


def _note(db: Session, row: Moving, done: dict[str, Any]) -> None:
    told = [*row.troubles, *(list(astuple(each)) for each in done.pop("troubles", ()))]
    counted = {name: getattr(Moving, name) + count for name, count in done.items()}
    db.execute(
        update(Moving)
        .where(Moving.id == row.id)
        .values(troubles=told[:MOST_TROUBLES], **counted)
        .execution_options(synchronize_session=False)
    )


def _realm(db: Session, row: Moving) -> Realm | None:
    """Return what whoever began it may still administer, None for nothing."""
    if row.account_id is None:
        return Realm(row.tenant_id)
    account = db.get_one(Account, row.account_id)
    realm = realms.of(db, account)
    manages = realm.whole or realm.domain_ids
    return realm if account.active and manages and realm.tenant_id == row.tenant_id else None
