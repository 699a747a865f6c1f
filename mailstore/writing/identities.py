"""Identities: the addresses that somebody may write with, each with a name and a signature."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailstore import events
from mailstore.accounts import Account
from mailstore.addresses import Address
from mailstore.db import upsert
from mailstore.mailboxes import Mailbox, MailboxAddress
from mailstore.sending import submitters
from mailstore.texts import lines, single
from mailstore.writing.addressing import LONGEST_NAME
from mailstore.writing.rows import Signature

LONGEST_SIGNATURE = 2000


@dataclass(frozen=True, slots=True)
class Identity:
    """An address to write with; `text` is its signature."""

    address: Address
    name: str
    text: str
    tenant_id: int
    domain_id: int
    mailbox_id: int


def of(db: Session, account: Account) -> Sequence[Identity]:
    """Return all that somebody may write as, their own address first."""
    person = submitters.person(db, account)
    if person is None or not person.mailbox_ids:
        return []
    rows = db.execute(
        select(MailboxAddress.key, Mailbox, Signature)
        .join(Mailbox, Mailbox.id == MailboxAddress.mailbox_id)
        .outerjoin(Signature, Signature.address == MailboxAddress.key)
        .where(Mailbox.id.in_(person.mailbox_ids))
    ).all()
    found = [_identity(key, mailbox, said) for key, mailbox, said in rows]
    mains = {mailbox.address.lower() for _, mailbox, _ in rows}

    def turn(each: Identity) -> tuple[bool, bool, str]:
        return each.address.key != account.email, each.address.key not in mains, each.address.key

    return sorted(found, key=turn)


def one(found: Sequence[Identity], address: str) -> Identity | None:
    """Return the identity of an address, or None: nobody writes with another."""
    return next((each for each in found if each.address.key == address.strip().lower()), None)


def describe(db: Session, identity: Identity, name: str, text: str, *, by: str) -> None:
    """Set the name and signature of an address; raises BadName for what hides something."""
    said = {
        "name": single(name, LONGEST_NAME),
        "text": lines(text, LONGEST_SIGNATURE),
        "tenant_id": identity.tenant_id,
        "mailbox_id": identity.mailbox_id,
    }
    db.execute(
        upsert(db, Signature)
        .values(address=identity.address.key, **said)
        .on_conflict_do_update(index_elements=["address"], set_=said)
    )
    ids = {"tenant_id": identity.tenant_id, "mailbox_id": identity.mailbox_id}
    detail = {"address": identity.address.key}
    events.record(db, "signature_set", by=by, detail=detail, **ids)


def _identity(key: str, mailbox: Mailbox, said: Signature | None) -> Identity:
    return Identity(
        address=Address.parse(mailbox.address if key == mailbox.address.lower() else key),
        name=(said.name if said else "") or mailbox.name,
        text=said.text if said else "",
        tenant_id=mailbox.tenant_id,
        domain_id=mailbox.domain_id,
        mailbox_id=mailbox.id,
    )
