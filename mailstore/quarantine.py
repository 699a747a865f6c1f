"""The quarantine: what is held, and what people may do with it."""

from collections.abc import Sequence

from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import Session, contains_eager

from mailstore import clock, events, jobs, lessons
from mailstore.copies import SHOWN
from mailstore.deliveries import Delivery, Direction, State
from mailstore.envelopes import MailClass
from mailstore.pages import Page, page_of
from mailstore.scope import Scope

# What people may deliver themselves; the rest wants an administrator, and a virus nobody.
SELF_SERVICE = frozenset({MailClass.CLEAN, MailClass.SPAM, MailClass.NEWSLETTER})
# What an administrator may deliver after a look at it: a virus stays.
BY_ADMINISTRATOR = frozenset(MailClass) - {MailClass.VIRUS}


def held(db: Session, scope: Scope, page: Page) -> Sequence[Delivery]:
    """Return what is held, newest first, their messages loaded."""
    return page_of(db, _held(scope), page)


def count(db: Session, scope: Scope) -> int:
    """Return how many mails are held."""
    return db.scalar(select(func.count()).select_from(_held(scope).subquery())) or 0


def look(db: Session, scope: Scope, delivery_id: int) -> Delivery | None:
    """Return one delivery that is or was held, its message loaded; None if out of scope."""
    return db.scalar(
        select(Delivery)
        .join(Delivery.message)
        .options(contains_eager(Delivery.message))
        .where(Delivery.id == delivery_id, Delivery.held_until.is_not(None))
        .where(scope.covers(Delivery))
    )


def release(
    db: Session, scope: Scope, delivery_id: int, *, by: str, classes: frozenset[MailClass]
) -> bool:
    """Send a held delivery on; False if it is not in quarantine (any more) or not of a class.

    One guarded UPDATE decides, so a second click on the same link, or a click while an
    administrator does the same, sends nothing twice.
    """
    now = clock.now()
    released = db.execute(
        update(Delivery)
        .where(Delivery.id == delivery_id, Delivery.state == State.QUARANTINED)
        .where(scope.covers(Delivery), Delivery.mail_class.in_(classes))
        .values(state=State.QUEUED, queued_at=now, next_attempt_at=now)
        .returning(Delivery.tenant_id, Delivery.mailbox_id, Delivery.lane_id, Delivery.mail_class)
    ).first()
    if released is None:
        return False
    tenant_id, mailbox_id, lane_id, mail_class = released
    # Who delivers what is dangerous after a look at it does not say that others like it are good.
    if mail_class in SELF_SERVICE:
        lessons.note(db, delivery_id, as_spam=False)
    _record(db, "released", delivery_id, tenant_id, mailbox_id, by)
    jobs.after_commit(db, "drain", lane_id)
    return True


def delete(db: Session, scope: Scope, delivery_id: int, *, by: str) -> bool:
    """Take a held delivery out of sight; False if it is not in quarantine (any more)."""
    deleted = db.execute(
        update(Delivery)
        .where(Delivery.id == delivery_id, Delivery.state == State.QUARANTINED)
        .where(scope.covers(Delivery))
        .values(state=State.DELETED, done_at=clock.now())
        .returning(Delivery.tenant_id, Delivery.mailbox_id)
    ).first()
    if deleted is None:
        return False
    _record(db, "deleted", delivery_id, *deleted, by)
    return True


def report_spam(db: Session, scope: Scope, delivery_id: int, *, by: str) -> bool:
    """Note that a mail is spam though it was not held; it is learned from soon.

    False if it is not there for this scope, is held or deleted, or was reported already.
    """
    reported = db.execute(
        select(Delivery.tenant_id, Delivery.mailbox_id)
        .where(Delivery.id == delivery_id, Delivery.state.in_(SHOWN))
        .where(scope.covers(Delivery), Delivery.direction == Direction.IN)
    ).first()
    if reported is None or not lessons.note(db, delivery_id, as_spam=True):
        return False
    tenant_id, mailbox_id = reported
    _record(db, "reported_spam", delivery_id, tenant_id, mailbox_id, by)
    return True


def _held(scope: Scope) -> Select[Delivery]:
    return select(Delivery).where(Delivery.state == State.QUARANTINED, scope.covers(Delivery))


def _record(
    db: Session, kind: str, delivery_id: int, tenant_id: int, mailbox_id: int | None, by: str
) -> None:
    events.record(
        db, kind, by=by, tenant_id=tenant_id, mailbox_id=mailbox_id, delivery_id=delivery_id
    )
