"""What a report says: what is new in quarantine, what ends soon, what was tagged or refused."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, func, select, true
from sqlalchemy.orm import Session

from mailstore import clock, senders
from mailstore.deliveries import Delivery, Direction, State
from mailstore.envelopes import HeldRight, MailClass, Policy
from mailstore.heldlist import Head
from mailstore.messages import Message
from mailstore.ownlists import BLOCKED
from mailstore.refusals import Refusal
from mailstore.reports.rows import Link, Report
from mailstore.rights import SEEN, Rights
from mailstore.scope import one_of

MOST_LINES = 200
MOST_BESIDE = 30
KNOWN_AMONG = 500
ENDS_SOON = timedelta(hours=48)
# Of so much a first report tells what was tagged and refused.
FIRST_SPAN = timedelta(days=1)
# Fewer lines than that are read in any case.
FOLDED_FROM = 10


@dataclass(frozen=True, slots=True)
class About:
    """Whose mail a report is about, and since when; with `all_held` of everything that is held.

    `since` is None where there was no report before.

    `waiting` are earlier reports that have not left yet: what they say counts as not said. With
    `only` it is about these held mails alone.
    """

    mailbox_id: int
    tenant_id: int
    mailbox_ids: frozenset[int]
    since: datetime | None
    waiting: frozenset[int]
    policy: Policy
    all_held: bool
    only: frozenset[int] | None = None


class Named(NamedTuple):
    """What a report shows of a mail; made of columns, because whole rows take twice as long."""

    id: int
    mailbox_id: int | None
    recipient: str
    mail_class: MailClass
    score: float
    reason: str
    symbols: list[Any]
    accepted_at: datetime
    held_until: datetime | None
    message: Head


@dataclass(frozen=True, slots=True)
class Lines:
    """What a report says, in its order.

    `others` were in a report before: they end soon, or are all that is still held. `folded` are
    so surely spam that they are only counted, `more` do not fit and come with the next report.
    """

    new: Sequence[Named]
    others: Sequence[Named]
    folded: Sequence[Named]
    more: int
    tagged: Sequence[Named]
    refused: Sequence[Refusal]
    blocked: int
    rights: Rights

    @property
    def is_news(self) -> bool:
        """Whether there is anything that no report said before."""
        return bool(self.new or self.folded or self.tagged or self.refused)


def gather(db: Session, about: About, granted: Rights) -> Lines:
    """Return what a report says; `granted` are the rights to the mailboxes it is about."""
    held = _held(about, granted).where(~_told(about))
    new = _rows(db, held.order_by(*_NEWEST).limit(MOST_LINES + 1))
    more = _count(db, held) - MOST_LINES if len(new) > MOST_LINES else 0
    new = new[:MOST_LINES]
    known = _known(db, about, {each.message.author for each in new}) if new else frozenset()
    folded = _folded(new, about, known)
    listed = sorted(
        (each for each in new if each.id not in folded),
        key=lambda each: _likely(each, granted, known),
    )
    if about.only is not None:
        return Lines(listed, [], [], 0, [], [], 0, granted)
    refused, blocked = _refused(db, about)
    return Lines(
        new=listed,
        others=_others(db, about, granted),
        folded=[each for each in new if each.id in folded],
        more=more,
        tagged=_tagged(db, about),
        refused=refused,
        blocked=blocked,
        rights=granted,
    )


_OF_NAMED = len(Named._fields) - 1
_NAMED = select(
    *(getattr(Delivery, name) for name in Named._fields[:_OF_NAMED]),
    *(getattr(Message, name) for name in Head._fields),
).join(Message, Message.id == Delivery.message_id)
_NEWEST = (Delivery.accepted_at.desc(), Delivery.id.desc())


def _held(about: About, granted: Rights) -> Select[Any]:
    """Return a query for what is held, without what a policy hides from people."""
    alone = true() if about.only is None else Delivery.id.in_(about.only)
    return _NAMED.where(one_of(Delivery.mailbox_id, about.mailbox_ids)).where(
        Delivery.state == State.QUARANTINED, granted.allow(*SEEN), alone
    )


def _told(about: About) -> ColumnElement[bool]:
    """Return the condition that a report of this mailbox named a delivery.

    A moment would not do: mail may be recorded a little later than it was accepted.
    """
    told = (
        select(Link.id)
        .join(Report, Report.id == Link.report_id)
        .where(Link.delivery_id == Delivery.id, Link.mailbox_id == about.mailbox_id)
        .where(Report.replaced_at.is_(None))
    )
    if about.waiting:
        told = told.where(Report.id.not_in(about.waiting))
    return told.exists()


def _rows(db: Session, query: Select[Any]) -> list[Named]:
    rows = db.execute(query).all()
    return [Named._make((*row[:_OF_NAMED], Head._make(row[_OF_NAMED:]))) for row in rows]


def _since(about: About) -> datetime:
    return about.since or clock.now() - FIRST_SPAN


def _count(db: Session, query: Select[Any]) -> int:
    bare = query.with_only_columns(Delivery.id).order_by(None)
    return db.scalar(select(func.count()).select_from(bare.subquery())) or 0


def _others(db: Session, about: About, granted: Rights) -> Sequence[Named]:
    if about.since is None:
        return []
    before = _held(about, granted).where(_told(about))
    if not about.all_held:
        before = before.where(Delivery.held_until <= clock.now() + ENDS_SOON)
    return _rows(db, before.order_by(Delivery.held_until, Delivery.id).limit(MOST_LINES))


def _known(db: Session, about: About, authors: set[str]) -> frozenset[str]:
    """Return those authors whose ordinary mail these mailboxes got lately."""
    # By its mailbox and so far back only: an author may have written to thousands of others.
    lately = (
        select(Delivery.message_id)
        .where(one_of(Delivery.mailbox_id, about.mailbox_ids))
        .where(Delivery.state == State.DELIVERED, Delivery.mail_class == MailClass.CLEAN)
        .order_by(*_NEWEST)
        .limit(KNOWN_AMONG)
    ).subquery()
    known = select(Message.author).join(lately, lately.c.message_id == Message.id)
    return frozenset(db.scalars(known.where(Message.author.in_(authors - {""})).distinct()))


def _folded(new: Sequence[Named], about: About, known: frozenset[str]) -> set[int]:
    """Return the ids of what is only counted: blocked senders, and in a long report sure spam."""
    if about.all_held or about.only is not None:
        return set()
    long = len(new) > FOLDED_FROM
    return {
        each.id
        for each in new
        if each.reason == BLOCKED
        or (
            long
            and each.mail_class is MailClass.SPAM
            and each.score >= about.policy.report_folds_at
            and each.message.author not in known
        )
    }


def _likely(
    delivery: Named, granted: Rights, known: frozenset[str]
) -> tuple[bool, bool, bool, float, float]:
    """Return what sorts first what its reader probably wants."""
    return (
        granted.to(delivery) is not HeldRight.DELIVER,
        delivery.message.author not in known,
        not senders.proof_in(delivery.symbols),
        delivery.score,
        -delivery.accepted_at.timestamp(),
    )


def _tagged(db: Session, about: About) -> Sequence[Named]:
    if not about.policy.report_tagged:
        return []
    tagged = (
        _NAMED.where(one_of(Delivery.mailbox_id, about.mailbox_ids), Delivery.tag != "")
        .where(Delivery.accepted_at > _since(about), Delivery.resend_of == 0)
        .where(Delivery.direction == Direction.IN)
    )
    return _rows(db, tagged.order_by(*_NEWEST).limit(MOST_BESIDE))


def _refused(db: Session, about: About) -> tuple[Sequence[Refusal], int]:
    """Return what was refused, and how much more of senders that are blocked."""
    if not about.policy.report_refused:
        return [], 0
    mine = one_of(Refusal.mailbox_id, about.mailbox_ids), Refusal.at > _since(about)
    listed = select(Refusal).where(*mine, Refusal.reason != BLOCKED)
    blocked = select(func.count()).where(*mine, Refusal.reason == BLOCKED)
    newest = listed.order_by(Refusal.at.desc(), Refusal.id.desc()).limit(MOST_BESIDE)
    return db.scalars(newest).all(), db.scalar(blocked) or 0
