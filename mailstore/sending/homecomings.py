"""Homecomings: what people wrote here comes into their own mailbox, once.

waiting → done, or given up. The row with its lease is the truth: a worker that dies leaves a row
that is found again, and whoever takes it looks first whether the mail is there already.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    Select,
    Update,
    bindparam,
    insert,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column
from sqlalchemy.orm.attributes import set_committed_value

from mailstore import clock, events, jobs, pulse
from mailstore.db import Base, PrimaryKey, TenantKey
from mailstore.deliveries import Delivery, State
from mailstore.domains import Domain
from mailstore.mailboxes import Mailbox
from mailstore.messages import Message, last_day

if TYPE_CHECKING:
    from mailstore.recording import Accepted

JOB = "bring_home"
# Longer than one mail may take.
LEASE = timedelta(minutes=10)
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=1)
WAITING = text("state = 'waiting'")


class Way(StrEnum):
    """How a message comes home: by the domain's master login, a person's password, or as mail."""

    MASTER = "master"
    PASSWORD = "password"  # noqa: S105 (the name of a way)
    MAIL = "mail"


class HomeState(StrEnum):
    """How far a message is on its way home; what goes as mail is done once that is queued."""

    WAITING = "waiting"
    DONE = "done"
    GIVEN_UP = "given_up"


class Homecoming(Base):
    """A message on its way into the mailbox of whoever wrote it.

    `way` is the one it went or waits for, None before anybody looked; `error` why it is not home.
    """

    __tablename__ = "homecomings"
    __table_args__ = (
        Index("ix_homecomings_due", "due_at", sqlite_where=WAITING, postgresql_where=WAITING),
    )

    id: Mapped[PrimaryKey]
    tenant_id: Mapped[TenantKey]
    message_id: Mapped[int] = mapped_column(
        ForeignKey("messages.id", ondelete="CASCADE"), unique=True
    )
    mailbox_id: Mapped[int] = mapped_column(
        ForeignKey("mailboxes.id", ondelete="CASCADE"), index=True
    )
    way: Mapped[Way | None]
    state: Mapped[HomeState] = mapped_column(default=HomeState.WAITING)
    sent_at: Mapped[datetime]
    due_at: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    fence: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    error: Mapped[str] = mapped_column(default="")
    done_at: Mapped[datetime | None]

    def is_older(self, age: timedelta) -> bool:
        """Whether it was sent that long ago."""
        return clock.now() - self.sent_at > age


# On the table, like all that a group commit writes (mailstore/recording.py).
_EXPECTED = insert(Homecoming.__table__).values(
    message_id=select(Message.id)
    .where(Message.public_id == bindparam("of_message"))
    .scalar_subquery()
)


def expect(db: Session, accepted: "Sequence[Accepted]") -> None:
    """Note that messages come home, in the transaction that records them."""
    rows = [
        {
            "of_message": each.public_id,
            "tenant_id": each.tenant_id,
            "mailbox_id": each.writer_id,
            "state": HomeState.WAITING,
            "sent_at": each.received_at,
            "due_at": each.received_at,
            "fence": 0,
            "attempts": 0,
            "error": "",
        }
        for each in accepted
    ]
    if rows:
        db.connection().execute(_EXPECTED, rows)
    for mailbox_id in {each.writer_id for each in accepted if each.writer_id}:
        jobs.after_commit(db, JOB, mailbox_id)


def due(db: Session, now: datetime) -> Sequence[int]:
    """Return the mailboxes that something is to be brought home to by now."""
    return db.scalars(select(Homecoming.mailbox_id).where(*_due(now)).distinct()).all()


def claim_due(db: Session, mailbox_id: int, limit: int) -> Sequence[Homecoming]:
    """Take what is due of a mailbox, what was sent first before the rest."""
    return _taken(db, select(Homecoming).where(*_due(clock.now())), mailbox_id, limit)


def claim_waiting(db: Session, mailbox_id: int, limit: int) -> Sequence[Homecoming]:
    """Take what waits of a mailbox, due or not: somebody gives the password now."""
    return _taken(db, select(Homecoming).where(*is_free(clock.now())), mailbox_id, limit)


def keep(db: Session, row: Homecoming) -> bool:
    """Keep a claimed row until its mail is there; False if another worker has it by now."""
    return _changed(db, _claimed(row).values(lease_until=clock.now() + LEASE))


def done(db: Session, row: Homecoming, way: Way) -> bool:
    """Note that a message is home, or queued as mail; False if the lease was lost."""
    ended = _claimed(row).values(
        state=HomeState.DONE, way=way, error="", done_at=clock.now(), lease_until=None
    )
    if not _changed(db, ended):
        return False
    # A copy that goes as mail has events of its own.
    return way is Way.MAIL or _record(db, "came_home", row, way=way)


def put_off(db: Session, row: Homecoming, error: str, at_most: timedelta) -> bool:
    """Try again later, or never beyond an age; False if the lease was lost.

    A clock that jumps makes nothing old (mailstore/pulse.py).
    """
    if row.is_older(at_most) and pulse.settled(db):
        return give_up(db, row, error)
    wait = min(FIRST_WAIT * (1 << min(row.attempts - 1, 10)), LONGEST_WAIT)
    return let_wait(db, row, clock.now() + wait, Way.MASTER, error)


def let_wait(db: Session, row: Homecoming, until: datetime, way: Way, error: str = "") -> bool:
    """Let a claimed row wait; False if the lease was lost."""
    waits = _claimed(row).values(due_at=until, way=way, error=error[:500], lease_until=None)
    return _changed(db, waits)


def give_up(db: Session, row: Homecoming, error: str) -> bool:
    """Leave a message where it is for good, and say why; False if the lease was lost."""
    ended = _claimed(row).values(
        state=HomeState.GIVEN_UP, error=error[:500], done_at=clock.now(), lease_until=None
    )
    return _changed(db, ended) and _record(db, "homecoming_given_up", row, error=error[:500])


def start_over(db: Session, lane_id: int) -> None:
    """Try at once what waits for the mailboxes of a lane: its next hop is back."""
    theirs = select(Mailbox.id).join(Domain, Domain.id == Mailbox.domain_id)
    _try_now(db, Homecoming.mailbox_id.in_(theirs.where(Domain.lane_id == lane_id)))


def try_again(db: Session, mailbox_id: int | None, *, by: str) -> int:
    """Try all that is not home once more, of a mailbox or of all; returns how much that is.

    What was given up is tried as well, as long as its content is kept.
    """
    whose = Homecoming.mailbox_id == mailbox_id if mailbox_id else Homecoming.id.is_not(None)
    kept = select(Message.id).where(Message.pack.is_not(None), last_day() >= clock.today())
    again = db.scalars(
        update(Homecoming)
        .where(whose, Homecoming.state == HomeState.GIVEN_UP, Homecoming.message_id.in_(kept))
        .values(state=HomeState.WAITING, done_at=None)
        .returning(Homecoming.id)
        .execution_options(synchronize_session=False)
    ).all()
    count = _try_now(db, whose)
    detail = {"mails": count, "given_up": len(again)}
    events.record(db, "homecomings_tried", by=by, mailbox_id=mailbox_id, detail=detail)
    return count


def not_home(db: Session) -> Sequence[tuple[Homecoming, str, str]]:
    """Return what is not home, with the address of its mailbox and the id of its message."""
    found = db.execute(
        select(Homecoming, Mailbox.address, Message.public_id)
        .join(Mailbox, Mailbox.id == Homecoming.mailbox_id)
        .join(Message, Message.id == Homecoming.message_id)
        .where(Homecoming.state != HomeState.DONE)
        .order_by(Homecoming.sent_at, Homecoming.id)
    )
    return [(row, address, public_id) for row, address, public_id in found]


def waits(message_id: Any) -> ColumnElement[bool]:
    """Return the condition that a message is to come home: its content is needed."""
    its = Homecoming.message_id == message_id, Homecoming.state == HomeState.WAITING
    return select(Homecoming.id).where(*its).exists()


def is_free(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions that a message waits, nobody works on it, and none of it is held."""
    free = or_(Homecoming.lease_until.is_(None), Homecoming.lease_until < now)
    held = _first(Homecoming.message_id, Delivery.state.in_((State.QUARANTINED, State.RELEASING)))
    return Homecoming.state == HomeState.WAITING, free, ~held


def was_sent(db: Session, row: Homecoming) -> bool:
    """Whether a message went to anybody, or is on its way: an administrator may have deleted it."""
    return bool(db.scalar(select(_first(row.message_id, Delivery.state != State.DELETED))))


def _first(message_id: Any, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    its = Delivery.message_id == message_id, Delivery.resend_of == 0
    return select(Delivery.id).where(*its, *conditions).exists()


def _due(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return *is_free(now), Homecoming.due_at <= now


def _taken(
    db: Session, query: Select[Homecoming], mailbox_id: int, limit: int
) -> Sequence[Homecoming]:
    found = db.scalars(
        query.where(Homecoming.mailbox_id == mailbox_id)
        .order_by(Homecoming.attempts, Homecoming.sent_at, Homecoming.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    until = clock.now() + LEASE
    for row in found:
        values = {"attempts": row.attempts + 1, "fence": row.fence + 1, "lease_until": until}
        for name, value in values.items():
            set_committed_value(row, name, value)
        db.execute(_update(Homecoming.id == row.id).values(**values))
    return found


def _try_now(db: Session, whose: ColumnElement[bool]) -> int:
    tried = _update(whose, *is_free(clock.now())).values(due_at=clock.now(), attempts=0)
    return len(db.scalars(tried.returning(Homecoming.id)).all())


def _claimed(row: Homecoming) -> Update:
    return _update(
        Homecoming.id == row.id,
        Homecoming.fence == row.fence,
        Homecoming.state == HomeState.WAITING,
        Homecoming.lease_until.is_not(None),
    )


def _update(*conditions: ColumnElement[bool]) -> Update:
    return update(Homecoming).where(*conditions).execution_options(synchronize_session=False)


def _changed(db: Session, change: Update) -> bool:
    return db.scalar(change.returning(Homecoming.id)) is not None


def _record(db: Session, kind: str, row: Homecoming, **detail: str) -> bool:
    ids = {"tenant_id": row.tenant_id, "mailbox_id": row.mailbox_id}
    events.record(db, kind, by="worker", detail={"message": row.message_id, **detail}, **ids)
    return True
