"""The timeline of a mail: what became of it for one recipient, from its own rows and the log.

People get it as steps, with what the other server said last; administrators the lines as well.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailstore import incidents
from mailstore.deliveries import Delivery, State
from mailstore.events import Event
from mailstore.sending import sentcopies

DEFERRED = "deferred"
RELEASED = "released"
WORKER = "worker"
# What a line of the log tells whoever the mail is for; the rest is for administrators.
TOLD = (
    DEFERRED, State.DELIVERED, State.FAILED, State.DELETED, RELEASED, "release_stopped", "resent",
    "bounced", "delay_told", "reported_spam", "reported_not_spam", "release_asked",
    "request_granted", "request_refused", "content_read", "deleted_as_spam", "undeleted", "expired",
)  # fmt: skip
# What takes a mail out of the quarantine.
ENDS = (RELEASED, State.DELETED, "deleted_as_spam", "expired")


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what, when, and what the other server said; `times` of them up to `until`.

    `by` is who did it, empty for the worker.
    """

    kind: str
    at: datetime
    reply: str = ""
    times: int = 1
    until: datetime | None = None
    by: str = ""


@dataclass(frozen=True, slots=True)
class Timeline:
    """The steps of a mail, the oldest first, and the lines of the log they come from.

    `last` is its newest delivery, by which it was sent again if it was.
    """

    steps: Sequence[Step]
    lines: Sequence[Event]
    last: Delivery


def of(db: Session, delivery: Delivery) -> Timeline:
    """Return what became of a mail for its recipient, however often it was delivered."""
    tries = db.scalars(
        select(Delivery).where(
            Delivery.message_id == delivery.message_id,
            Delivery.recipient == delivery.recipient,
            ~sentcopies.among(Delivery),
        )
    ).all()
    ids = [each.id for each in tries]
    lines = db.scalars(select(Event).where(Event.delivery_id.in_(ids)).order_by(Event.id)).all()
    found = [*_begin(tries), *_outages(db, tries), *map(_step, _told(lines))]
    found += _scanned_now(tries, lines)
    last = max(tries, key=lambda each: each.id)
    return Timeline(list(_together(sorted(found, key=lambda step: step.at))), lines, last)


def ends_of(db: Session, delivery_ids: Collection[int]) -> dict[int, Event]:
    """Return who took each of these out of the quarantine last, and when, where anybody did."""
    lines = db.scalars(
        select(Event)
        .where(Event.delivery_id.in_(delivery_ids), Event.kind.in_(ENDS))
        .order_by(Event.id)
    )
    return {line.delivery_id: line for line in lines if line.delivery_id is not None}


def _begin(tries: Sequence[Delivery]) -> Iterator[Step]:
    first = min(tries, key=lambda each: each.id)
    yield Step("accepted", first.accepted_at)
    if first.held_until is not None:
        yield Step("held", first.accepted_at)


def _outages(db: Session, tries: Sequence[Delivery]) -> Iterator[Step]:
    """Yield the outages that the mail waited through."""
    for each in tries:
        if each.queued_at is None:
            continue
        for outage in incidents.outages(db, each.lane_id, each.queued_at):
            if each.done_at is None or outage.began_at < each.done_at:
                yield Step("silent", max(outage.began_at, each.queued_at), until=outage.ended_at)


def _scanned_now(tries: Sequence[Delivery], lines: Sequence[Event]) -> Iterator[Step]:
    """Yield that a mail is being scanned again since it was released, if it is."""
    releasing = {each.id for each in tries if each.state is State.RELEASING}
    since = [each.at for each in lines if each.kind == RELEASED and each.delivery_id in releasing]
    if since:
        yield Step("releasing", max(since))


def _told(lines: Sequence[Event]) -> Iterator[Event]:
    return (line for line in lines if line.kind in TOLD)


def _step(line: Event) -> Step:
    by = "" if line.by == WORKER else line.by
    return Step(line.kind, line.at, str(line.detail.get("reply", "")), by=by)


def _together(steps: Sequence[Step]) -> Iterator[Step]:
    """Yield the steps, tries with the same reply in a row as one."""
    last: Step | None = None
    for step in steps:
        if last and step.kind == last.kind == DEFERRED and step.reply == last.reply:
            last = replace(last, times=last.times + 1, until=step.at)
            continue
        if last:
            yield last
        last = step
    if last:
        yield last
