"""The addresses that administrators decide about: unknown ones that mail came for, idle ones.

Unknown are those that the relay turned away, and those whose mail fell to a catch-all.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import bindparam, func, select, tuple_, update
from sqlalchemy.orm import Session

from mailstore import clock
from mailstore.accounts import Account, Role
from mailstore.addresses import Address
from mailstore.deliveries import Delivery, Direction, State
from mailstore.domains import Domain
from mailstore.envelopes import MailClass
from mailstore.errors import BadAddress
from mailstore.mailboxes import Mailbox, MailboxAccess, MailboxAddress, MailboxKind, Right
from mailstore.messages import Message
from mailstore.moving import knocks
from mailstore.moving.guesses import Guess, Guesser, Known
from mailstore.moving.knocks import MOST, MOST_SENDERS
from mailstore.pages import Page
from mailstore.realms import Realm
from mailstore.store import Store

IDLE = timedelta(days=90)
LOOKED_BACK = timedelta(days=30)
# The worker may have stood still for some days.
HEARD_WITHIN = timedelta(days=3)
BATCH = 500
MOST_EXAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Unknown:
    """An address that nobody has: how much came for it, when, from where, and whose it may be.

    `caught` is whether a catch-all took the mail; else it was turned away.
    """

    address: str
    count: int
    last_at: datetime
    senders: tuple[str, ...] = ()
    caught: bool = False
    guess: Guess = field(default_factory=Guess)


def unknown(db: Session, realm: Realm) -> list[Unknown]:
    """Return the addresses that nobody has, those that most came for first."""
    refused = [
        Unknown(each.key, each.count, each.last_at, tuple(each.senders))
        for each in knocks.of(db, realm)
    ]
    found = {each.address: each for each in (*refused, *_caught(db, realm))}
    most = sorted(found.values(), key=lambda each: (-each.count, each.address))[:MOST]
    locals_of = {each.address: each.address.partition("@")[0] for each in most}
    guesses = Guesser(known(db, realm)).guesses(set(locals_of.values()))
    return [replace(each, guess=guesses[locals_of[each.address]]) for each in most]


def known(db: Session, realm: Realm) -> Sequence[Known]:
    """Return the mailboxes that an address can be led to."""
    rows = db.execute(
        select(Mailbox.id, Mailbox.address, Mailbox.name)
        .where(realm.covers(Mailbox), Mailbox.active, Mailbox.kind != MailboxKind.CATCH_ALL)
        .order_by(Mailbox.address)
    )
    return [Known(*row) for row in rows]


def _caught(db: Session, realm: Realm) -> Iterable[Unknown]:
    """Yield what came to catch-alls lately and was no spam, by the address it was for."""
    buckets = select(Mailbox.id).where(realm.covers(Mailbox))
    buckets = buckets.where(Mailbox.kind == MailboxKind.CATCH_ALL)
    mine = (
        Delivery.mailbox_id.in_(buckets),
        Delivery.accepted_at > clock.now() - LOOKED_BACK,
        Delivery.state.in_((State.QUEUED, State.DELIVERED)),
    )
    to = func.lower(Delivery.recipient)
    counted = select(to, func.count(), func.max(Delivery.accepted_at)).where(*mine).group_by(to)
    rows = db.execute(counted.order_by(func.count().desc()).limit(MOST)).all()
    if not rows:
        return []
    ours = {key for row in rows if (key := _base(row[0]))}
    hidden = knocks.ignored(db, realm) | set(
        db.scalars(select(MailboxAddress.key).where(MailboxAddress.key.in_(ours)))
    )
    senders = _senders(db, mine)
    return [
        Unknown(key, count, last_at, tuple(senders.get(text, ())), caught=True)
        for text, count, last_at in rows
        if (key := _base(text)) and key not in hidden
    ]


def _senders(db: Session, mine: tuple[object, ...]) -> dict[str, list[str]]:
    """Return a few domains that wrote, by the address they wrote to."""
    rows = db.execute(
        select(func.lower(Delivery.recipient), Message.sender)
        .join(Message, Message.id == Delivery.message_id)
        .where(*mine)  # type: ignore[arg-type]  # conditions, whatever their kind
        .order_by(Delivery.accepted_at.desc())
        .limit(MOST_EXAMPLES)
    )
    found: dict[str, list[str]] = {}
    for key, sender in rows:
        domain, domains = sender.rpartition("@")[2], found.setdefault(key, [])
        if domain and domain not in domains and len(domains) < MOST_SENDERS:
            domains.append(domain)
    return found


def _base(text: str) -> str:
    try:
        return Address.parse(text).base_key
    except BadAddress:
        return ""


def domain_of(db: Session, realm: Realm, key: str) -> Domain | None:
    """Return the domain of an address if it is an administrator's; None for any other."""
    try:
        address = Address.parse(key)
    except BadAddress:
        return None
    mine = Domain.tenant_id == realm.tenant_id, Domain.name == address.domain
    return db.scalar(select(Domain).where(*mine, realm.has(Domain.id)))


def idle(db: Session, realm: Realm, page: Page) -> Sequence[Mailbox]:
    """Return a page of the mailboxes that no mail came to for long, longest first.

    One more than the page's size is returned where more follow. Nobody who administers is named.
    """
    managing = (
        select(MailboxAccess.id)
        .join(Account, Account.id == MailboxAccess.account_id)
        .where(MailboxAccess.mailbox_id == Mailbox.id, MailboxAccess.right == Right.OWNER)
        .where(Account.role != Role.USER)
        .exists()
    )
    mine = select(Mailbox).where(realm.covers(Mailbox), Mailbox.active, ~managing)
    silent = mine.where(
        Mailbox.kind != MailboxKind.CATCH_ALL, Mailbox.heard_at < clock.now() - IDLE
    )
    if page.after:
        silent = silent.where(tuple_(Mailbox.heard_at, Mailbox.id) > tuple_(*page.after))
    return db.scalars(silent.order_by(Mailbox.heard_at, Mailbox.id).limit(page.size + 1)).all()


def note_heard(store: Store) -> None:
    """Note when mail last came to each mailbox, before its rows are gone; safe to run twice."""
    last, ids = 0, [0]
    while ids:
        with store.write() as db:
            after = select(Mailbox.id).where(Mailbox.id > last, Mailbox.active)
            ids = list(db.scalars(after.order_by(Mailbox.id).limit(BATCH)))
            _note(db, ids)
        last = max(ids, default=last)


def _note(db: Session, ids: Sequence[int]) -> None:
    came = (
        select(Delivery.mailbox_id, func.max(Delivery.accepted_at))
        .where(Delivery.mailbox_id.in_(ids), Delivery.accepted_at > clock.now() - HEARD_WITHIN)
        .where(Delivery.direction == Direction.IN, Delivery.mail_class != MailClass.REPORT)
        .group_by(Delivery.mailbox_id)
    )
    latest = [{"of": box_id, "at": at} for box_id, at in db.execute(came)]
    if latest:
        db.connection().execute(_HEARD, latest)


_BOXES = Mailbox.__table__
_HEARD = (
    update(_BOXES)
    .where(_BOXES.c.id == bindparam("of"), _BOXES.c.heard_at < bindparam("at"))
    .values(heard_at=bindparam("at"))
)
