"""Recording accepted mail: the rows of one group commit, in a few statements."""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import bindparam, insert, select
from sqlalchemy.orm import Session

from mailstore import atonce, figures, jobs, lists, refusals, threads
from mailstore.db import dialect_of, insert_into
from mailstore.deliveries import TOLD_OF, Delivery, Direction, State
from mailstore.envelopes import (
    Action,
    Client,
    MailClass,
    NewsletterAction,
    Recipient,
    Summary,
    Verdict,
)
from mailstore.messages import Message
from mailstore.packs import Pack, Place
from mailstore.refusals import Refused
from mailstore.sending import homecomings
from mailstore.slices import Sealed


@dataclass(frozen=True, slots=True)
class Accepted:
    """A message for one tenant, sealed, with what was decided for its recipients.

    `writer_id` is the mailbox of ours that wrote it; with `comes_home` it was written here, and
    its writer gets it into their own mailbox too (mailstore/sending/).
    """

    public_id: str
    tenant_id: int
    received_at: datetime
    client: Client
    sender: str
    summary: Summary
    sealed: Sealed
    headers: str
    verdicts: tuple[Verdict, ...]
    writer_id: int | None = None
    comes_home: bool = False


def direction_to(recipient: Recipient) -> Direction:
    """Return which way mail to a recipient goes: away exactly where there is no mailbox of ours."""
    return Direction.OUT if recipient.mailbox_id is None else Direction.IN


# Statements on tables, not on classes: a group commit is the limit of the relay, and the object
# layer would cost more than the database does. The message finds its row by its public id.
_MESSAGES = insert(Message.__table__)
_DELIVERIES = insert(Delivery.__table__).values(
    message_id=select(Message.id)
    .where(Message.public_id == bindparam("of_message"))
    .scalar_subquery()
)


@cache
def _packs(dialect: str) -> Any:
    return insert_into(Pack, dialect).on_conflict_do_nothing()


def record(
    db: Session,
    placed: Sequence[tuple[Accepted, Place]],
    refused: Sequence[Refused] = (),
    hits: Set[int] = frozenset(),
) -> None:
    """Write the rows of everything accepted and refused together; the bytes are on disk.

    `hits` are the entries of sender lists that spoke.
    """
    tally = figures.Tally()
    if placed:
        connection = db.connection()
        packs = {place.pack: place.day for _, place in placed}
        rows = [{"name": name, "day": day} for name, day in packs.items()]
        connection.execute(_packs(dialect_of(db)), rows)
        connection.execute(_MESSAGES, [_message(each, place) for each, place in placed])
        deliveries = [_delivery(each, verdict) for each, _ in placed for verdict in each.verdicts]
        connection.execute(_DELIVERIES, deliveries)
        homecomings.expect(db, [each for each, _ in placed if each.comes_home])
        for each, _ in placed:
            _count(tally, each)
        for lane_id in {row["lane_id"] for row in deliveries if row["state"] is State.QUEUED}:
            jobs.after_commit(db, "drain", lane_id)
    refusals.record(db, refused)
    for refusal in refused:
        tally.add(refusal.domain_id, figures.REFUSED)
    tally.write(db)
    lists.note_hits(db, hits)


def _count(tally: figures.Tally, each: Accepted) -> None:
    for verdict in each.verdicts:
        held, domain_id = verdict.action is Action.QUARANTINE, verdict.recipient.domain_id
        coming = direction_to(verdict.recipient) is Direction.IN
        tally.accepted(domain_id, verdict.mail_class, each.sealed.size, coming=coming, held=held)


def _message(each: Accepted, place: Place) -> dict[str, Any]:
    summary = each.summary
    return {
        "public_id": each.public_id,
        "tenant_id": each.tenant_id,
        "received_at": each.received_at,
        "client_ip": each.client.ip,
        "helo": each.client.helo,
        "sender": each.sender,
        "author": summary.author.key if summary.author else "",
        "author_name": summary.author_name,
        "subject": summary.subject,
        "message_id": summary.message_id,
        "snippet": summary.snippet,
        "attachments": summary.attachments,
        "size": each.sealed.size,
        "sha256": each.sealed.sha256,
        "headers": each.headers,
        "cuts": [list(cut) for cut in summary.cuts],
        "pack": place.pack,
        "day": place.day,
        "offset": place.offset,
        "length": place.length,
        "writer_id": each.writer_id,
        "indexed": False,
    }


def _delivery(each: Accepted, verdict: Verdict) -> dict[str, Any]:
    recipient, state = verdict.recipient, _first_state(verdict)
    held, waits = state is State.QUARANTINED, state is State.QUEUED
    policy, newsletter = recipient.policy, verdict.mail_class is MailClass.NEWSLETTER
    tagged = newsletter and policy.newsletters is NewsletterAction.TAG and not policy.untagged
    return {
        "tenant_id": each.tenant_id,
        "of_message": each.public_id,
        "domain_id": recipient.domain_id,
        "mailbox_id": recipient.mailbox_id,
        "lane_id": recipient.lane_id,
        "direction": direction_to(recipient),
        "recipient": str(recipient.address),
        "state": state,
        "mail_class": verdict.mail_class,
        "score": round(verdict.score, 2),
        "reason": verdict.reason,
        "symbols": [[each.name, each.detail, each.points] for each in verdict.symbols],
        "trail": list(verdict.trail),
        "warning": verdict.warning,
        "tag": policy.newsletter_tag if tagged else "",
        "accepted_at": each.received_at,
        "tell_at": each.received_at if held and atonce.is_told(verdict) else None,
        "held_until": each.received_at + timedelta(days=recipient.held_days) if held else None,
        "queued_at": each.received_at if waits else None,
        "next_attempt_at": each.received_at if waits else None,
        "resend_of": 0,
        # Mail that names no other is a conversation of its own.
        "thread": each.summary.thread or threads.alone(each.public_id),
        "attempts": 0,
        "fence": 0,
        "reply": verdict.ended.reply if verdict.ended else "",
        "done_at": each.received_at if verdict.ended else None,
        "dsn_at": each.received_at if _is_told(each, verdict) else None,
    }


def _first_state(verdict: Verdict) -> State:
    if verdict.action is Action.QUARANTINE:
        return State.QUARANTINED
    if verdict.ended is None:
        return State.QUEUED
    return State.DELIVERED if verdict.ended.arrived else State.FAILED


def _is_told(each: Accepted, verdict: Verdict) -> bool:
    """Whether the sender is to be told at once that a mail failed."""
    failed = verdict.ended is not None and not verdict.ended.arrived
    known = verdict.recipient.mailbox_id is None or verdict.mail_class in TOLD_OF
    return failed and known and each.sender != ""
