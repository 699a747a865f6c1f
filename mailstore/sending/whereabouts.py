"""Whereabouts: what people are told of mail that comes home."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailstore import clock
from mailstore.deliveries import State
from mailstore.domains import Domain
from mailstore.lanes import Lane
from mailstore.mailboxes import Mailbox
from mailstore.messages import Message
from mailstore.scope import Scope, Whose
from mailstore.sending import sentcopies
from mailstore.sending.homecomings import Homecoming, HomeState, Way, is_free

_ROW = Whose(Homecoming.tenant_id, Homecoming.mailbox_id)


class Where(StrEnum):
    """Where a message is for whoever wrote it; LOST means here only, and for good."""

    HOME = "home"
    COMING = "coming"
    WANTS_PASSWORD = "wants_password"  # noqa: S105 (a state)
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where a message is, and since when if it is home."""

    where: Where
    since: datetime | None = None


class Wanting(NamedTuple):
    """A mailbox whose password is wanted, and for how many messages."""

    mailbox_id: int
    address: str
    mails: int


def of(db: Session, scope: Scope, message: Message) -> Whereabouts | None:
    """Return where a message is for people of a scope; None if it comes home to none of them."""
    if message.writer_id is None:
        return None
    row = db.scalar(
        select(Homecoming).where(Homecoming.message_id == message.id, scope.covers(_ROW))
    )
    if row is None:
        return None
    if row.state is HomeState.WAITING:
        return Whereabouts(Where.WANTS_PASSWORD if row.way is Way.PASSWORD else Where.COMING)
    if row.state is HomeState.GIVEN_UP:
        return Whereabouts(Where.LOST)
    return _by_mail(db, message.id) if row.way is Way.MAIL else Whereabouts(Where.HOME, row.done_at)


def _by_mail(db: Session, message_id: int) -> Whereabouts:
    copy = sentcopies.of(db, message_id)
    if copy is None or copy.state is State.QUEUED:
        return Whereabouts(Where.COMING)
    there = copy.state is State.DELIVERED
    return Whereabouts(Where.HOME, copy.done_at) if there else Whereabouts(Where.LOST)


def wanting(db: Session, scope: Scope) -> list[Wanting]:
    """Return the mailboxes of a scope that want a password now: their server answers."""
    found = db.execute(
        select(Mailbox.id, Mailbox.address, func.count())
        .join(Homecoming, Homecoming.mailbox_id == Mailbox.id)
        .join(Domain, Domain.id == Mailbox.domain_id)
        .join(Lane, Lane.id == Domain.lane_id)
        .where(*is_free(clock.now()), Homecoming.way == Way.PASSWORD, scope.covers(_ROW))
        .where(Lane.down_since.is_(None))
        .group_by(Mailbox.id, Mailbox.address)
        .order_by(Mailbox.address)
    )
    return [Wanting(*row) for row in found]
