"""What an administrator does with one mailbox: its name, its addresses, off and on again.

Whatever touches an address is checked as a line of a file is. A deed that cannot be done returns
why; one on a mailbox that is none of theirs finds nothing.
"""

from typing import Any

from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mailstore import devices, events, roles
from mailstore.accounts import Account, Role
from mailstore.addresses import Address
from mailstore.domains import Domain
from mailstore.errors import BadAddress
from mailstore.mailboxes import Mailbox, MailboxAccess, MailboxAddress, MailboxKind, Right
from mailstore.moving import applying, here
from mailstore.moving.planning import Options, plan
from mailstore.moving.values import LONGEST_NAME, Person
from mailstore.moving.wishes import Clash, Trouble, wishes_of
from mailstore.realms import Realm
from mailstore.reports import planning
from mailstore.texts import single

Added = tuple[int, None] | tuple[None, Trouble]


def one(db: Session, realm: Realm, mailbox_id: int) -> Mailbox | None:
    """Return a mailbox that an administrator may change; None if it is none of theirs.

    Whoever has only some domains changes nobody who administers too.
    """
    mine = select(Mailbox).where(Mailbox.id == mailbox_id, Mailbox.kind != MailboxKind.CATCH_ALL)
    if not realm.whole:
        mine = mine.where(~_administered())
    return db.scalar(mine.where(realm.covers(Mailbox)))


def add(db: Session, realm: Realm, person: Person, options: Options, *, by: str) -> Added:
    """Add one person with all their addresses: returns their mailbox, or why not."""
    wishes, troubles = wishes_of([person])
    if troubles:
        return None, troubles[0]
    found = here.around(db, realm, wishes)
    diff = plan(wishes, found, options)
    if told := [*diff.clashes, *diff.notes]:
        return None, told[0]
    if not diff.new and not any(step.on for step in diff.changed):
        return None, Trouble(person.line, Clash.TAKEN, str(wishes[0].main))
    steps = [*diff.new, *diff.changed]
    try:
        with db.begin_nested():
            (mailbox_id,) = applying.apply(db, realm.tenant_id, steps, found, options, by=by)
    except IntegrityError:
        return None, Trouble(person.line, Clash.FAILED, str(wishes[0].main))
    return mailbox_id, None


def let_in(db: Session, realm: Realm, mailbox: Mailbox, *, by: str) -> int | None:
    """Give a person an account without a password and return it; None for whom nobody signs in."""
    wishes, _ = wishes_of([Person(0, mailbox.address)])
    found = here.around(db, realm, wishes)
    options = Options(names=False)
    steps = [each for each in plan(wishes, found, options).changed if each.account]
    if not mailbox.active or mailbox.kind is not MailboxKind.PERSON or not steps:
        return None
    applying.apply(db, realm.tenant_id, steps, found, options, by=by)
    # Somebody of another customer may have an account of this address.
    return owner_of(db, mailbox)


def owner_of(db: Session, mailbox: Mailbox) -> int | None:
    """Return the account whose own mailbox it is; None if nobody signs in for it."""
    return next(iter(db.scalars(_owners(mailbox.id))), None)


def rename(db: Session, mailbox: Mailbox, text: str, *, by: str) -> bool:
    """Give a mailbox and its account another name; False if it has it. Raises BadName."""
    name = single(text, LONGEST_NAME)
    changed = db.scalar(
        update(Mailbox)
        .where(Mailbox.id == mailbox.id, Mailbox.name != name)
        .values(name=name)
        .returning(Mailbox.id)
        .execution_options(synchronize_session=False)
    )
    if changed is None:
        return False
    renamed = update(Account).where(Account.id.in_(_owners(mailbox.id))).values(name=name)
    db.execute(renamed.execution_options(synchronize_session=False))
    _record(db, "mailbox_renamed", mailbox, by)
    return True


def add_alias(db: Session, realm: Realm, mailbox: Mailbox, text: str, *, by: str) -> Trouble | None:
    """Lead another address to a mailbox; returns why not."""
    person = Person(0, mailbox.address, "", (text.strip(),), mailbox.kind is MailboxKind.SHARED)
    wishes, troubles = wishes_of([person])
    if troubles:
        return troubles[0]
    found = here.around(db, realm, wishes)
    diff = plan(wishes, found, Options(accounts=False))
    if told := [*diff.clashes, *diff.notes]:
        return told[0]
    alias = Address.parse(text.strip())
    if alias.key in found.leads:
        return Trouble(0, Clash.TAKEN, str(alias))
    try:
        with db.begin_nested():
            db.add(MailboxAddress(key=alias.key, mailbox_id=mailbox.id))
    except IntegrityError:
        return Trouble(0, Clash.FAILED, str(alias))
    _record(db, "alias_added", mailbox, by, alias=alias.key)
    return None


def beyond(db: Session, realm: Realm, mailbox: Mailbox) -> frozenset[str]:
    """Return the addresses of a mailbox at domains that are not an administrator's.

    They lead elsewhere, or nowhere, only by the hand of whoever has these domains.
    """
    keys = db.scalars(select(MailboxAddress.key).where(MailboxAddress.mailbox_id == mailbox.id))
    theirs = Domain.tenant_id == realm.tenant_id, realm.has(Domain.id)
    mine = set(db.scalars(select(Domain.name).where(*theirs)))
    return frozenset(each for each in keys if each.rpartition("@")[2] not in mine)


def remove_alias(db: Session, mailbox: Mailbox, text: str, *, by: str) -> bool:
    """Let an alias lead nowhere any more; False for what is none, or the main address."""
    key = key_of(text)
    if key == Address.parse(mailbox.address).key:
        return False
    gone = db.scalar(
        delete(MailboxAddress)
        .where(MailboxAddress.key == key, MailboxAddress.mailbox_id == mailbox.id)
        .returning(MailboxAddress.key)
        .execution_options(synchronize_session=False)
    )
    if gone is not None:
        _record(db, "alias_removed", mailbox, by, alias=key)
    return gone is not None


def move_alias(db: Session, mailbox: Mailbox, text: str, to: Mailbox, *, by: str) -> bool:
    """Lead an alias to another mailbox of the tenant; False for what is none.

    Mail that came before stays where it came to; links of reports to that mailbox end.
    """
    key = key_of(text)
    if key == Address.parse(mailbox.address).key or to.id == mailbox.id or not to.active:
        return False
    mine = MailboxAddress.key == key, MailboxAddress.mailbox_id == mailbox.id
    if _lead(db, mine, to) == 0:
        return False
    devices.forget_all(db, [mailbox.id])
    detail = {"alias": key, "from": mailbox.id}
    _record(db, "alias_moved", to, by, **detail)
    return True


def merge(db: Session, mailbox: Mailbox, to: Mailbox, *, by: str) -> bool:
    """Lead all addresses of a mailbox to another and switch it off; False if that cannot be.

    Its mail stays as long as it is kept, and can be given back by switching it on again.
    """
    if to.id == mailbox.id or not to.active or not switch_off(db, mailbox, by=by):
        return False
    _lead(db, (MailboxAddress.mailbox_id == mailbox.id,), to)
    _record(db, "mailbox_merged", mailbox, by, to=to.id)
    return True


def make_shared(db: Session, mailbox: Mailbox, *, shared: bool, by: str) -> bool:
    """Make a person's mailbox a shared one, or a person's again; False if it is so already."""
    kind = MailboxKind.SHARED if shared else MailboxKind.PERSON
    changed = _set(db, mailbox, Mailbox.kind != kind, kind=kind)
    if changed:
        _record(db, "mailbox_shared" if shared else "mailbox_personal", mailbox, by)
    return changed


def switch_off(db: Session, mailbox: Mailbox, *, by: str) -> bool:
    """Take no mail for a mailbox any more and let nobody in; False if it is so, or administers.

    What is kept of its mail goes when its days are over.
    """
    if not _set(db, mailbox, Mailbox.active & ~_administered(), active=False):
        return False
    for account in db.scalars(select(Account).where(Account.id.in_(_owners(mailbox.id)))):
        roles.set_active(db, account, on=False, by=by)
    devices.forget_all(db, [mailbox.id])
    _record(db, "mailbox_switched_off", mailbox, by)
    return True


def switch_on(db: Session, mailbox: Mailbox, *, by: str) -> bool:
    """Take mail for a mailbox again; False if it does, or its address is another's by now."""
    key = Address.parse(mailbox.address).key
    led = db.get(MailboxAddress, key)
    if led is not None and led.mailbox_id != mailbox.id:
        return False
    if not _set(db, mailbox, ~Mailbox.active, active=True):
        return False
    if led is None:
        db.add(MailboxAddress(key=key, mailbox_id=mailbox.id))
        db.flush()
    planning.plan(db, [mailbox.id])
    for account in db.scalars(select(Account).where(Account.id.in_(_owners(mailbox.id)))):
        roles.set_active(db, account, on=True, by=by)
    _record(db, "mailbox_switched_on", mailbox, by)
    return True


def _administered() -> Any:
    """Return the condition that a mailbox is that of somebody who administers."""
    return (
        select(MailboxAccess.id)
        .join(Account, Account.id == MailboxAccess.account_id)
        .where(MailboxAccess.mailbox_id == Mailbox.id, MailboxAccess.right == Right.OWNER)
        .where(Account.role != Role.USER)
        .exists()
    )


def _owners(mailbox_id: int) -> Select[Any]:
    """Return a query for the accounts whose own mailbox it is: those of its main address."""
    return (
        select(Account.id)
        .join(MailboxAccess, MailboxAccess.account_id == Account.id)
        .join(Mailbox, Mailbox.id == MailboxAccess.mailbox_id)
        .where(Mailbox.id == mailbox_id, MailboxAccess.right == Right.OWNER)
        .where(Account.email == func.lower(Mailbox.address))
    )


def _set(db: Session, mailbox: Mailbox, unless: Any, **values: Any) -> bool:
    changed = db.scalar(
        update(Mailbox)
        .where(Mailbox.id == mailbox.id, unless)
        .values(**values)
        .returning(Mailbox.id)
        .execution_options(synchronize_session=False)
    )
    return changed is not None


def _lead(db: Session, which: tuple[Any, ...], to: Mailbox) -> int:
    led = update(MailboxAddress).where(*which).values(mailbox_id=to.id)
    moved = led.returning(MailboxAddress.key).execution_options(synchronize_session=False)
    return len(db.scalars(moved).all())


def key_of(text: str) -> str:
    """Return what an address that somebody typed is looked up by; empty for what is none."""
    try:
        return Address.parse(text.strip()).key
    except BadAddress:
        return ""


def _record(db: Session, kind: str, mailbox: Mailbox, by: str, **detail: Any) -> None:
    whose = {"tenant_id": mailbox.tenant_id, "mailbox_id": mailbox.id}
    events.record(db, kind, by=by, detail=detail, **whose)
