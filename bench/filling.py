"""A store of many customers and many mails, made in a few statements and without any relay."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, func, insert, literal, select, update
from sqlalchemy.orm import Session

from bench.installation import BY, USER
from bench.load import mail
from filter.rule import load_rules
from mailstore import accounts, clock, mailboxes, onboarding, recording
from mailstore.accounts import Role
from mailstore.addresses import Address
from mailstore.deliveries import Delivery, State
from mailstore.domains import Domain, Takes
from mailstore.envelopes import (
    Action,
    Client,
    MailClass,
    Policy,
    Recipient,
    Summary,
    Symbol,
    Verdict,
)
from mailstore.events import Event
from mailstore.mailboxes import Mailbox
from mailstore.marks import Mark
from mailstore.messages import Message, new_public_id
from mailstore.packs import Place
from mailstore.recording import Accepted
from mailstore.retention import expiry_day
from mailstore.slices import Sealed
from mailstore.store import Store
from mailstore.tenants import Tenant

TENANTS, PEOPLE = 200, 20
ROUND = 2000
SPREAD = timedelta(days=30)
KEPT = SPREAD.days
# One mail of so many is ours, one of so many is held, and one of so many of ours is unread.
OURS, HELD, UNREAD = 100, 8, 10
OF_CONVERSATION = 4
HELD_CLASSES = (*[MailClass.SPAM] * 6, *[MailClass.NEWSLETTER] * 3, MailClass.PHISH)
CLIENT = Client("192.0.2.1", "mail.sender.example")
AUTHORS = ("Anna Keller", "Beat Müller", "Chantal Favre", "Davide Rossi", "Änne Öhler", "")
SUBJECTS = (
    "Offerte für Ihre Fassade", "Ihre Rechnung Nr. {}", "Votre colis {} vous attend",
    "Re: Sitzung vom Dienstag", "Newsletter Nr. {}: <Neues> & Schönes", "URGENT: confirm {}",
    "La Sua fattura {}", "", "Einladung zur Generalversammlung des Vereins, mit Traktanden {}",
)  # fmt: skip
SNIPPET = "Guten Tag, anbei die Offerte wie besprochen. Wir freuen uns auf Ihre Nachricht."
_REASONS = tuple(sorted(rule.symbol for rule in load_rules().values() if rule.speaks_against))

Judged = tuple[datetime, Verdict]


def fill(store: Store, deliveries: int, held: int) -> None:
    """Add so many deliveries for many customers, and so many held mails for USER."""
    dice = random.Random(7)  # noqa: S311 (the same rows every time)
    own = the_user(store)
    with store.write() as db:
        others = _add_customers(db, own)
    now, size = clock.now(), min(ROUND, deliveries)
    people = [own if number % OURS == 0 else dice.choice(others) for number in range(size)]
    usual = [a_verdict(each, dice, held=n % HELD == 1) for n, each in enumerate(people)]
    first, last = store_mails(store, own, [(now - SPREAD, each) for each in usual], dice)
    for number in range(1, deliveries // size):
        with store.write() as db:
            _copy(db, first, last, number, now - SPREAD * (1 - number * size / deliveries))
    waiting = [(now - SPREAD * (n / held), a_verdict(own, dice, held=True)) for n in range(held)]
    store_mails(store, own, waiting, dice)
    with store.write() as db:
        _read_most(db, own)


def the_user(store: Store) -> Recipient:
    """Return USER as mail to them is recorded; raises LookupError."""
    with store.read() as db:
        found = mailboxes.resolve(db, Address.parse(USER))
    if found is None:
        raise LookupError(USER)
    return found


def _add_customers(db: Session, own: Recipient) -> list[Recipient]:
    return [
        each
        for number in range(TENANTS)
        for each in add_customer(db, f"kundin{number}.example", PEOPLE, own)
    ]


def add_customer(db: Session, domain_name: str, people: int, like: Recipient) -> list[Recipient]:
    """Add a customer with so many people, whose mail is kept as long as somebody else's."""
    tenant = onboarding.add_tenant(db, f"Kundin {domain_name}", by=BY)
    domain = onboarding.add_domain(db, tenant, domain_name, "127.0.0.1:9", Takes.KNOWN, by=BY)
    ids = {"tenant_id": tenant.id, "domain_id": domain.id}
    rows = [{"address": f"person{each}@{domain_name}", **ids} for each in range(people)]
    added = db.execute(insert(Mailbox).returning(Mailbox.id, Mailbox.address), rows)
    return [
        Recipient(
            Address.parse(address), tenant.id, domain.id, mailbox_id, domain.lane_id,
            like.keep_days, like.held_days, Policy(),
        )
        for mailbox_id, address in added
    ]  # fmt: skip


def a_verdict(person: Recipient, dice: random.Random, *, held: bool) -> Verdict:
    """Return what was found of a mail, and what becomes of it."""
    if not held:
        return Verdict(person, Action.DELIVER, MailClass.CLEAN, 0.0, "score", ())
    names = dice.sample(_REASONS, dice.randint(1, 4))
    symbols = tuple(Symbol(name, "as seen", round(dice.uniform(1, 4), 1)) for name in names)
    score = sum(symbol.points for symbol in symbols)
    return Verdict(person, Action.QUARANTINE, dice.choice(HELD_CLASSES), score, "score", symbols)


def store_mails(
    store: Store, own: Recipient, judged: Sequence[Judged], dice: random.Random
) -> tuple[int, int]:
    """Write rows of mails that all share one slice; returns their first and last id."""
    day = expiry_day(clock.now(), own.held_days)
    sealed = store.seal(own.tenant_id, day, [mail(0, 2048)])
    (place,) = store.packs.append([sealed.slice])
    placed = [
        (_accepted(number, at, verdict, sealed, dice), place)
        for number, (at, verdict) in enumerate(judged)
    ]
    return add(store, placed)


def someone_else(store: Store) -> str:
    """Return the address of a new person of USER's customer, who can sign in."""
    address = Address("other", Address.parse(USER).domain)
    with store.write() as db:
        domain = db.scalars(select(Domain).where(Domain.name == address.domain)).one()
        tenant = db.get_one(Tenant, domain.tenant_id)
        onboarding.add_mailbox(db, tenant, domain, address, name="Beat Meier", by=BY)
        accounts.add_account(db, address, Role.USER, "", by=BY)
    return str(address)


def add(store: Store, placed: Sequence[tuple[Accepted, Place]]) -> tuple[int, int]:
    """Write rows of stored mails, all delivered but what is held; returns their first and last."""
    with store.write() as db:
        first = (db.scalar(select(func.max(Delivery.id))) or 0) + 1
        recording.record(db, placed)
        _deliver(db, first)
        last = db.scalar(select(func.max(Delivery.id))) or 0
        db.execute(_lines(first, last))
    return first, last


def _accepted(
    number: int, at: datetime, verdict: Verdict, sealed: Sealed, dice: random.Random
) -> Accepted:
    public_id = new_public_id()
    author = Address("news", f"sender{dice.randint(0, 300)}.example")
    summary = Summary(
        author=author,
        author_name=dice.choice(AUTHORS),
        subject=dice.choice(SUBJECTS).format(number),
        message_id=f"<{public_id}@bench.example>",
        snippet=SNIPPET,
        attachments=int(number % 5 == 0),
    )
    return Accepted(
        public_id=public_id,
        tenant_id=verdict.recipient.tenant_id,
        received_at=at,
        client=CLIENT,
        sender=str(author) if number % 3 else f"bounce-{number}@esp.example",
        summary=summary,
        sealed=sealed,
        headers="Received: by mailhafen.localhost\r\n",
        verdicts=(verdict,),
    )


def _deliver(db: Session, first: int) -> None:
    """Let all that waits from an id on be done."""
    done: dict[str, Any] = {"state": State.DELIVERED, "next_attempt_at": None, "attempts": 1}
    db.execute(
        update(Delivery)
        .where(Delivery.id >= first, Delivery.state == State.QUEUED)
        .values(**done, done_at=Delivery.accepted_at)
        .execution_options(synchronize_session=False)
    )


def _copy(db: Session, first: int, last: int, number: int, at: datetime) -> None:
    """Write mails like those with these ids once more, as if they had come at a moment."""
    old, new, row = Message.__table__, Message.__table__.alias("new"), Delivery.__table__
    public_id = old.c.public_id + f"-{number}"
    when = literal(at, old.c.received_at.type)
    before = db.scalar(select(func.max(Delivery.id))) or 0
    # Each day has its own, and four mails in a row are a conversation.
    day = literal(max(expiry_day(at, KEPT), clock.today()), old.c.day.type)
    copied = _changed(old, public_id=public_id, received_at=when, day=day)
    _insert(
        db, old, copied.join(row, row.c.message_id == old.c.id).where(row.c.id.between(first, last))
    )
    thread = row.c.thread + number // OF_CONVERSATION
    copied = _changed(row, message_id=new.c.id, accepted_at=when, thread=thread)
    joined = copied.join(old, old.c.id == row.c.message_id).join(new, new.c.public_id == public_id)
    _insert(db, row, joined.where(row.c.id.between(first, last)))
    db.execute(_lines(before + 1, before + 1 + last))


def _read_most(db: Session, own: Recipient) -> None:
    """Let the owner of a mailbox have read nearly all of it."""
    row, mark = Delivery.__table__, Mark.__table__
    read = select(row.c.id, row.c.mailbox_id, row.c.accepted_at).where(
        row.c.mailbox_id == own.mailbox_id, row.c.id % UNREAD != 0
    )
    db.execute(insert(mark).from_select(["delivery_id", "mailbox_id", "read_at"], read))


def _changed(table: Table, **values: ColumnElement[Any]) -> Select[Any]:
    return select(*(values.get(each.name, each) for each in table.c if each.name != "id"))


def _insert(db: Session, table: Table, rows: Select[Any]) -> None:
    names = [each.name for each in table.c if each.name != "id"]
    db.execute(insert(table).from_select(names, rows))


def _lines(first: int, last: int) -> Any:
    """Return what writes a line of the log for each delivery with these ids."""
    row, line = Delivery.__table__, Event.__table__
    said = select(
        row.c.accepted_at, row.c.state, literal("worker"), row.c.tenant_id, row.c.mailbox_id,
        row.c.id, literal({"reply": "250 ok", "attempt": 1}, line.c.detail.type),
    ).where(row.c.id.between(first, last))  # fmt: skip
    names = ["at", "kind", "by", "tenant_id", "mailbox_id", "delivery_id", "detail"]
    return insert(line).from_select(names, said)
