"""Carrying out steps of a plan: a few statements for many people, in one transaction."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from mailstore import events, welcomes
from mailstore.accounts import Account
from mailstore.db import upsert
from mailstore.mailboxes import Mailbox, MailboxAccess, MailboxAddress, MailboxKind, Right
from mailstore.moving.planning import Here, Options, Step
from mailstore.reports import planning

# A step with the mailbox that it is about, which is there by now.
Settled = tuple[Step, int]


def apply(
    db: Session, tenant_id: int, steps: Sequence[Step], here: Here, options: Options, *, by: str
) -> list[int]:
    """Do what steps say, whole or not at all, and return the mailboxes they are about.

    Raises IntegrityError where somebody took an address meanwhile; nothing is done then.
    """
    settled = [*_added(db, tenant_id, steps, here), *_changed(db, tenant_id, steps)]
    addresses = [
        {"key": claim.key, "mailbox_id": box_id}
        for step, box_id in settled
        for claim in step.claims
    ]
    if addresses:
        db.connection().execute(MailboxAddress.__table__.insert(), addresses)
    fresh = [box_id for step, box_id in settled if step.box is None or step.on]
    planning.plan(db, fresh)
    let_in = _let_in(db, tenant_id, settled)
    if options.welcome:
        welcomes.ask(db, tenant_id, let_in, by=by)
    events.record_all(db, list(_lines(tenant_id, settled)), by=by)
    return [box_id for _, box_id in settled]


def _added(db: Session, tenant_id: int, steps: Sequence[Step], here: Here) -> Iterator[Settled]:
    new = [step for step in steps if step.box is None]
    boxes = [
        Mailbox(
            tenant_id=tenant_id,
            domain_id=here.sites[step.wish.main.domain].id,
            address=str(step.wish.main),
            name=step.wish.name,
            kind=_kind(step.wish.person.shared),
        )
        for step in new
    ]
    db.add_all(boxes)
    db.flush()
    yield from zip(new, (each.id for each in boxes), strict=True)


def _changed(db: Session, tenant_id: int, steps: Iterable[Step]) -> Iterator[Settled]:
    for step in steps:
        if step.box is None:
            continue
        values: dict[str, Any] = {"active": True} if step.on else {}
        values |= {} if step.name is None else {"name": step.name}
        values |= {} if step.shared is None else {"kind": _kind(step.shared)}
        if values:
            mine = update(Mailbox).where(Mailbox.id == step.box.id).values(**values)
            db.execute(mine.execution_options(synchronize_session=False))
        if step.name is not None:
            whose = Account.tenant_id == tenant_id, Account.email == step.box.key
            theirs = update(Account).where(*whose).values(name=step.name)
            db.execute(theirs.execution_options(synchronize_session=False))
        yield step, step.box.id


def _let_in(db: Session, tenant_id: int, settled: Sequence[Settled]) -> list[int]:
    """Give people their accounts and return those; somebody else's of that address stays so."""
    wanted = {step.wish.main.key: (step, box_id) for step, box_id in settled if step.account}
    back = {step.wish.main.key for step, _ in settled if step.on}
    known = {
        each.email: each
        for each in db.scalars(select(Account).where(Account.email.in_({*wanted, *back})))
    }
    for account in known.values():
        if account.tenant_id == tenant_id and account.email in back:
            account.active = True
    new = [
        Account(tenant_id=tenant_id, email=key, name=step.wish.name)
        for key, (step, _) in wanted.items()
        if key not in known
    ]
    db.add_all(new)
    db.flush()
    mine = [*new, *(known[each] for each in wanted if each in known)]
    owners = [each for each in mine if each.tenant_id == tenant_id]
    accesses = [
        {"account_id": each.id, "mailbox_id": wanted[each.email][1], "right": Right.OWNER,
         "reports": False}
        for each in owners
    ]  # fmt: skip
    if accesses:
        own = upsert(db, MailboxAccess).on_conflict_do_nothing()
        db.connection().execute(own, accesses)
    return [each.id for each in owners]


def _lines(tenant_id: int, settled: Iterable[Settled]) -> Iterator[dict[str, Any]]:
    """Yield the lines of the log: one for a new person, one for what changes of another."""
    for step, box_id in settled:
        detail: dict[str, Any] = {"claims": [each.key for each in step.claims]}
        changed = {"name": step.name is not None, "shared": step.shared, "on": step.on}
        detail |= {name: value for name, value in changed.items() if value and step.box}
        detail |= {"account": True} if step.account else {}
        yield {
            "kind": "mailbox_added" if step.box is None else "mailbox_changed",
            "tenant_id": tenant_id,
            "mailbox_id": box_id,
            "delivery_id": None,
            "detail": detail,
        }


def _kind(shared: bool) -> MailboxKind:
    return MailboxKind.SHARED if shared else MailboxKind.PERSON
