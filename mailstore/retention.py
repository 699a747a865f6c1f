"""Expiry: what is past its days is erased, and what must stay is carried to a later day first.

The order matters: rows are marked before a pack goes, so that a crash leaves a pack without
rows, never a row without its pack.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update
from sqlalchemy.orm import Session

from mailstore import (
    attempts,
    bayes,
    callouts,
    clock,
    codes,
    devices,
    events,
    keys,
    lifetimes,
    marks,
    resets,
    sessions,
)
from mailstore.curation import uploads
from mailstore.db import upsert
from mailstore.deliveries import Delivery, State
from mailstore.erasure import cuts, forgetting
from mailstore.errors import Corrupt, NotFound
from mailstore.jobs import job
from mailstore.messages import Message
from mailstore.moving import knocks, unknown
from mailstore.moving import rows as moving
from mailstore.packs import Pack
from mailstore.refusals import Refusal
from mailstore.reports.rows import Link, Report
from mailstore.search import index
from mailstore.sending import blocks, homecomings, limits
from mailstore.store import Store
from mailstore.tenants import Tenant
from mailstore.writing import ending

log = structlog.get_logger()

BATCH = 500
METADATA = timedelta(days=60)
CARRY = timedelta(days=7)
# On its way, or held: somebody still needs its content.
UNSETTLED = (State.QUEUED, State.QUARANTINED, State.RELEASING)


def expiry_day(received_at: datetime, days: int) -> date:
    """Return the last UTC day on which a mail kept for so many days can be read."""
    return received_at.date() + timedelta(days=days)


@job
def expire(store: Store) -> None:
    """Erase all that is past its day; may run twice, and may be cut off anywhere."""
    today = clock.today()
    cuts.follow(store)
    unknown.note_heard(store)
    _in_batches(store, expire_held)
    last = 0
    while ids := _to_carry(store, today, last):
        _carry(store, ids)
        last = ids[-1]
    _in_batches(store, _forget_content)
    _in_batches(store, _forget_early)
    forgetting.shred(store)
    with store.write() as db:
        ending.purge(db)
        _note_keys(db, forgetting.erase_keys(db, today, _still_named()))
    _remove_packs(store, today)
    index.drop_before(store, today)
    for purge in (_purge_messages, _purge_refusals, _forget_tokens):
        _in_batches(store, purge)
    with store.write() as db:
        for forget in _PURGES:
            forget(db)
    store.scrub()


def expire_held(db: Session) -> int:
    """Take held mail whose days are over out of quarantine; return how many, a batch at most."""
    now = clock.now()
    chosen = select(Delivery.id).where(
        Delivery.state == State.QUARANTINED, Delivery.held_until < now
    )
    expired = db.execute(
        update(Delivery)
        .where(Delivery.id.in_(chosen.limit(BATCH)), Delivery.state == State.QUARANTINED)
        .values(state=State.DELETED, done_at=now)
        .returning(Delivery.id, Delivery.tenant_id, Delivery.mailbox_id)
        .execution_options(synchronize_session=False)
    ).all()
    for delivery_id, tenant_id, mailbox_id in expired:
        events.record(
            db,
            "expired",
            by="worker",
            tenant_id=tenant_id,
            mailbox_id=mailbox_id,
            delivery_id=delivery_id,
        )
    return len(expired)


def _waits() -> ColumnElement[bool]:
    waiting = select(Delivery.message_id).where(
        Delivery.message_id == Message.id,
        Delivery.state.in_(UNSETTLED),
    )
    return or_(waiting.exists(), homecomings.waits(Message.id))


def _still_named() -> ColumnElement[bool]:
    # Mail that waits and could not be carried keeps its key: it may be mended.
    named = select(Message.id).where(
        Message.tenant_id == keys.DataKey.tenant_id,
        Message.day == keys.DataKey.day,
        Message.pack.is_not(None),
    )
    return or_(named.exists(), ending.needs_key())


def _to_carry(store: Store, today: date, after: int) -> Sequence[int]:
    """Find a batch of messages that ended before today, and that somebody still needs.

    That is: a recipient still waits or pinned them, or they are kept for longer by now.
    """
    with store.read() as db:
        pinned_since = lifetimes.younger_than(db, Tenant.pin_days, today)
        pinned = and_(marks.is_pinned(Message.id), or_(*pinned_since))
        return db.scalars(
            select(Message.id)
            .join(Tenant, Tenant.id == Message.tenant_id)
            .where(Message.pack.is_not(None), Message.day < today, Message.id > after)
            .where(or_(_waits(), pinned, lifetimes.still_kept(db, today)))
            .order_by(Message.id)
            .limit(BATCH)
        ).all()


def _carry(store: Store, ids: Sequence[int]) -> int:
    """Copy messages into a later day's pack; return how many got there."""
    with store.read() as db:
        messages = db.scalars(select(Message).where(Message.id.in_(ids))).all()
    carried = 0
    for message in messages:
        day = clock.today() + CARRY
        try:
            sealed = store.seal(message.tenant_id, day, store.content(message))
        except (Corrupt, NotFound):
            log.exception("carry_failed", message=message.id)
            continue
        (place,) = store.packs.append([sealed.slice])
        with store.write() as db:
            db.execute(upsert(db, Pack).values(name=place.pack, day=day).on_conflict_do_nothing())
            db.execute(
                update(Message)
                .where(Message.id == message.id, Message.pack == message.pack)
                # Its words are forgotten with its first day.
                .values(
                    pack=place.pack,
                    day=day,
                    offset=place.offset,
                    length=place.length,
                    indexed=False,
                )
            )
        carried += 1
    return carried


def _forget_content(db: Session) -> int:
    chosen = select(Message.id).where(
        Message.pack.is_not(None), Message.day < clock.today(), ~_waits()
    )
    forgotten = db.scalars(
        update(Message)
        .where(Message.id.in_(chosen.limit(BATCH)))
        .values(pack=None, snippet="")
        .returning(Message.id)
        .execution_options(synchronize_session=False)
    ).all()
    return len(forgotten)


def _forget_early(db: Session) -> int:
    """Forget what a shorter retention ends before its day, unless somebody still needs it."""
    today = clock.today()
    pinned = and_(
        marks.is_pinned(Message.id), or_(*lifetimes.younger_than(db, Tenant.pin_days, today))
    )
    mine = select(Tenant.id).where(Tenant.id == Message.tenant_id, pinned)
    over = Message.until < today, Message.pack.is_not(None)
    chosen = select(Message.id).where(*over, ~_waits(), ~mine.exists()).limit(BATCH)
    ids = db.scalars(chosen).all()
    forgetting.note(db, forgetting.forget(db, ids), by="worker", why="shorter retention")
    return len(ids)


def _note_keys(db: Session, erased: Sequence[tuple[int, date]]) -> None:
    """Write down whose keys of which days are gone, and how many mails they were for."""
    for tenant_id, day in erased:
        mine = Message.tenant_id == tenant_id, Message.day == day
        mails = db.scalar(select(func.count()).select_from(Message).where(*mine))
        detail = {"day": day.isoformat(), "mails": mails or 0, "keys": 1}
        events.record(db, "keys_erased", by="worker", tenant_id=tenant_id, detail=detail)


def _remove_packs(store: Store, today: date) -> None:
    named = select(Message.id).where(Message.pack == Pack.name)
    with store.read() as db:
        packs = db.execute(
            select(Pack.name, Pack.day).where(Pack.day < today, ~named.exists(), ~ending.in_pack())
        ).all()
    for name, day in packs:
        with store.write() as db:
            db.execute(delete(Pack).where(Pack.name == name))
        store.packs.remove(name, day)


def _purge_messages(db: Session) -> int:
    chosen = (
        select(Message.id)
        .outerjoin(
            Delivery,
            (Delivery.message_id == Message.id) & Delivery.state.in_(UNSETTLED),
        )
        .where(Message.received_at < clock.now() - METADATA, Message.pack.is_(None))
        .group_by(Message.id)
        .having(func.count(Delivery.id) == 0)
        .limit(BATCH)
    )
    ids = db.scalars(chosen).all()
    db.execute(delete(Message).where(Message.id.in_(ids)))
    return len(ids)


def _purge_refusals(db: Session) -> int:
    chosen = select(Refusal.id).where(Refusal.at < clock.now() - METADATA).limit(BATCH)
    ids = db.scalars(chosen).all()
    db.execute(delete(Refusal).where(Refusal.id.in_(ids)))
    return len(ids)


def _purge_reports(db: Session) -> None:
    """Delete old reports with their links, but for those that say that a mail was reported."""
    held = Delivery.id == Link.delivery_id, Delivery.state == State.QUARANTINED
    old = clock.now() - METADATA
    db.execute(
        delete(Link)
        .where(Link.ends_at < old, ~select(Delivery.id).where(*held).exists())
        .execution_options(synchronize_session=False)
    )
    empty = ~select(Link.id).where(Link.report_id == Report.id).exists()
    gone = delete(Report).where(Report.slot < old, empty)
    db.execute(gone.execution_options(synchronize_session=False))


_PURGES: tuple[Callable[[Session], object], ...] = (
    sessions.purge, devices.purge, attempts.purge, codes.purge, resets.purge, uploads.purge,
    limits.purge, blocks.purge, callouts.purge, knocks.purge, moving.purge, _purge_reports,
)  # fmt: skip


def _forget_tokens(db: Session) -> int:
    return bayes.forget(db, BATCH)


def _in_batches(store: Store, step: Callable[[Session], int]) -> None:
    while True:
        with store.write() as db:
            done = step(db)
        if done < BATCH:
            return
