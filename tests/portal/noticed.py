"""Notices as their readers get them: written for real, and read without a finding."""

import email
import re
from datetime import timedelta
from email.message import EmailMessage
from email.policy import default

from mailstore import incidents, people
from mailstore.accounts import Account
from mailstore.incidents import Told
from mailstore.lanes import Lane
from mailstore.notices import Notice, spread_notices
from mailstore.store import Store
from mailstore.tenants import Tenant
from portal.notices import write_notice
from tests.mailstore import outages
from tests.mailstore.outages import begins, ends, made

HOUR = timedelta(hours=1)
PRIVATE, OFFICE, OTHER = "anna@private.example", "beat@private.example", "eve@private.example"


def told_at(store: Store, account: Account, private: str) -> Account:
    """Let a person be told at a private address."""
    with store.write() as db:
        people.set_private_address(db, db.get_one(Account, account.id), private, by=account.email)
    return account


def alter(store: Store, table: type[Account | Tenant | Lane], row_id: int, **values: str) -> None:
    """Change a row."""
    with store.write() as db:
        for name, value in values.items():
            setattr(db.get_one(table, row_id), name, value)


def spread(store: Store) -> None:
    """Make the notices of all that is new."""
    with store.read() as db:
        untold = list(incidents.untold(db))
    for incident_id in untold:
        spread_notices(store, incident_id)


def content(store: Store, target: str, news: Told) -> bytes:
    """Return what somebody is told, as it is sent."""
    (notice,) = [each for each in made(store, news) if each.target == target]
    write_notice(store, notice.id)
    with store.read() as db:
        return db.get_one(Notice, notice.id).content or b""


def read(raw: bytes) -> EmailMessage:
    """Return a notice as a mail program reads it, which may find nothing wrong with it."""
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert b"\n" not in raw.replace(b"\r\n", b"")
    mail = email.message_from_bytes(raw, policy=default)
    assert isinstance(mail, EmailMessage)
    assert [part.defects for part in mail.walk() if part.defects] == []
    assert [field for field in mail.values() if field.defects] == []
    kinds = [part.get_content_type() for part in mail.walk()]
    assert kinds == ["multipart/alternative", "text/plain", "text/html"]
    return mail


def begun(store: Store, lane_id: int, target: str = PRIVATE) -> EmailMessage:
    """Begin an outage, and return what somebody is told of it."""
    begins(store, lane_id)
    spread(store)
    return read(content(store, target, Told.BEGAN))


def over(store: Store, lane_id: int, target: str = PRIVATE) -> EmailMessage:
    """End the outage after all were told of it, and return what somebody is told of that."""
    for notice in made(store):
        outages.sent(store, notice)
    ends(store, lane_id)
    spread(store)
    return read(content(store, target, Told.OVER))


def parts(mail: EmailMessage) -> tuple[str, str]:
    """Return the text and the HTML of a mail."""
    text, html = map(mail.get_body, (("plain",), ("html",)))
    assert text is not None
    assert html is not None
    return text.get_content().replace("\r\n", "\n"), html.get_content()


def links(mail: EmailMessage) -> list[str]:
    """Return all that the HTML of a mail leads to or loads."""
    return re.findall(r"""<[^>]*(?:href|src)\s*=\s*["']?([^"'\s>]*)""", parts(mail)[1])
