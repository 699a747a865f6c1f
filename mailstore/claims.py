"""Claims: deliveries that a worker takes from a lane, and what its attempts came to.

queued → delivered or failed, or queued for another attempt. A claim has a lease and a fence: of two
workers one has lost what the other took over.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Boolean, bindparam, case, or_, select, update
from sqlalchemy.orm import Session, contains_eager
from sqlalchemy.orm.attributes import set_committed_value

from mailstore import clock, events, figures, lanes
from mailstore.deliveries import TOLD_OF, Delivery, Direction, Outcome, Result, State, is_due
from mailstore.lanes import Lane
from mailstore.retries import Retries
from mailstore.sending import unknown

SOONER = 60


def due_lanes(db: Session, now: datetime) -> Sequence[int]:
    """Return the lanes that are free and may be tried, and have mail due or want a probe."""
    waiting = select(Delivery.id).where(Delivery.lane_id == Lane.id, *is_due(now))
    wanted = or_(waiting.exists(), lanes.probe_due(now))
    return db.scalars(select(Lane.id).where(*lanes.free(now), wanted)).all()


def claim(
    db: Session, lane_id: int, *, limit: int, lease: timedelta, retries: Retries
) -> Sequence[Delivery]:
    """Take the oldest due deliveries of a lane, their messages loaded.

    The next attempt is written before this one is made: a worker that dies leaves mail that
    is tried again when its lease is over.
    """
    now = clock.now()
    found = db.scalars(
        select(Delivery)
        .join(Delivery.message)
        .options(contains_eager(Delivery.message))
        .where(Delivery.lane_id == lane_id, *is_due(now))
        .order_by(Delivery.next_attempt_at, Delivery.id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=Delivery)
    ).all()
    if rows := [_take(delivery, now, lease, retries) for delivery in found]:
        db.connection().execute(_CLAIM, rows)
    return found


def _take(delivery: Delivery, now: datetime, lease: timedelta, retries: Retries) -> dict[str, Any]:
    """Return what a claim makes of a row, and let its object say the same already."""
    attempts = delivery.attempts + 1
    values = {
        "attempts": attempts,
        "fence": delivery.fence + 1,
        "lease_until": now + lease,
        "next_attempt_at": now + retries.wait(attempts),
    }
    for name, value in values.items():
        set_committed_value(delivery, name, value)
    return {"its_id": delivery.id} | values


def finish(db: Session, delivery: Delivery, outcome: Outcome, retries: Retries) -> bool:
    """Record what an attempt came to; False if the lease was lost to another worker."""
    return not finish_all(db, [(delivery, outcome)], retries)


def finish_all(
    db: Session, attempts: Sequence[tuple[Delivery, Outcome]], retries: Retries
) -> set[int]:
    """Record what attempts came to, together; returns the ids whose lease was lost."""
    now = clock.now()
    rows, lines = [], []
    for delivery, outcome in attempts:
        kind, again = _end(db, delivery, outcome, retries, now)
        tell = kind == State.FAILED and _deserves_dsn(delivery)
        rows.append(
            {
                "its_id": delivery.id,
                "its_fence": delivery.fence,
                "state": State.QUEUED if again else State(kind),
                "reply": outcome.reply,
                "done_at": None if again else now,
                "next_attempt_at": again,
                "its_again": again is not None,
                "its_dsn": now if tell else None,
            }
        )
        detail = {"reply": outcome.reply, "attempt": delivery.attempts}
        detail |= {"tls": outcome.tls} if outcome.tls else {}
        ids = {"tenant_id": delivery.tenant_id, "delivery_id": delivery.id}
        lines.append({"kind": kind, "detail": detail} | ids)
    done = db.connection().execute(_FINISH, rows)
    lost = _lost(db, rows) if done.rowcount != len(rows) else set()
    kept = [line for line in lines if line["delivery_id"] not in lost]
    events.record_all(db, kept, by="worker")
    failed = {line["delivery_id"] for line in kept if line["kind"] == State.FAILED}
    unknown.note(db, (each for each, said in attempts if each.id in failed and _strays(each, said)))
    arrived = {line["delivery_id"] for line in kept if line["kind"] == State.DELIVERED}
    tally = figures.Tally()
    for each in (each for each, _ in attempts if each.id in arrived):
        took, coming = now - (each.queued_at or each.accepted_at), each.direction is Direction.IN
        tally.arrived(each.domain_id, each.mail_class, took, coming=coming)
    tally.write(db)
    return lost


def _end(
    db: Session, delivery: Delivery, outcome: Outcome, retries: Retries, now: datetime
) -> tuple[str, datetime | None]:
    """Return what an attempt is called, and when the next one is due if there is one."""
    if outcome.result is Result.SENT:
        return State.DELIVERED, None
    if outcome.result is Result.REFUSED or retries.are_over(db, delivery, now):
        return State.FAILED, None
    if outcome.soon:
        return "deferred", now + retries.wait(delivery.attempts) / SOONER
    return "deferred", delivery.next_attempt_at


# On the table and for all at once: one statement each would cost more than sending the mails.
_CLAIM = update(Delivery.__table__).where(Delivery.id == bindparam("its_id"))
_ROW = Delivery.__table__
_AGAIN = bindparam("its_again", type_=Boolean())
_DSN = bindparam("its_dsn", type_=_ROW.c.dsn_at.type)
_FINISH = (
    update(_ROW)
    .where(Delivery.id == bindparam("its_id"), Delivery.fence == bindparam("its_fence"))
    .where(Delivery.state == State.QUEUED, Delivery.lease_until.is_not(None))
    # A notice of delay that is due stays due while mail waits.
    .values(lease_until=None, dsn_at=case((_AGAIN, _ROW.c.dsn_at), else_=_DSN))
)


def _lost(db: Session, rows: Sequence[dict[str, Any]]) -> set[int]:
    """Return the ids whose rows do not say what their attempt made of them."""
    said = select(Delivery.id, Delivery.fence, Delivery.state, Delivery.done_at).where(
        Delivery.id.in_([row["its_id"] for row in rows]), Delivery.lease_until.is_(None)
    )
    kept = {tuple(row) for row in db.execute(said)}
    return {
        row["its_id"]
        for row in rows
        if (row["its_id"], row["its_fence"], row["state"], row["done_at"]) not in kept
    }


def _strays(delivery: Delivery, outcome: Outcome) -> bool:
    """Whether mail went out to somebody who is not there."""
    return delivery.direction is Direction.OUT and unknown.says_unknown(outcome.reply)


def _deserves_dsn(delivery: Delivery) -> bool:
    # A bounce has no sender, and never gets one (RFC 5321 §6.1); what is sent again came once.
    first, message = delivery.resend_of == 0, delivery.message
    ours = delivery.direction is Direction.OUT or message.writer_id is not None
    return first and (ours or delivery.mail_class in TOLD_OF) and message.sender != ""
