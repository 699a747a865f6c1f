"""Erasing one person: what is theirs alone goes at once, what others have as well stays for these.

The lines of the log stay, without what they said of the person and without their name. Bytes in
packs are overwritten by the job that follows.
"""

import json
from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import ColumnElement, String, cast, delete, func, or_, select, update
from sqlalchemy.orm import Session

from mailstore import attempts, events, jobs, roles
from mailstore.accounts import Account, Role
from mailstore.bulk import Bulk
from mailstore.codes import AccessCode
from mailstore.deliveries import Delivery, Direction, State
from mailstore.domains import Domain
from mailstore.erasure import exports, forgetting
from mailstore.erasure.exports import PersonExport
from mailstore.erasure.forecast import PERSON_ERASED
from mailstore.erasure.people import Whole
from mailstore.errors import BadName
from mailstore.events import Event
from mailstore.mailboxes import Mailbox
from mailstore.marks import Mark
from mailstore.messages import Message
from mailstore.policies import PolicyRow
from mailstore.protection import ProtectedPerson
from mailstore.requests import ReleaseRequest
from mailstore.retention import UNSETTLED
from mailstore.senders import SenderEntry
from mailstore.sending.counts import SendingBlock
from mailstore.subscriptions import Subscription
from mailstore.writing.rows import Draft

AT_ONCE = 1000
# What stands before an address where a text names it.
BEFORE = ('"', " ", "<", "(", ",", "'")
# Who did something, wherever rows say so.
DOERS = (
    SenderEntry.by, Event.by, Bulk.by, AccessCode.made_by, PersonExport.asked_by,
    SendingBlock.lifted_by, ReleaseRequest.asked_by, ReleaseRequest.answered_by,
    Subscription.created_by,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Plan:
    """What erasing a person takes away, and what stays for others."""

    mails: int
    shared: int
    waiting: int
    drafts: int
    entries: int
    lines: int


def plan(db: Session, person: Whole) -> Plan:
    """Return what goes and what stays if a person is erased."""
    alone, ids = _alone(person), person.ids
    waiting = Delivery.mailbox_id.in_(ids), Delivery.state == State.QUEUED
    about = Event.mailbox_id.in_(ids) | (Event.by == person.account.email)
    counts = db.execute(
        select(
            _count(Message, alone),
            _count(Message, _theirs(person), ~alone),
            _count(Delivery, *waiting, Delivery.direction == Direction.IN),
            _count(Draft, Draft.account_id == person.account.id),
            _count(SenderEntry, SenderEntry.mailbox_id.in_(ids)),
            _count(Event, Event.tenant_id == person.account.tenant_id, about),
        )
    ).one()
    return Plan(*counts)


def erase(db: Session, person: Whole, *, by: str) -> Plan:
    """Erase a person; return what went. Raises BadName for whom nobody may erase.

    Wants a writing session; "expire" then overwrites bytes, and is asked for.
    """
    account = person.account
    # Mail that comes in meanwhile waits, and then finds nobody.
    mine = select(Mailbox.id).where(Mailbox.id.in_(person.ids)).order_by(Mailbox.id)
    db.execute(mine.with_for_update())
    _check(db, person)
    done = plan(db, person)
    _mails(db, person)
    _traces(db, person)
    db.execute(_quietly(delete(Account).where(Account.id == account.id)))
    db.execute(_quietly(delete(Mailbox).where(Mailbox.id.in_(person.ids))))
    _policies(db, person)
    erased = by if by != account.email else _pseudonym(account)
    detail = {"account": account.id, **asdict(done)}
    events.record(db, PERSON_ERASED, by=erased, tenant_id=account.tenant_id, detail=detail)
    jobs.after_commit(db, "expire")
    jobs.after_commit(db, exports.END)
    return done


def _check(db: Session, person: Whole) -> None:
    account = person.account
    if account.role is Role.OPERATOR or account.tenant_id is None:
        raise BadName("An operator is not erased here: disable the account.")
    roles.check_not_last(db, account)
    caught = db.scalar(select(Domain.name).where(Domain.catch_all_id.in_(person.ids)))
    if caught is not None:
        raise BadName(f"This mailbox takes all unknown mail of {caught}: name another one first.")


def _theirs(person: Whole) -> ColumnElement[bool]:
    """Return the condition that a message came to a person or was written by them."""
    got = select(Delivery.id).where(
        Delivery.message_id == Message.id, Delivery.mailbox_id.in_(person.ids)
    )
    return or_(got.exists(), Message.writer_id.in_(person.ids))


def _alone(person: Whole) -> ColumnElement[bool]:
    """Return the condition that nobody else has a message of theirs, or is yet to get it."""
    other = select(Delivery.id).where(
        Delivery.message_id == Message.id,
        or_(
            Delivery.mailbox_id.not_in(person.ids),
            Delivery.mailbox_id.is_(None) & Delivery.state.in_(UNSETTLED),
        ),
    )
    return _theirs(person) & ~other.exists()


def _mails(db: Session, person: Whole) -> None:
    """Take a person's mails out of all rows; what others have stays with these alone."""
    ids = db.scalars(select(Message.id).where(_alone(person))).all()
    for first in range(0, len(ids), AT_ONCE):
        some = ids[first : first + AT_ONCE]
        forgetting.forget(db, some)
        db.execute(_quietly(delete(Message).where(Message.id.in_(some))))
    db.execute(_quietly(delete(Mark).where(Mark.mailbox_id.in_(person.ids))))
    db.execute(_quietly(delete(Delivery).where(Delivery.mailbox_id.in_(person.ids))))
    written = update(Message).where(Message.writer_id.in_(person.ids))
    db.execute(_quietly(written.values(writer_id=None)))


def _traces(db: Session, person: Whole) -> None:
    """Take a person's name out of what others keep."""
    account, names = person.account, sorted(person.names)
    about = or_(
        Event.mailbox_id.in_(person.ids), events.about(account.id), _named(Event.detail, names)
    )
    mine = Event.tenant_id == account.tenant_id
    db.execute(_quietly(update(Event).where(mine, about).values(detail={})))
    for column in DOERS:
        renamed = update(column.class_).where(column == account.email)
        db.execute(_quietly(renamed.values({column.key: _pseudonym(account)})))
    reported = update(Mailbox).where(func.lower(Mailbox.report_to).in_(names))
    db.execute(_quietly(reported.values(report_to="")))
    for gone in (
        delete(Subscription).where(func.lower(Subscription.address).in_(names)),
        delete(ProtectedPerson).where(func.lower(ProtectedPerson.address).in_(names)),
        delete(attempts.Attempt).where(_starts(attempts.Attempt.key, names)),
    ):
        db.execute(_quietly(gone))


def _policies(db: Session, person: Whole) -> None:
    """Delete what was tailored for a person's mailboxes."""
    own = {each.policy_id for each in person.mailboxes} - {None}
    named = [f"Tailored for {each.address}" for each in person.mailboxes]
    tailored = PolicyRow.id.in_(own), PolicyRow.name.in_(named)
    db.execute(_quietly(delete(PolicyRow).where(*tailored)))


def _pseudonym(account: Account) -> str:
    return f"erased person {account.id}"


def _named(column: Any, names: Collection[str]) -> ColumnElement[bool]:
    """Return the condition that a JSON names an address, and not only one that ends like it."""
    text = func.lower(cast(column, String))
    written = [json.dumps(each)[1:-1].lower() for each in names]
    forms = [f"{before}{each}" for each in written for before in BEFORE]
    return or_(*(text.contains(each, autoescape=True) for each in forms))


def _starts(column: Any, names: Collection[str]) -> ColumnElement[bool]:
    return or_(*(column.startswith(each, autoescape=True) for each in names))


def _count(table: Any, *which: ColumnElement[bool]) -> Any:
    return select(func.count()).select_from(table).where(*which).scalar_subquery()


def _quietly(statement: Any) -> Any:
    return statement.execution_options(synchronize_session=False)
