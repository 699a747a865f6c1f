"""Bulk deeds: what somebody wants done with all held mail that matches, worked off in batches.

The row says how far it is. Whoever works moves its mark first, in the transaction of the deeds,
so that two never do the same; a worker that dies leaves a row that goes stale and is found.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import chain
from typing import Any

from sqlalchemy import ColumnElement, ForeignKey, Select, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from mailstore import accounts, clock, copies, events, heldlist, jobs, quarantine, rights
from mailstore.accounts import Account
from mailstore.db import Base, PrimaryKey, TenantKey
from mailstore.deliveries import Delivery, State
from mailstore.envelopes import HeldRight
from mailstore.events import Event
from mailstore.heldlist import Search, Wanted
from mailstore.jobs import job
from mailstore.quarantine import DELETED
from mailstore.rights import SEEN, Rights
from mailstore.scope import Scope
from mailstore.store import Store
from mailstore.undo import BULK, FOR, RELEASED

STALE = timedelta(seconds=30)
BATCH = 50
# Stands among what was wanted once it was taken back.
UNDONE = "undone"
COPIES = "copies"
RESENDING = "resend_begun"


class BulkDeed(StrEnum):
    """What is done with each mail."""

    RELEASE = "release"
    DELETE = "delete"
    SPAM = "spam"
    UNDO = "undo"
    RESEND = "resend"


class BulkState(StrEnum):
    """How far a bulk deed is."""

    RUNNING = "running"
    DONE = "done"


class Bulk(Base):
    """One deed for many mails: what is looked for, up to which mail, and how far it is.

    `seen` is how many were looked at, `done` for how many it was done; the rest may not be
    delivered by who asked, or was gone.
    """

    __tablename__ = "bulks"

    id: Mapped[PrimaryKey]
    tenant_id: Mapped[TenantKey]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    mailbox_ids: Mapped[list[Any]]
    by: Mapped[str]
    deed: Mapped[BulkDeed]
    wanted: Mapped[dict[str, Any]]
    newest_id: Mapped[int]
    last_id: Mapped[int] = mapped_column(default=0)
    total: Mapped[int]
    seen: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    state: Mapped[BulkState] = mapped_column(default=BulkState.RUNNING)
    made_at: Mapped[datetime]
    seen_at: Mapped[datetime] = mapped_column(index=True)

    @property
    def can_be_undone(self) -> bool:
        """Whether what it deleted can be held again."""
        deleted = self.deed in (BulkDeed.DELETE, BulkDeed.SPAM)
        over = self.state is BulkState.DONE and self.made_at > clock.now() - FOR
        return deleted and over and self.done > 0 and UNDONE not in self.wanted


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something with several mails, and which of them they may deliver."""

    scope: Scope
    by: str
    may: ColumnElement[bool]
    bulk: int | None = None
    undoes: int = 0

    def does(self, db: Session, deed: BulkDeed, delivery_id: int) -> bool:
        """Do it to one mail; False if that did not happen."""
        match deed:
            case BulkDeed.RELEASE:
                return quarantine.release(
                    db, self.scope, delivery_id, by=self.by, may=self.may, bulk=self.bulk
                )
            case BulkDeed.DELETE:
                return quarantine.delete(db, self.scope, delivery_id, by=self.by, bulk=self.bulk)
            case BulkDeed.SPAM:
                return quarantine.delete_as_spam(
                    db, self.scope, delivery_id, by=self.by, bulk=self.bulk
                )
            case BulkDeed.UNDO:
                line = db.scalars(_deletions(self.undoes).where(Event.delivery_id == delivery_id))
                return any(quarantine.undelete(db, self.scope, each, by=self.by) for each in line)
            case BulkDeed.RESEND:
                return copies.resend(db, self.scope, delivery_id, by=self.by)


def begin(
    db: Session, scope: Scope, wanted: Wanted, deed: BulkDeed, *, by: str, account_id: int | None
) -> int:
    """Note what is to be done with all that is looked for now, and ask for it; returns its id."""
    search = Search(scope, rights.of_scope(db, scope).allow(*SEEN), wanted)
    return _begin(
        db, scope, deed=deed, wanted=wanted.as_row(), newest_id=heldlist.newest_id(db, search),
        total=heldlist.count(db, search), by=by, account_id=account_id,
    )  # fmt: skip


def begin_undo(db: Session, scope: Scope, bulk: Bulk, *, by: str) -> int:
    """Note that what a bulk deed deleted is to be held again, and ask for it."""
    db.execute(update(Bulk).where(Bulk.id == bulk.id).values(wanted=bulk.wanted | {UNDONE: True}))
    return _begin(
        db, scope, deed=BulkDeed.UNDO, wanted={"bulk": bulk.id}, newest_id=bulk.last_id,
        total=bulk.done, by=by, account_id=bulk.account_id,
    )  # fmt: skip


def begin_resend(
    db: Session, scope: Scope, ids: Sequence[int], *, by: str, account_id: int | None
) -> int:
    """Note that these copies are to be delivered again, and ask for it; returns its id."""
    return _begin(
        db, scope, deed=BulkDeed.RESEND, wanted={COPIES: sorted(ids)}, newest_id=max(ids),
        total=len(ids), by=by, account_id=account_id, kind=RESENDING,
    )  # fmt: skip


def look(db: Session, scope: Scope, bulk_id: int, by: str) -> Bulk | None:
    """Return what somebody began; None unless all its mailboxes are in scope."""
    return some(db, scope, [bulk_id], by).get(bulk_id)


def some(db: Session, scope: Scope, ids: Collection[int], by: str) -> dict[int, Bulk]:
    """Return bulk deeds of somebody by their ids, those whose mailboxes are all in scope."""
    if not ids:
        return {}
    mine = select(Bulk).where(Bulk.tenant_id == scope.tenant_id, Bulk.by == by)
    found = db.scalars(mine.where(Bulk.id.in_(ids)))
    usable = scope.mailbox_ids or frozenset()
    return {each.id: each for each in found if usable.issuperset(each.mailbox_ids)}


def fates(db: Session, bulks: Collection[Bulk]) -> dict[int, Counter[State]]:
    """Return how many of the mails that bulk deeds released are in which state by now."""
    releasing = [each for each in bulks if each.deed is BulkDeed.RELEASE]
    found: dict[int, Counter[State]] = {each.id: Counter() for each in releasing}
    if not releasing:
        return found
    number = Event.detail["bulk"].as_integer()
    lines = (
        select(number.label("bulk"), Delivery.state)
        .join(Delivery, Delivery.id == Event.delivery_id)
        .where(Event.mailbox_id.in_({*chain(*(each.mailbox_ids for each in releasing))}))
        .where(Event.at >= min(each.made_at for each in releasing))
        .where(Event.kind == RELEASED, number.in_(found))
        .subquery()
    )
    counts = select(lines.c.bulk, lines.c.state, func.count()).group_by(lines.c.bulk, lines.c.state)
    for bulk_id, state, count in db.execute(counts):
        found[bulk_id][state] = count
    return found


def stale(db: Session, now: datetime) -> Sequence[int]:
    """Return what is not done, and nobody works on."""
    running = select(Bulk.id).where(Bulk.state == BulkState.RUNNING)
    return db.scalars(running.where(Bulk.seen_at <= now - STALE)).all()


@job
def run_bulk(store: Store, bulk_id: int) -> None:
    """Do a bulk deed, batch by batch; may run twice, and may be cut off anywhere."""
    while not _step(store, bulk_id):
        pass


def _step(store: Store, bulk_id: int) -> bool:
    """Do it for the next mails; True once there is nothing left to do."""
    with store.write() as db:
        bulk = db.get(Bulk, bulk_id)
        if bulk is None or bulk.state is BulkState.DONE:
            return True
        scope = _scope(db, bulk)
        allowed = rights.of_scope(db, scope)
        ids = _next(db, bulk, scope, allowed)
        moved = db.scalar(
            update(Bulk)
            .where(Bulk.id == bulk.id, Bulk.last_id == bulk.last_id)
            .where(Bulk.state == BulkState.RUNNING)
            .values(
                last_id=ids[-1] if ids else Bulk.last_id,
                state=BulkState.RUNNING if ids else BulkState.DONE,
                seen=Bulk.seen + len(ids),
                seen_at=clock.now(),
            )
            .returning(Bulk.id)
            .execution_options(synchronize_session=False)
        )
        if moved is None:
            return True
        may, undoes = allowed.allow(HeldRight.DELIVER), bulk.wanted.get("bulk", 0)
        actor = Actor(scope, bulk.by, may, bulk.id, undoes)
        done = sum(actor.does(db, bulk.deed, each) for each in ids)
        db.execute(
            update(Bulk)
            .where(Bulk.id == bulk.id)
            .values(done=Bulk.done + done)
            .execution_options(synchronize_session=False)
        )
    return not ids


def _begin(db: Session, scope: Scope, *, kind: str = BULK, **values: Any) -> int:
    now = clock.now()
    mailbox_ids = sorted(scope.mailbox_ids or ())
    bulk = Bulk(
        tenant_id=scope.tenant_id, mailbox_ids=mailbox_ids, made_at=now, seen_at=now, **values
    )
    db.add(bulk)
    db.flush()
    detail = {"bulk": bulk.id, "deed": bulk.deed, "mails": bulk.total}
    # Found by one of its mailboxes, as what is done to single mails is.
    whose = {"tenant_id": bulk.tenant_id, "mailbox_id": min(mailbox_ids, default=None)}
    events.record(db, kind, by=bulk.by, detail=detail, **whose)
    jobs.after_commit(db, "run_bulk", bulk.id)
    return bulk.id


def _scope(db: Session, bulk: Bulk) -> Scope:
    """Return the mailboxes that whoever asked may still use."""
    mailbox_ids = frozenset(bulk.mailbox_ids)
    if bulk.account_id is not None:
        account = db.get_one(Account, bulk.account_id)
        still = accounts.scope_of(db, account).mailbox_ids if account.active else None
        mailbox_ids &= still or frozenset()
    return Scope(bulk.tenant_id, mailbox_ids)


def _next(db: Session, bulk: Bulk, scope: Scope, allowed: Rights) -> Sequence[int]:
    if bulk.deed is BulkDeed.RESEND:
        return [each for each in bulk.wanted[COPIES] if each > bulk.last_id][:BATCH]
    if bulk.deed is not BulkDeed.UNDO:
        search = Search(scope, allowed.allow(*SEEN), Wanted.of_row(bulk.wanted))
        return heldlist.ids_between(db, search, bulk.last_id, bulk.newest_id, BATCH)
    lines = _deletions(bulk.wanted["bulk"]).where(
        Event.mailbox_id.in_(scope.mailbox_ids or ()), Event.at > bulk.made_at - 2 * FOR,
        Event.delivery_id > bulk.last_id,
    )  # fmt: skip
    found = db.scalars(lines.order_by(Event.delivery_id).limit(BATCH))
    return [each.delivery_id for each in found if each.delivery_id is not None]


def _deletions(bulk_id: int) -> Select[Event]:
    """Return a query for what a bulk deed deleted, as lines of the log."""
    of_bulk = Event.detail["bulk"].as_integer() == bulk_id
    return select(Event).where(Event.kind.in_(DELETED), of_bulk)
