"""Lessons: what people said of single mails, and whether it was learned already.

A deed only notes what a person said. The worker reads the mail and counts it later, once: a
lesson that was learned the other way before is taken back first.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, delete, select, update
from sqlalchemy.orm import Mapped, Session, contains_eager, mapped_column, relationship

from mailstore import bayes, clock
from mailstore.db import Base, upsert
from mailstore.deliveries import Delivery

JOB = "learn_lessons"
LEASE = timedelta(minutes=5)
MOST_TRIES = 3


class Lesson(Base):
    """What a person said last of a delivery, and what was learned of it last.

    `due_at` is empty once nothing is left to do; `learned_as_spam` as long as nothing was learned.
    """

    __tablename__ = "lessons"

    delivery_id: Mapped[int] = mapped_column(
        ForeignKey("deliveries.id", ondelete="CASCADE"), primary_key=True
    )
    as_spam: Mapped[bool]
    learned_as_spam: Mapped[bool | None]
    tries: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime | None] = mapped_column(index=True)

    delivery: Mapped[Delivery] = relationship(lazy="raise")


def note(db: Session, delivery_id: int, *, as_spam: bool) -> bool:
    """Note what a person says of a mail; False if the same was said last.

    Nobody waits for it, so the sweep finds it and no job is asked for.
    """
    said = {"as_spam": as_spam, "tries": 0, "due_at": clock.now()}
    noted = db.scalar(
        upsert(db, Lesson)
        .values(delivery_id=delivery_id, **said)
        .on_conflict_do_update(
            index_elements=["delivery_id"], set_=said, where=Lesson.as_spam != as_spam
        )
        .returning(Lesson.delivery_id)
    )
    return noted is not None


def take_back(db: Session, delivery_id: int) -> None:
    """Forget what a person said last of a mail; what was learned of it already is learned back."""
    db.execute(
        delete(Lesson).where(Lesson.delivery_id == delivery_id, Lesson.learned_as_spam.is_(None))
    )
    said = db.scalar(select(Lesson.as_spam).where(Lesson.delivery_id == delivery_id))
    if said is not None:
        note(db, delivery_id, as_spam=not said)


def said_spam(db: Session, delivery_id: int) -> bool:
    """Whether a person called a mail spam, and nobody said otherwise since."""
    return bool(db.scalar(select(Lesson.as_spam).where(Lesson.delivery_id == delivery_id)))


def due(db: Session, now: datetime) -> bool:
    """Whether any lesson waits to be learned."""
    return db.scalar(select(Lesson.delivery_id).where(Lesson.due_at <= now).limit(1)) is not None


def claim(db: Session) -> Lesson | None:
    """Take the lesson that waits longest, its delivery and message loaded; None without any.

    It comes up again after its lease, and three times at most.
    """
    now = clock.now()
    found = db.scalar(
        select(Lesson)
        .join(Lesson.delivery)
        .join(Delivery.message)
        .options(contains_eager(Lesson.delivery).contains_eager(Delivery.message))
        .where(Lesson.due_at <= now)
        .order_by(Lesson.due_at)
        .limit(1)
        .with_for_update(skip_locked=True, of=Lesson)
    )
    if found is not None:
        found.tries += 1
        found.due_at = now + LEASE if found.tries < MOST_TRIES else None
        db.flush()
    return found


def finish(db: Session, lesson: Lesson, tokens: Iterable[int]) -> bool:
    """Count what a claimed lesson teaches; False if somebody else did, or its person changed it."""
    before, tenant_id, kept = lesson.learned_as_spam, lesson.delivery.tenant_id, list(tokens)
    done = db.scalar(
        update(Lesson)
        .where(Lesson.delivery_id == lesson.delivery_id, Lesson.as_spam == lesson.as_spam)
        .where(Lesson.learned_as_spam.is_not_distinct_from(before))
        .values(learned_as_spam=lesson.as_spam, due_at=None)
        .returning(Lesson.delivery_id)
        .execution_options(synchronize_session=False)
    )
    if done is None:
        return False
    if before is not None and before is not lesson.as_spam:
        bayes.unlearn(db, tenant_id, kept, as_spam=before)
    if before is not lesson.as_spam:
        bayes.learn(db, tenant_id, kept, as_spam=lesson.as_spam)
    return True


def drop(db: Session, lesson: Lesson) -> None:
    """Learn a claimed lesson never: its mail is not there any more."""
    db.execute(
        update(Lesson)
        .where(Lesson.delivery_id == lesson.delivery_id, Lesson.as_spam == lesson.as_spam)
        .values(due_at=None)
        .execution_options(synchronize_session=False)
    )
