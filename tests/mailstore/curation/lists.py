"""What tests of lists are made of: mail that came from somebody, and entries on any list."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import select, update

from mailstore import refusals, senders
from mailstore.accounts import Account
from mailstore.addresses import Address
from mailstore.curation import reading, uploads
from mailstore.deliveries import Delivery
from mailstore.mailboxes import Mailbox
from mailstore.refusals import Refused
from mailstore.senders import Listed, Owner, SenderEntry, Wish
from mailstore.store import Store
from tests.factories import NOON, SUMMARY, an_accepted

PROVEN = [["AUTHENTICATED", "dmarc spf", 0.0]]


def came(store: Store, mailbox: Mailbox, author: str, **values: object) -> Delivery:
    """Return a mail that an author sent, its delivery with some values; proven unless said."""
    held = bool(values.pop("held", False))
    summary = replace(SUMMARY, author=Address.parse(author))
    found = an_accepted(store, mailbox, held=held, summary=summary)
    with store.write() as db:
        changed = {"symbols": PROVEN} | values
        db.execute(update(Delivery).where(Delivery.id == found.id).values(**changed))
    return found


def refused(store: Store, mailbox: Mailbox, author: str, reason: str) -> None:
    ids = {"tenant_id": mailbox.tenant_id, "domain_id": mailbox.domain_id}
    texts = {"client_ip": "192.0.2.7", "sender": author, "subject": "Plans", "reply": "550 no"}
    row = Refused(at=NOON, mailbox_id=mailbox.id, recipient=mailbox.address, author=author,
                  reason=reason, **ids, **texts)  # type: ignore[arg-type]  # fmt: skip
    with store.write() as db:
        refusals.record(db, [row])


def listed(store: Store, owner: Owner, *patterns: str, kind: Listed = Listed.ALLOWED) -> None:
    with store.write() as db:
        for each in patterns:
            assert senders.enter(db, owner, Wish(kind, each), by="test")


def on_list(store: Store, owner: Owner) -> Sequence[tuple[str, str]]:
    """Return what a list says."""
    mine = select(SenderEntry.listed, SenderEntry.pattern).where(*owner.rows)
    with store.read() as db:
        return sorted((str(kind), pattern) for kind, pattern in db.execute(mine))


def an_upload(store: Store, account: Account, text: str = "there.example\ngmail.com\n/x/") -> int:
    """Return the id of a list that an account brought for the whole tenant."""
    assert account.tenant_id
    owner = Owner(account.tenant_id)
    with store.write() as db:
        rows = uploads.lines_of(db, owner, reading.read(text, Listed.ALLOWED))
        return uploads.keep(db, owner, account.id, "old.txt", rows)
