"""The quarantine: what is held, and what people may do with it."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, SQLColumnExpression, literal, select, update
from sqlalchemy.orm import Session, aliased, contains_eager

from mailstore import clock, events, jobs, lessons, releases
from mailstore.copies import SHOWN
from mailstore.deliveries import Delivery, Direction, State
from mailstore.envelopes import MailClass
from mailstore.events import Event
from mailstore.scope import Scope

SPAM = "deleted_as_spam"
# The lines of the log that say so.
DELETED = ("deleted", SPAM)
# What people may deliver themselves; the rest wants an administrator, and a virus nobody.
SELF_SERVICE = frozenset({MailClass.CLEAN, MailClass.SPAM, MailClass.NEWSLETTER})
# What an administrator may deliver after a look at it: a virus stays.
BY_ADMINISTRATOR = frozenset(MailClass) - {MailClass.VIRUS}


def look(db: Session, scope: Scope, delivery_id: int) -> Delivery | None:
    """Return one delivery that is or was held, its message loaded; None if out of scope."""
    return db.scalar(
        select(Delivery)
        .join(Delivery.message)
        .options(contains_eager(Delivery.message))
        .where(Delivery.id == delivery_id, Delivery.held_until.is_not(None))
        .where(scope.covers(Delivery))
    )


def known(db: Session, scope: Scope, ids: Collection[int], *, may: ColumnElement[bool]) -> set[int]:
    """Return which of these are deliveries in scope that are or were held, and may be seen."""
    mine = select(Delivery.id).where(Delivery.id.in_(ids), Delivery.held_until.is_not(None))
    return set(db.scalars(mine.where(scope.covers(Delivery), may)))


def keep(db: Session, delivery_id: int, until: datetime) -> None:
    """Let a held mail not expire before a moment; one that is kept longer stays so."""
    db.execute(
        update(Delivery)
        .where(Delivery.id == delivery_id, Delivery.state == State.QUARANTINED)
        .where(Delivery.held_until < until)
        .values(held_until=until)
        .execution_options(synchronize_session=False)
    )


def release(
    db: Session,
    scope: Scope,
    delivery_id: int,
    *,
    by: str,
    may: ColumnElement[bool],
    bulk: int | None = None,
) -> bool:
    """Send a held delivery on once it was scanned again; False if it is not held (any more).

    Also False if `may`, what the asking person may deliver, does not hold for it. One guarded
    UPDATE decides, so a second click on the same link, or a click while an administrator does
    the same, sends nothing twice.
    """
    released = db.execute(
        update(Delivery)
        .where(Delivery.id == delivery_id, Delivery.state == State.QUARANTINED)
        .where(scope.covers(Delivery), may)
        .values(state=State.RELEASING, next_attempt_at=clock.now())
        .returning(Delivery.tenant_id, Delivery.mailbox_id, Delivery.mail_class)
    ).first()
    if released is None:
        return False
    # Who delivers what is dangerous after a look at it does not say that others like it are good.
    if released.mail_class in SELF_SERVICE:
        lessons.note(db, delivery_id, as_spam=False)
    _record(db, "released", delivery_id, released, by, bulk)
    jobs.after_commit(db, releases.JOB)
    return True


def delete(
    db: Session, scope: Scope, delivery_id: int, *, by: str, bulk: int | None = None
) -> bool:
    """Take a held delivery out of sight; False if it is not in quarantine (any more)."""
    return _delete(db, scope, delivery_id, "deleted", by, bulk)


def delete_as_spam(
    db: Session, scope: Scope, delivery_id: int, *, by: str, bulk: int | None = None
) -> bool:
    """Delete a held delivery, and let it be learned that such mail is spam."""
    if not _delete(db, scope, delivery_id, SPAM, by, bulk):
        return False
    lessons.note(db, delivery_id, as_spam=True)
    return True


def undelete(db: Session, scope: Scope, line: Event, *, by: str) -> bool:
    """Hold again what a line of the log says was deleted; False if that did not happen.

    Also False if it is not the last word: it was held again, and maybe deleted again, since.
    """
    delivery_id = line.delivery_id
    held = db.execute(
        update(Delivery)
        .where(Delivery.id == delivery_id, Delivery.state == State.DELETED)
        .where(scope.covers(Delivery), is_last_word(literal(delivery_id), literal(line.id)))
        .values(state=State.QUARANTINED, done_at=None)
        .returning(Delivery.tenant_id, Delivery.mailbox_id)
    ).first()
    if held is None or delivery_id is None:
        return False
    if line.kind == SPAM:
        lessons.take_back(db, delivery_id)
    _record(db, "undeleted", delivery_id, held, by)
    return True


def is_last_word(
    delivery_id: SQLColumnExpression[Any], line_id: SQLColumnExpression[Any]
) -> ColumnElement[bool]:
    """Return the condition that no later line says a mail was deleted, or held again."""
    later = aliased(Event)
    said = select(later.id).where(later.delivery_id == delivery_id, later.id > line_id)
    return ~said.where(later.kind.in_((*DELETED, "undeleted"))).exists()


def _delete(
    db: Session, scope: Scope, delivery_id: int, kind: str, by: str, bulk: int | None
) -> bool:
    deleted = db.execute(
        update(Delivery)
        .where(Delivery.id == delivery_id, Delivery.state == State.QUARANTINED)
        .where(scope.covers(Delivery))
        .values(state=State.DELETED, done_at=clock.now())
        .returning(Delivery.tenant_id, Delivery.mailbox_id)
    ).first()
    if deleted is None:
        return False
    _record(db, kind, delivery_id, deleted, by, bulk)
    return True


def report_spam(db: Session, scope: Scope, delivery_id: int, *, by: str) -> bool:
    """Note that a mail is spam though it was not held; it is learned from soon.

    False if it is not there for this scope, is held or deleted, or was reported already.
    """
    return _report(db, scope, delivery_id, "reported_spam", by)


def report_not_spam(db: Session, scope: Scope, delivery_id: int, *, by: str) -> bool:
    """Note that a mail which was reported as spam is none; False if that was not reported."""
    said = lessons.said_spam(db, delivery_id)
    return said and _report(db, scope, delivery_id, "reported_not_spam", by)


def _report(db: Session, scope: Scope, delivery_id: int, kind: str, by: str) -> bool:
    reported = db.execute(
        select(Delivery.tenant_id, Delivery.mailbox_id)
        .where(Delivery.id == delivery_id, Delivery.state.in_(SHOWN))
        .where(scope.covers(Delivery), Delivery.direction == Direction.IN)
    ).first()
    as_spam = kind == "reported_spam"
    if reported is None or not lessons.note(db, delivery_id, as_spam=as_spam):
        return False
    _record(db, kind, delivery_id, reported, by)
    return True


def _record(
    db: Session,
    kind: str,
    delivery_id: int,
    whose: Row[*tuple[Any, ...]],
    by: str,
    bulk: int | None = None,
) -> None:
    events.record(
        db,
        kind,
        by=by,
        tenant_id=whose.tenant_id,
        mailbox_id=whose.mailbox_id,
        delivery_id=delivery_id,
        detail={"bulk": bulk} if bulk else None,
    )
