"""Submitters: who hands us mail to send, and as whom they may write (RFC 6409 §6.1)."""

from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailstore import mailboxes, policies, tenants
from mailstore.accounts import Account
from mailstore.addresses import Address
from mailstore.domains import Domain
from mailstore.envelopes import (
    Attachments,
    HeldNotice,
    Impersonation,
    NewsletterAction,
    Recipient,
)
from mailstore.mailboxes import POSTMASTER, Mailbox, MailboxAccess, MailboxKind
from mailstore.tenants import Tenant


@dataclass(frozen=True, slots=True)
class Submitter:
    """A person, or a program or mail server of a tenant.

    `mailbox_ids`: with whose addresses they may write; None: with any at one of `domain_ids`.
    `bounces`: a mail server, whose bounces have no sender and an author of its own.
    """

    tenant_id: int
    name: str
    mailbox_ids: frozenset[int] | None = None
    domain_ids: frozenset[int] = frozenset()
    bounces: bool = False


@dataclass(frozen=True, slots=True)
class Author:
    """An address that a mail is written with, and whose it is; a program's has no mailbox."""

    address: Address
    tenant_id: int
    domain_id: int
    mailbox_id: int | None


def person(db: Session, account: Account) -> Submitter | None:
    """Return an account as whoever sends with the mailboxes it may use; None for an operator."""
    if account.tenant_id is None:
        return None
    theirs = (
        select(Mailbox.id)
        .join(MailboxAccess, MailboxAccess.mailbox_id == Mailbox.id)
        .where(MailboxAccess.account_id == account.id, Mailbox.active)
        .where(Mailbox.kind != MailboxKind.CATCH_ALL)
    )
    return Submitter(account.tenant_id, account.email, frozenset(db.scalars(theirs)))


def author_of(db: Session, submitter: Submitter, address: Address) -> Author | None:
    """Return whose an address is; None if the submitter may not write with it.

    Nobody of a tenant does whose mail does not flow.
    """
    domain = db.scalar(select(Domain).where(Domain.name == address.domain))
    if domain is None or domain.tenant_id != submitter.tenant_id:
        return None
    if not tenants.is_live(db, domain.tenant_id):
        return None
    home = db.get_one(Domain, domain.alias_of_id) if domain.alias_of_id else domain
    mailbox = mailboxes.known_at(db, Address(address.local, home.name))
    author = Author(address, domain.tenant_id, domain.id, mailbox.id if mailbox else None)
    if submitter.mailbox_ids is None:
        return author if {domain.id, home.id} & submitter.domain_ids else None
    return author if author.mailbox_id in submitter.mailbox_ids else None


def as_recipient(db: Session, author: Author) -> Recipient:
    """Return an author as mail to strangers is judged and kept: by their own policy and days.

    What a policy wants of mail that comes in does not count: nobody is refused for an old program,
    pretends to be a colleague, or has a newsletter marked.
    """
    own = db.get_one(Domain, author.domain_id)
    home = db.get_one(Domain, own.alias_of_id) if own.alias_of_id else own
    tenant = db.get_one(Tenant, author.tenant_id)
    mailbox = db.get(Mailbox, author.mailbox_id) if author.mailbox_id else None
    policy_id = (mailbox.policy_id if mailbox else None) or home.policy_id or tenant.policy_id
    policy = replace(
        policies.effective(db, policy_id),
        reject_at=None,
        mandatory=frozenset(),
        newsletters=NewsletterAction.NOTHING,
        impersonation=Impersonation.OFF,
        attachments=Attachments.HOLD,
        notice=HeldNotice.OFF,
    )
    keep_days, held_days = tenant.days_under(policy)
    return Recipient(
        address=author.address,
        tenant_id=tenant.id,
        domain_id=home.id,
        mailbox_id=None,
        lane_id=home.lane_id,
        keep_days=keep_days,
        held_days=held_days,
        policy=policy,
    )


def author_of_nobody(db: Session, submitter: Submitter) -> Author | None:
    """Return for whom mail without a sender counts: a receipt, or a bounce (RFC 5321 §4.5.5).

    That is the first mailbox of a person, or postmaster of the first domain; None without either.
    """
    if submitter.mailbox_ids is not None:
        ids = sorted(submitter.mailbox_ids)
        mailbox = db.get_one(Mailbox, ids[0]) if ids else None
        return author_of(db, submitter, Address.parse(mailbox.address)) if mailbox else None
    ids = sorted(submitter.domain_ids)
    domain = db.get(Domain, ids[0]) if ids else None
    return author_of(db, submitter, Address(POSTMASTER, domain.name)) if domain else None
