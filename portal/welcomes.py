"""Mails of welcome, written by the worker: what Mailhafen is for somebody, and how they get in.

Whoever has no password gets a link that sets one, which works once. The mail goes to the person's
own server and never into the webmail, where whoever sits at somebody's browser would read it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from email.message import EmailMessage

import structlog
from sqlalchemy.orm import Session

from mailstore import bearer, clock, mailboxes, outbox, resets, welcomes
from mailstore.accounts import Account
from mailstore.addresses import Address
from mailstore.domains import Domain
from mailstore.envelopes import Recipient
from mailstore.jobs import job
from mailstore.outbox import Letter
from mailstore.settings import Settings
from mailstore.store import Store
from mailstore.tenants import Tenant
from mailstore.wording import N_
from portal.mails import as_bytes, begun_for, fill, named, spoken, templates, translations

log = structlog.get_logger()

# As long as the links of a daily report live.
LIFE = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Guest:
    """Who is welcomed, where the mail goes, and the token that sets a password, if there is one."""

    account: Account
    tenant: Tenant
    recipient: Recipient
    own_server: bool
    token: str


@job
def write_welcomes(store: Store) -> None:
    """Write all welcomes that are due; may run twice, and be cut off anywhere."""
    while not store.closing.is_set():
        with store.write() as db:
            taken = welcomes.take(db)
        if not taken:
            return
        _welcome(store, taken)


def mail_of(guest: Guest, settings: Settings) -> EmailMessage:
    """Return the mail with a text and an HTML part; its links are of the configured address."""
    account, tenant = guest.account, guest.tenant
    language = spoken(account.language, tenant.language)
    catalogue = translations(language)
    subject = catalogue.gettext(N_("Your mail is protected by Mailhafen"))
    to = named(account.name, str(guest.recipient.address))
    mail = begun_for(tenant, settings, subject, to, "welcome")
    portal = settings.base_url.rstrip("/")
    until = (clock.now() + LIFE).astimezone(tenant.zoneinfo)
    shown = {
        "language": language, "subject": subject, "tenant": tenant.name, "name": account.name,
        "email": account.email, "portal": portal, "own_server": guest.own_server,
        "url": f"{portal}/password/new/{guest.token}" if guest.token else "",
        "until": f"{until:%d.%m.%Y}",
    }  # fmt: skip
    fill(mail, templates(catalogue), "welcome/welcome", shown)
    return mail


def _welcome(store: Store, account_ids: Sequence[int]) -> None:
    with store.read() as db:
        found = {each: _guest(db, each) for each in account_ids}
    guests = [each for each in found.values() if each]
    stored = outbox.put_all_in_pack(store, [_letter(each, store.settings) for each in guests])
    with store.write() as db:
        for each in found.keys() - {guest.account.id for guest in guests}:
            welcomes.drop(db, each)
        for guest, mail in zip(guests, stored, strict=True):
            if welcomes.written(db, guest.account.id):
                resets.invite(db, guest.account, guest.token, LIFE)
                outbox.queue(db, mail)
    log.info("welcomes_queued", mails=len(guests))


def _letter(guest: Guest, settings: Settings) -> Letter:
    mail, author = mail_of(guest, settings), Address.parse(settings.report_author)
    summary = outbox.summary_of(author, guest.tenant.name, str(mail["Subject"]))
    return Letter(guest.recipient, as_bytes(mail), summary)


def _guest(db: Session, account_id: int) -> Guest | None:
    """Return who is welcomed; None for somebody who was switched off meanwhile."""
    account = db.get_one(Account, account_id)
    recipient = mailboxes.resolve(db, Address.parse(account.email))
    if recipient is None or not account.active:
        return None
    tenant = db.get_one(Tenant, account.tenant_id)
    own_server = db.get_one(Domain, recipient.domain_id).imap_sign_in
    token = "" if own_server or account.password_hash else bearer.new_token()
    return Guest(account, tenant, replace(recipient, mailbox_id=None), own_server, token)
