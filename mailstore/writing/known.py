"""Addresses that somebody may mean: people they had mail from, wrote to, or work with."""

from collections import Counter
from collections.abc import Iterator, Sequence

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from mailstore.addresses import Address
from mailstore.deliveries import Delivery, Direction
from mailstore.envelopes import MailClass
from mailstore.errors import BadAddress
from mailstore.mailboxes import Mailbox, MailboxKind
from mailstore.messages import Message
from mailstore.scope import Scope, one_of
from mailstore.writing.addressing import Named

# So much of the newest mail is looked at.
MOST_LOOKED_AT = 1000
MOST_COLLEAGUES = 20
SHORTEST = 2
# Whoever was written to is meant more often than whoever only wrote.
WRITTEN_TO = 5


def suggest(db: Session, scope: Scope, text: str, limit: int = 8) -> Sequence[Named]:
    """Return whom a text may mean, by name or address, the likeliest first; none for one letter."""
    wanted = text.strip().casefold()
    if len(wanted) < SHORTEST or not scope.mailbox_ids:
        return []
    times: Counter[str] = Counter()
    names: dict[str, str] = {}
    for address, name, worth in _met(db, scope, wanted):
        if wanted in f"{name} {address}".casefold():
            times[address] += worth
            names[address] = names.get(address) or name
    found = []
    for address, _ in times.most_common():
        try:
            found.append(Named(names[address], Address.parse(address)))
        except BadAddress:
            continue
    return found[:limit]


def _met(db: Session, scope: Scope, wanted: str) -> Iterator[tuple[str, str, int]]:
    """Yield addresses in lower case, names, and what it is worth to have met them so."""
    yield from ((address, name, WRITTEN_TO) for address, name in _colleagues(db, scope, wanted))
    newest = Delivery.accepted_at.desc()
    came = (
        select(Message.author, Message.author_name)
        .join(Delivery, Delivery.message_id == Message.id)
        .where(scope.covers(Delivery), Delivery.direction == Direction.IN)
        # Whoever pretends to be somebody is not to be written to by mistake.
        .where(Delivery.mail_class == MailClass.CLEAN, Delivery.warning == "")
        .where(Message.author != "")
        .order_by(newest)
        .limit(MOST_LOOKED_AT)
    )
    yield from ((address, name, 1) for address, name in db.execute(came))
    wrote = (
        select(Delivery.recipient)
        .join(Message, Message.id == Delivery.message_id)
        .where(one_of(Message.writer_id, scope.mailbox_ids or ()))
        .order_by(newest)
        .limit(MOST_LOOKED_AT)
    )
    yield from ((address.lower(), "", WRITTEN_TO) for address in db.scalars(wrote))


def _colleagues(db: Session, scope: Scope, wanted: str) -> Iterator[tuple[str, str]]:
    names = (func.lower(each).contains(wanted, autoescape=True) for each in _SHOWN)
    found = (
        select(func.lower(Mailbox.address), Mailbox.name)
        .where(Mailbox.tenant_id == scope.tenant_id, Mailbox.active)
        .where(Mailbox.kind != MailboxKind.CATCH_ALL, or_(*names))
        .limit(MOST_COLLEAGUES)
    )
    yield from ((address, name) for address, name in db.execute(found))


_SHOWN = (Mailbox.address, Mailbox.name)
