"""Mails with the link that sets a new password, written by the worker.

They go to the private address if there is one, because the mail server may be down; never into
the webmail, where whoever sits at somebody's browser would read them.
"""

import secrets
from dataclasses import dataclass, replace
from email.message import EmailMessage

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailstore import mailboxes, outbox, resets
from mailstore.accounts import Account
from mailstore.addresses import Address
from mailstore.domains import Domain
from mailstore.envelopes import Recipient
from mailstore.jobs import job
from mailstore.resets import Reset
from mailstore.settings import Settings
from mailstore.store import Store
from mailstore.tenants import Tenant
from mailstore.wording import N_
from portal.mails import begun_for, fill, named, put_in_pack, spoken, templates, translations

log = structlog.get_logger()

TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class Wish:
    """Who wants a new password, and where the link goes."""

    account: Account
    tenant: Tenant
    recipient: Recipient


@job
def write_reset(store: Store, reset_id: int) -> None:
    """Write the mail of a reset and queue it; safe to run twice.

    The token is in that mail alone: of it, only the hash is kept, in the transaction that queues.
    """
    with store.write() as db:
        reset = resets.take(db, reset_id)
        wish = _wish(db, store.settings, reset) if reset else None
    if wish is None:
        return
    token = secrets.token_urlsafe(TOKEN_BYTES)
    mail = mail_of(wish, store.settings, token)
    stored = put_in_pack(store, wish.tenant, wish.recipient, mail)
    with store.write() as db:
        if resets.written(db, reset_id, token):
            outbox.queue(db, stored)
            log.info("reset_queued", reset=reset_id)


def mail_of(wish: Wish, settings: Settings, token: str) -> EmailMessage:
    """Return the mail with a text and an HTML part; its link is of the configured address."""
    account, tenant = wish.account, wish.tenant
    language = spoken(account.language, tenant.language)
    catalogue = translations(language)
    subject = catalogue.gettext(N_("Set a new password"))
    to = named(account.name, str(wish.recipient.address))
    mail = begun_for(tenant, settings, subject, to, "reset")
    shown = {
        "language": language,
        "subject": subject,
        "tenant": tenant.name,
        "name": account.name,
        "email": account.email,
        "minutes": int(resets.LIFE.total_seconds() // 60),
        "url": f"{settings.base_url.rstrip('/')}/password/new/{token}",
    }
    fill(mail, templates(catalogue), "reset/reset", shown)
    return mail


def _wish(db: Session, settings: Settings, reset: Reset) -> Wish | None:
    account = db.get_one(Account, reset.account_id)
    recipient = _recipient(db, settings, account)
    if recipient is None or not account.active:
        log.warning("reset_without_recipient", reset=reset.id)
        return None
    # Without its mailbox, it is mail to the outside, which no list of ours shows.
    tenant = db.get_one(Tenant, account.tenant_id)
    return Wish(account, tenant, replace(recipient, mailbox_id=None))


def _recipient(db: Session, settings: Settings, account: Account) -> Recipient | None:
    if not account.private_address:
        return mailboxes.resolve(db, Address.parse(account.email))
    private = Address.parse(account.private_address)
    theirs = select(Domain).where(Domain.tenant_id == account.tenant_id).order_by(Domain.id)
    domain = db.scalar(theirs.limit(1))
    return outbox.towards(db, settings, private, domain) if domain else None
