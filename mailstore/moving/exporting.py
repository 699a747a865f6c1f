"""The people of a tenant as a table: what `flask import` reads, inert in spreadsheets."""

import csv
from collections.abc import Sequence
from typing import TextIO

from sqlalchemy import or_, select, tuple_
from sqlalchemy.orm import Session

from mailstore.mailboxes import Mailbox, MailboxAccess, MailboxAddress, MailboxKind, Right
from mailstore.moving.headings import OWN
from mailstore.pages import Page
from mailstore.realms import Realm
from mailstore.spreadsheets import inert


def write_people(db: Session, realm: Realm, out: TextIO, *, between: str) -> int:
    """Write all mailboxes of a realm that are on, and return how many there are."""
    table = csv.writer(out, delimiter=between)
    table.writerow(OWN)
    mine = realm.covers(Mailbox), Mailbox.active, Mailbox.kind != MailboxKind.CATCH_ALL
    aliases: dict[int, list[str]] = {}
    keys = select(MailboxAddress.mailbox_id, MailboxAddress.key).join(Mailbox).where(*mine)
    for box_id, key in db.execute(keys.order_by(MailboxAddress.key)):
        aliases.setdefault(box_id, []).append(key)
    boxes = db.scalars(select(Mailbox).where(*mine).order_by(Mailbox.address)).all()
    for box in boxes:
        others = (each for each in aliases.get(box.id, ()) if each != box.address.lower())
        cells = (box.name, box.address, " ".join(others), box.kind.value)
        table.writerow(map(inert, cells))
    return len(boxes)


def without_account(db: Session, realm: Realm, search: str, page: Page) -> Sequence[Mailbox]:
    """Return a page of the mailboxes that nobody owns, one more than fits where more follow."""
    owned = select(MailboxAccess.id).where(
        MailboxAccess.mailbox_id == Mailbox.id, MailboxAccess.right == Right.OWNER
    )
    query = select(Mailbox).where(realm.covers(Mailbox), ~owned.exists())
    query = query.where(Mailbox.kind != MailboxKind.CATCH_ALL)
    if search:
        names = Mailbox.name, Mailbox.address
        query = query.where(or_(*(each.icontains(search, autoescape=True) for each in names)))
    if page.after:
        query = query.where(tuple_(Mailbox.address, Mailbox.id) > tuple_(*page.after))
    return db.scalars(query.order_by(Mailbox.address, Mailbox.id).limit(page.size + 1)).all()
