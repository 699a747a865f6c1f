"""All that is kept of one person, as a ZIP: mails as they came, and tables that run nothing.

Names in it are made of days and numbers only, so that no mail says where it is unpacked to.
"""

import csv
import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, cast

import structlog
from sqlalchemy import or_, select
from sqlalchemy.orm import Session, contains_eager

from mailstore import disclosures, events, listfiles
from mailstore.deliveries import Delivery, State
from mailstore.envelopes import MailClass
from mailstore.erasure.people import Whole
from mailstore.errors import Corrupt, NotFound
from mailstore.events import Event
from mailstore.mailboxes import MailboxAccess
from mailstore.quarantine import SELF_SERVICE
from mailstore.refusals import Refusal
from mailstore.senders import Owner
from mailstore.signins import SignIn
from mailstore.slices import Sealer
from mailstore.spreadsheets import SEMICOLON, inert
from mailstore.store import Store
from mailstore.writing import drafts
from mailstore.writing.rows import Draft, Signature

log = structlog.get_logger()

BATCH = 200
MARK = "\ufeff"
MAILS = (
    "file", "received", "author", "author_name", "sender", "recipient", "subject", "bytes",
    "state", "class", "score", "reason", "done", "reply",
)  # fmt: skip


def write(store: Store, person: Whole, out: Sealer, *, own: bool) -> int:
    """Write a person's data into a sealed ZIP and return how many mails it holds.

    `own`: they asked themselves, so what they may not open in the quarantine is only listed.
    Nobody gets a virus.
    """
    # The sealer is all that is asked of a file that is only written.
    with zipfile.ZipFile(cast("Any", out), "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        mails = _mails(store, person, archive, own=own)
        with store.read() as db:
            _table(archive, "refused.csv", _refused(db, person))
            _table(archive, "events.csv", _events(db, person))
            _table(archive, "readers.csv", _readers(db, person))
            _table(archive, "settings.csv", _settings(db, person))
            _table(archive, "addresses.csv", ((each,) for each in sorted(person.names)))
            _table(archive, "sessions.csv", _sessions(db, person))
            _lists(db, person, archive)
        _table(archive, "drafts.csv", _drafts(store, person))
    return mails


def _mails(store: Store, person: Whole, archive: zipfile.ZipFile, *, own: bool) -> int:
    """Write mails and, beside them, their table; return how many mails there are."""
    named: dict[int, str] = {}
    for delivery in _deliveries(store, person):
        name = f"mails/{delivery.accepted_at:%Y-%m-%d}-{delivery.message_id}.eml"
        wanted = delivery.message_id not in named and _may_have(delivery, own=own)
        if wanted and _mail(store, archive, name, delivery):
            named[delivery.message_id] = name
    lines = (_line(named.get(each.message_id, ""), each) for each in _deliveries(store, person))
    _table(archive, "mails.csv", lines, MAILS)
    return len(named)


def _deliveries(store: Store, person: Whole) -> Iterator[Delivery]:
    last = 0
    while True:
        with store.read() as db:
            some = db.scalars(
                select(Delivery)
                .join(Delivery.message)
                .options(contains_eager(Delivery.message))
                .where(person.wrote_or_got(), Delivery.id > last)
                .order_by(Delivery.id)
                .limit(BATCH)
            ).all()
        yield from some
        if len(some) < BATCH:
            return
        last = some[-1].id


def _may_have(delivery: Delivery, *, own: bool) -> bool:
    if delivery.message.place is None or delivery.mail_class is MailClass.VIRUS:
        return False
    held = delivery.state in (State.QUARANTINED, State.RELEASING)
    return not (own and held and delivery.mail_class not in SELF_SERVICE)


def _mail(store: Store, archive: zipfile.ZipFile, name: str, delivery: Delivery) -> bool:
    try:
        chunks = store.content(delivery.message)
        first = next(chunks, b"")
    except (NotFound, Corrupt):
        log.warning("export_mail_missing", message=delivery.message_id)
        return False
    entry = zipfile.ZipInfo(name, delivery.accepted_at.timetuple()[:6])
    entry.compress_type = zipfile.ZIP_DEFLATED
    with archive.open(entry, "w", force_zip64=True) as file:
        file.write(first)
        for chunk in chunks:
            file.write(chunk)
    return True


def _line(name: str, delivery: Delivery) -> tuple[object, ...]:
    message = delivery.message
    return (
        name, delivery.accepted_at, message.author, message.author_name, message.sender,
        delivery.recipient, message.subject, message.size, delivery.state, delivery.mail_class,
        delivery.score, delivery.reason, delivery.done_at, delivery.reply,
    )  # fmt: skip


def _table(
    archive: zipfile.ZipFile, name: str, rows: Iterable[Sequence[object]], head: Sequence[str] = ()
) -> None:
    """Write a table in which a spreadsheet finds no formula."""
    with archive.open(name, "w", force_zip64=True) as raw:
        out = io.TextIOWrapper(cast("Any", raw), "utf-8", newline="")
        out.write(MARK)
        table = csv.writer(out, delimiter=SEMICOLON)
        if head:
            table.writerow(head)
        for row in rows:
            table.writerow([inert(_text(each)) for each in row])
        out.flush()
        out.detach()


def _text(value: object) -> str:
    if value is None:
        return ""
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _refused(db: Session, person: Whole) -> Iterator[Sequence[object]]:
    mine = select(Refusal).where(Refusal.mailbox_id.in_(person.ids)).order_by(Refusal.id)
    for each in db.scalars(mine.execution_options(yield_per=BATCH)):
        yield each.at, each.author, each.sender, each.recipient, each.subject, each.reason


def _events(db: Session, person: Whole) -> Iterator[Sequence[object]]:
    account = person.account
    about = or_(
        Event.mailbox_id.in_(person.ids), Event.by == account.email, events.about(account.id)
    )
    mine = select(Event).where(Event.tenant_id == account.tenant_id, about)
    for each in db.scalars(mine.order_by(Event.id).execution_options(yield_per=BATCH)):
        detail = json.dumps(each.detail, ensure_ascii=False, sort_keys=True)
        yield each.at, each.kind, each.by, each.delivery_id, detail


def _readers(db: Session, person: Whole) -> Iterator[Sequence[object]]:
    """Yield who read this person's mail without being them, when and why."""
    looked = Event.kind == disclosures.READ, Event.mailbox_id.in_(person.ids)
    for each in db.scalars(select(Event).where(*looked).order_by(Event.id)):
        yield each.at, each.by, each.delivery_id, each.detail.get("reason", "")


def _settings(db: Session, person: Whole) -> Iterator[Sequence[object]]:
    account = person.account
    for name in ("email", "name", "role", "language", "private_address", "created_at",
                 "signed_in_at", "active"):  # fmt: skip
        yield "account", name, getattr(account, name)
    yield "account", "second_factor", bool(account.totp_secret)
    for mailbox in person.mailboxes:
        for name in ("address", "name", "language", "report_at", "report_on", "report_to"):
            yield mailbox.address, name, getattr(mailbox, name)
    for each in db.scalars(select(Signature).where(Signature.mailbox_id.in_(person.ids))):
        yield each.address, "signature", f"{each.name}\n{each.text}"
    used = select(MailboxAccess).where(MailboxAccess.account_id == account.id)
    for access in db.scalars(used):
        yield "access", access.mailbox_id, access.right


def _sessions(db: Session, person: Whole) -> Iterator[Sequence[object]]:
    for each in db.scalars(select(SignIn).where(SignIn.account_id == person.account.id)):
        yield each.created_at, each.seen_at, each.agent, each.address, each.way


def _lists(db: Session, person: Whole, archive: zipfile.ZipFile) -> None:
    for mailbox in person.mailboxes:
        out = io.StringIO(newline="")
        out.write(MARK)
        owner = Owner(mailbox.tenant_id, mailbox_id=mailbox.id)
        listfiles.write_lists(db, mailbox.tenant_id, out, only=owner, between=SEMICOLON)
        archive.writestr(f"senders-{mailbox.id}.csv", out.getvalue())


def _drafts(store: Store, person: Whole) -> Iterator[Sequence[object]]:
    with store.read() as db:
        mine = select(Draft).where(Draft.account_id == person.account.id).order_by(Draft.id)
        found = db.scalars(mine).all()
    for each in found:
        fields = drafts.fields_of(store, each)
        yield each.saved_at, fields.to, fields.cc, fields.bcc, fields.subject, fields.text
