"""Held mail that its reader is told of at once, because the policy wants that."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from mailstore import clock
from mailstore.deliveries import Delivery, State
from mailstore.envelopes import HeldNotice, MailClass, Verdict
from mailstore.reports.rows import Report

JOB = "tell_held"
# Points above the threshold within which a mail is a borderline case.
NEAR = 2.0
# Nobody gets more than one notice in so long, however many mails are held.
PAUSE = timedelta(minutes=10)
BATCH = 500


def is_told(verdict: Verdict) -> bool:
    """Whether the reader of a mail that is held is told at once."""
    policy = verdict.recipient.policy
    if policy.notice is not HeldNotice.BORDERLINE:
        return policy.notice is HeldNotice.ALL
    near = verdict.score < policy.quarantine_at + NEAR
    return near and verdict.mail_class in (MailClass.SPAM, MailClass.NEWSLETTER)


def due(db: Session, now: datetime) -> bool:
    """Whether anybody is to be told."""
    return db.scalar(select(Delivery.id).where(Delivery.tell_at <= now).limit(1)) is not None


def waiting(db: Session) -> Mapping[int, set[int]]:
    """Return the held mails that people are to be told of, by their mailboxes."""
    told = select(Delivery.mailbox_id, Delivery.id).where(Delivery.tell_at <= clock.now())
    found: dict[int, set[int]] = defaultdict(set)
    for mailbox_id, delivery_id in db.execute(told.order_by(Delivery.tell_at).limit(BATCH)):
        found[mailbox_id or 0].add(delivery_id)
    return found


def lately_told(db: Session, mailbox_ids: Collection[int]) -> set[int]:
    """Return those mailboxes that got a notice or report a moment ago."""
    lately = Report.mailbox_id.in_(mailbox_ids), Report.slot > clock.now() - PAUSE
    return set(db.scalars(select(Report.mailbox_id).where(*lately)))


def wait(db: Session, delivery_ids: Collection[int]) -> None:
    """Tell of these mails a little later."""
    later = update(Delivery).where(Delivery.id.in_(delivery_ids), Delivery.tell_at.is_not(None))
    db.execute(
        later.values(tell_at=clock.now() + PAUSE).execution_options(synchronize_session=False)
    )


def take(db: Session, delivery_ids: Collection[int]) -> set[int]:
    """Note that people are told of these mails; returns those of which nobody else told them."""
    told = (
        update(Delivery)
        .where(Delivery.id.in_(delivery_ids), Delivery.tell_at <= clock.now())
        .values(tell_at=None)
        .returning(Delivery.id, Delivery.state)
        .execution_options(synchronize_session=False)
    )
    return {each for each, state in db.execute(told) if state is State.QUARANTINED}
