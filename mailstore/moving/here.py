"""What a tenant has, as plans ask for it: domains, mailboxes, and where addresses lead."""

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session, aliased

from mailstore.accounts import Account, Role
from mailstore.addresses import Address
from mailstore.domains import Domain
from mailstore.mailboxes import Mailbox, MailboxAccess, MailboxAddress, MailboxKind, Right
from mailstore.moving.planning import Box, Here, Site
from mailstore.moving.wishes import Wish
from mailstore.realms import Realm

_OWNED = exists().where(MailboxAccess.mailbox_id == Mailbox.id, MailboxAccess.right == Right.OWNER)
_ADMINISTERS = _OWNED.where(Account.id == MailboxAccess.account_id, Account.role != Role.USER)


def everything(db: Session, realm: Realm) -> Here:
    """Return all of a tenant; an administrator's realm says which domains are theirs."""
    return _here(db, realm, None)


def around(db: Session, realm: Realm, wishes: Iterable[Wish]) -> Here:
    """Return the domains of a tenant, and only the mailboxes that some wishes are about."""
    addresses = [each for wish in wishes for each in (wish.main, *wish.aliases)]
    return _here(db, realm, addresses)


def _here(db: Session, realm: Realm, addresses: Collection[Address] | None) -> Here:
    found = _boxes(realm)
    leads = select(MailboxAddress.key, MailboxAddress.mailbox_id).join(Mailbox)
    leads = leads.where(Mailbox.tenant_id == realm.tenant_id)
    if addresses is not None:
        keys = {each.key for each in addresses}
        leads = leads.where(MailboxAddress.key.in_(keys))
        led = leads.with_only_columns(MailboxAddress.mailbox_id)
        # What was switched off may have lost its addresses and lie there under its own name.
        found = found.where(
            or_(Mailbox.id.in_(led), Mailbox.address.in_(keys | set(map(str, addresses))))
        )
    boxes = {each.id: each for each in map(_box, db.execute(found))}
    mains = {each.key: each.id for each in boxes.values()}
    return Here(_sites(db, realm), boxes, dict(db.execute(leads).all()), mains, realm.whole)


def _boxes(realm: Realm) -> Any:
    return (
        select(
            Mailbox.id, Mailbox.address, Mailbox.name, Mailbox.kind, Mailbox.active,
            Mailbox.domain_id, _OWNED.label("owned"), _ADMINISTERS.label("administers"),
        )
        .where(Mailbox.tenant_id == realm.tenant_id, Mailbox.kind != MailboxKind.CATCH_ALL)
        .order_by(Mailbox.address)
    )  # fmt: skip


def _box(row: Any) -> Box:
    box_id, address, name, kind, active, domain_id, owned, administers = row
    shared = kind is MailboxKind.SHARED
    return Box(box_id, address, name, shared, active, domain_id, owned, administers)


def _sites(db: Session, realm: Realm) -> dict[str, Site]:
    base = aliased(Domain)
    rows = db.execute(
        select(Domain.name, Domain.id, base.name)
        .outerjoin(base, base.id == Domain.alias_of_id)
        .where(Domain.tenant_id == realm.tenant_id)
    )
    return {name: Site(each, realm.includes(each), of or "") for name, each, of in rows}
