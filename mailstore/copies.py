"""Retention copies: what the emergency webmail shows, and sending one again."""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session, aliased, contains_eager

from mailstore import clock, events, inforce, jobs
from mailstore.db import upsert
from mailstore.deliveries import Delivery, Direction, State
from mailstore.envelopes import UNSCANNED
from mailstore.events import Event
from mailstore.incidents import Incident
from mailstore.messages import Message, last_day
from mailstore.scope import Scope, one_of
from mailstore.sending import sentcopies
from mailstore.tenants import Tenant

ON_THE_WAY = (State.QUEUED, State.FAILED)
SHOWN = (*ON_THE_WAY, State.DELIVERED)


class Shown(NamedTuple):
    """In which states people see mail as received; of `closed` mailboxes only on its way."""

    states: tuple[State, ...]
    closed: frozenset[int] = frozenset()

    def has(self, delivery: Delivery) -> bool:
        """Whether a mail of theirs is in such a state."""
        closed = delivery.mailbox_id in self.closed
        return delivery.state in (ON_THE_WAY if closed else self.states)


def waiting(db: Session, scope: Scope, lane_id: int | None = None) -> int:
    """Return how much mail the customer's server has not taken yet, or that of one lane."""
    queued = select(func.count()).where(
        Delivery.state == State.QUEUED, Delivery.direction == Direction.IN,
        scope.covers(Delivery), ~sentcopies.among(Delivery),
    )  # fmt: skip
    if lane_id is not None:
        queued = queued.where(Delivery.lane_id == lane_id)
    return db.scalar(queued) or 0


def delivered_after(db: Session, scope: Scope, outage: Incident) -> int:
    """Return how much mail that waited through an outage the customer's server has taken."""
    count = select(func.count()).where(
        Delivery.state == State.DELIVERED, Delivery.direction == Direction.IN,
        Delivery.lane_id == outage.lane_id, Delivery.done_at >= outage.began_at,
        scope.covers(Delivery), ~sentcopies.among(Delivery),
    )  # fmt: skip
    if outage.ended_at is not None:
        count = count.where(Delivery.queued_at <= outage.ended_at)
    return db.scalar(count) or 0


def shown(db: Session, scope: Scope) -> Select[Delivery]:
    """Return a query for all copies of received mail that people of a scope may see."""
    return select(Delivery).where(*received(scope, states_shown(db, scope)))


def states_shown(db: Session, scope: Scope) -> Shown:
    """Return which mail people of a scope are shown as received."""
    # The webmail switched off: mail that waits is still shown, delivered mail is not.
    tenant = db.get(Tenant, scope.tenant_id) if scope.tenant_id else None
    if tenant is not None and not tenant.webmail_on:
        return Shown(ON_THE_WAY)
    policies = inforce.of_mailboxes(db, scope.mailbox_ids or ())
    closed = frozenset(each for each, policy in policies.items() if not policy.webmail)
    if closed and closed == scope.mailbox_ids:
        return Shown(ON_THE_WAY)
    return Shown(SHOWN, closed)


def received(scope: Scope, shown: Shown, rows: Any = Delivery) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions that a delivery is shown as received mail."""
    whole = rows.direction == Direction.IN, rows.resend_of == 0
    states = or_(*(rows.state == each for each in shown.states))
    if shown.closed:
        opened = rows.mailbox_id.not_in(shown.closed)
        states = and_(states, or_(rows.state.in_(ON_THE_WAY), opened))
    return states, *whole, scope.covers(rows)


def mine(db: Session, scope: Scope) -> ColumnElement[bool]:
    """Return the condition that a delivery, joined with its message, is shown: received or sent."""
    return or_(and_(*received(scope, states_shown(db, scope))), sent(scope))


def sent(scope: Scope) -> ColumnElement[bool]:
    """Return the condition that somebody of a scope wrote a message, at its first recipient."""
    by_them: ColumnElement[bool] = Message.writer_id.is_not(None)
    if scope.mailbox_ids is not None:
        by_them = one_of(Message.writer_id, scope.mailbox_ids)
    if scope.tenant_id is not None:
        by_them = and_(by_them, Message.tenant_id == scope.tenant_id)
    other = aliased(Delivery)
    before = other.message_id == Delivery.message_id, other.id < Delivery.id
    return and_(by_them, ~select(other.id).where(*before).exists())


def is_received(scope: Scope, delivery: Delivery) -> bool:
    """Whether a mail that somebody of a scope is shown came to them, and not from them."""
    theirs = scope.mailbox_ids is None or delivery.mailbox_id in scope.mailbox_ids
    return delivery.direction is Direction.IN and theirs


def is_theirs(db: Session, scope: Scope, delivery_id: int) -> bool:
    """Whether a mail is in a scope, received or sent, whether it is shown or not."""
    theirs = select(Delivery.id).join(Delivery.message).where(Delivery.id == delivery_id)
    return db.scalar(theirs.where(or_(scope.covers(Delivery), sent(scope)))) is not None


def everybody(db: Session, delivery: Delivery) -> Sequence[Delivery]:
    """Return a message for each of its recipients, for whoever wrote it; blind copies as well."""
    first = Delivery.message_id == delivery.message_id, Delivery.resend_of == 0
    return db.scalars(select(Delivery).where(*first).order_by(Delivery.id)).all()


def look(db: Session, scope: Scope, delivery_id: int) -> Delivery | None:
    """Return one mail, received or sent, its message loaded; None if out of scope or not shown."""
    return db.scalar(
        select(Delivery)
        .join(Delivery.message)
        .options(contains_eager(Delivery.message))
        .where(Delivery.id == delivery_id, mine(db, scope))
    )


def chosen(db: Session, scope: Scope, ids: Sequence[int] | None, limit: int) -> Sequence[Delivery]:
    """Return copies by their ids, or all there are, newest first; only those still whole."""
    query = shown(db, scope).join(Delivery.message).options(contains_eager(Delivery.message))
    if ids is not None:
        query = query.where(Delivery.id.in_(ids))
    kept = query.where(Message.pack.is_not(None), last_day() >= clock.today())
    return db.scalars(kept.order_by(Delivery.accepted_at.desc()).limit(limit)).all()


def is_unscanned(db: Session, delivery: Delivery) -> bool:
    """Whether a scanner did not say what it thinks of a mail, neither then nor at a release."""
    if UNSCANNED not in {name for name, *_ in delivery.symbols}:
        return False
    passed = select(Event.id).where(
        Event.delivery_id == delivery.id, Event.kind == "release_passed"
    )
    return db.scalar(passed.limit(1)) is None


def are_all_in(db: Session, scope: Scope, ids: Collection[int]) -> bool:
    """Whether a scope covers each of these deliveries."""
    mine = select(func.count()).where(Delivery.id.in_(ids), scope.covers(Delivery))
    return db.scalar(mine) == len(set(ids))


def fates(db: Session, scope: Scope, ids: Collection[int]) -> Counter[State]:
    """Return how many of these copies are in which state by now, however often they were sent."""
    originals = db.scalars(select(Delivery).where(Delivery.id.in_(ids), scope.covers(Delivery)))
    return Counter(each.state for each in last_of(db, originals.all()).values())


def last_of(db: Session, originals: Sequence[Delivery]) -> dict[int, Delivery]:
    """Return the newest delivery of each of these copies, by the id of the copy."""
    ids = [each.message_id for each in originals]
    again = db.scalars(
        select(Delivery)
        .where(Delivery.message_id.in_(ids), Delivery.resend_of != 0, ~sentcopies.among(Delivery))
        .order_by(Delivery.id)
    )
    newest = {(each.message_id, each.recipient): each for each in again}
    return {each.id: newest.get((each.message_id, each.recipient), each) for each in originals}


def resend(db: Session, scope: Scope, delivery_id: int, *, by: str) -> bool:
    """Deliver a copy again to its stored recipient; False if it is on its way already."""
    original = look(db, scope, delivery_id)
    # What somebody wrote goes out again by being written again.
    if original is None or not is_received(scope, original) or not _kept(original.message):
        return False
    latest = last_sent(db, original)
    if latest.state is State.QUEUED:
        return False
    copied = ("tenant_id", "message_id", "domain_id", "mailbox_id", "lane_id", "direction",
              "recipient", "thread", "mail_class", "score", "reason", "symbols", "tag")  # fmt: skip
    values: dict[str, Any] = {name: getattr(original, name) for name in copied}
    now = clock.now()
    values |= {
        "resend_of": latest.id, "state": State.QUEUED, "accepted_at": now, "queued_at": now,
        "next_attempt_at": now,
    }  # fmt: skip
    added = db.scalar(
        upsert(db, Delivery).values(**values).on_conflict_do_nothing().returning(Delivery.id)
    )
    if added is None:
        return False
    _record(db, "resent", original, by)
    jobs.after_commit(db, "drain", original.lane_id)
    return True


def _kept(message: Message) -> bool:
    # Beyond its last day the content may be erased while this transaction runs.
    return message.pack is not None and message.last_day >= clock.today()


def last_sent(db: Session, original: Delivery) -> Delivery:
    """Return the newest delivery of the same message to the same recipient."""
    return db.scalars(
        select(Delivery)
        .where(Delivery.message_id == original.message_id, Delivery.recipient == original.recipient)
        .where(~sentcopies.among(Delivery))
        .order_by(Delivery.id.desc())
        .limit(1)
    ).one()


def _record(db: Session, kind: str, delivery: Delivery, by: str) -> None:
    events.record(
        db,
        kind,
        by=by,
        tenant_id=delivery.tenant_id,
        mailbox_id=delivery.mailbox_id,
        delivery_id=delivery.id,
    )
