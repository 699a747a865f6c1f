"""Mails about blocked senders: to the administrators of their tenant, once for each block."""

from email.message import EmailMessage

import structlog

from mailstore import outbox, readers
from mailstore.jobs import job
from mailstore.outbox import Stored
from mailstore.readers import Reader
from mailstore.sending import blocks
from mailstore.sending.blocks import Blocked
from mailstore.sending.counts import Why
from mailstore.settings import Settings
from mailstore.store import Store
from mailstore.wording import N_
from portal.mails import begun, fill, named, put_in_pack, spoken, templates, translations

log = structlog.get_logger()

WHYS = {
    Why.HOUR: N_("Too many recipients within an hour"),
    Why.DAY: N_("Too many recipients within a day"),
    Why.UNKNOWN: N_("Too many recipients that do not exist"),
}


@job
def tell_block(store: Store, block_id: int) -> None:
    """Tell administrators that somebody may not send for now; safe to run twice, and to lose."""
    with store.write() as db:
        taken = blocks.take(db, block_id)
    if taken is None:
        return
    with store.read() as db:
        found = blocks.look(db, block_id)
        administrators = readers.administrators(db, found.tenant) if found else []
    mails = [_packed(store, found, each) for each in administrators] if found else []
    if found and not mails:
        log.warning("block_without_administrators", block=block_id)
    with store.write() as db:
        if blocks.told(db, taken):
            outbox.queue(db, *mails)


def for_administrator(found: Blocked, reader: Reader, settings: Settings) -> EmailMessage:
    """Return the mail that tells an administrator who may not send for now, and why."""
    language, tenant = spoken(*reader.languages), found.tenant
    catalogue = translations(language)
    subject = catalogue.gettext("Sending is blocked for %(who)s") % {"who": found.name}
    mail = begun(
        subject,
        named(tenant.name, settings.report_author),
        named(reader.name, str(reader.recipient.address)),
        tenant.zoneinfo,
        settings.hostname,
        "block",
    )
    until = found.block.until.astimezone(tenant.zoneinfo)
    shown = {
        "language": language, "subject": subject, "name": reader.name, "tenant": tenant.name,
        "who": found.name, "block": found.block, "why": catalogue.gettext(WHYS[found.block.why]),
        "program": found.mailbox is None, "until": f"{until:%d.%m.%Y %H:%M}",
        "url": f"{settings.base_url.rstrip('/')}/admin/blocked/",
    }  # fmt: skip
    fill(mail, templates(catalogue), "sending/blocked", shown)
    return mail


def _packed(store: Store, found: Blocked, reader: Reader) -> Stored:
    mail = for_administrator(found, reader, store.settings)
    return put_in_pack(store, found.tenant, reader.recipient, mail)
