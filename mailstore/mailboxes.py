"""Mailboxes: one person's or role's mail, with all its addresses."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, ForeignKey, Index, UniqueConstraint, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from mailstore import callouts, clock, events, policies
from mailstore.addresses import Address
from mailstore.db import Base, PrimaryKey, TenantKey
from mailstore.domains import Domain, Takes
from mailstore.envelopes import Recipient
from mailstore.errors import BadName
from mailstore.tenants import Tenant

POSTMASTER = "postmaster"
REPORT_ASKED = text("report_asked_at IS NOT NULL")


class MailboxKind(StrEnum):
    """Whose mail it is."""

    PERSON = "person"
    SHARED = "shared"
    CATCH_ALL = "catch_all"


class Right(StrEnum):
    """What joins an account to a mailbox."""

    OWNER = "owner"
    DELEGATE = "delegate"


class Mailbox(Base):
    """One person's or role's mail.

    `heard_at` is when mail last came to it, as the worker notes, or else when it was added.
    `report_at` and `report_on` are what its owner wants instead of the policy's times and days
    (mailstore/reports/times.py), `report_to` is who gets its reports instead, `report_due_at` when
    the next one is, `report_asked_at` since when somebody wants one, and until
    `report_lease_until` a worker writes it.
    """

    __tablename__ = "mailboxes"
    __table_args__ = (
        Index(
            "ix_mailboxes_report_asked",
            "report_asked_at",
            sqlite_where=REPORT_ASKED,
            postgresql_where=REPORT_ASKED,
        ),
    )

    id: Mapped[PrimaryKey]
    tenant_id: Mapped[TenantKey]
    domain_id: Mapped[int] = mapped_column(ForeignKey("domains.id", ondelete="CASCADE"), index=True)
    address: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(default="")
    kind: Mapped[MailboxKind] = mapped_column(default=MailboxKind.PERSON)
    language: Mapped[str | None]
    policy_id: Mapped[int | None] = mapped_column(ForeignKey("policies.id"))
    active: Mapped[bool] = mapped_column(default=True)
    heard_at: Mapped[datetime] = mapped_column(default=clock.now)
    report_due_at: Mapped[datetime | None] = mapped_column(index=True)
    report_at: Mapped[str] = mapped_column(default="")
    report_on: Mapped[str] = mapped_column(default="")
    report_to: Mapped[str] = mapped_column(default="")
    report_asked_at: Mapped[datetime | None]
    report_lease_until: Mapped[datetime | None]


class MailboxAddress(Base):
    """An address that leads to a mailbox: its main one or an alias."""

    __tablename__ = "mailbox_addresses"

    key: Mapped[str] = mapped_column(primary_key=True)
    mailbox_id: Mapped[int] = mapped_column(
        ForeignKey("mailboxes.id", ondelete="CASCADE"), index=True
    )


class MailboxAccess(Base):
    """Joins people to mail; with `reports` a delegate's own report has this mail too."""

    __tablename__ = "mailbox_access"
    __table_args__ = (UniqueConstraint("account_id", "mailbox_id"),)

    id: Mapped[PrimaryKey]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    mailbox_id: Mapped[int] = mapped_column(
        ForeignKey("mailboxes.id", ondelete="CASCADE"), index=True
    )
    right: Mapped[Right]
    reports: Mapped[bool] = mapped_column(default=False)


def resolve(db: Session, address: Address) -> Recipient | None:
    """Find who gets mail for an address, or None.

    It knows the exact address, aliases, alias domains, the base of a +tag and the domain's
    catch-all; postmaster always (RFC 5321 §4.5.1).
    """
    domain = _domain_of(db, address)
    if domain is None:
        return None
    known = Address(address.local, domain.name)
    mailbox = known_at(db, known)
    if mailbox is None and (address.local.lower() == POSTMASTER or _takes(db, domain, known)):
        mailbox = catch_all_of(db, domain)
    if mailbox is None or not mailbox.active:
        return None
    return _recipient(db, address, domain, mailbox)


def caught(db: Session, address: Address) -> Recipient | None:
    """Return who gets mail to a domain of ours that is for nobody we know; None for foreign ones.

    It is for whoever may write there all the same: the next hop knows whether somebody exists.
    """
    domain = _domain_of(db, address)
    mailbox = catch_all_of(db, domain) if domain else None
    if domain is None or mailbox is None or not mailbox.active:
        return None
    return _recipient(db, address, domain, mailbox)


def _domain_of(db: Session, address: Address) -> Domain | None:
    """Return the domain that decides about an address: an alias stands for another."""
    domain = db.scalar(select(Domain).where(Domain.name == address.domain))
    if domain is None or domain.alias_of_id is None:
        return domain
    return db.get_one(Domain, domain.alias_of_id)


def _takes(db: Session, domain: Domain, address: Address) -> bool:
    """Whether a domain takes mail for somebody whom we do not know."""
    if domain.takes is Takes.CALLOUT:
        return callouts.is_confirmed(db, domain.id, address.key)
    return domain.takes is Takes.ANY


def catch_all_of(db: Session, domain: Domain) -> Mailbox | None:
    """Return who gets what is known to nobody: whom the domain names, or else its bucket."""
    named = db.get(Mailbox, domain.catch_all_id) if domain.catch_all_id else None
    return named if named and named.active else bucket_of(db, domain.id)


def bucket_of(db: Session, domain_id: int) -> Mailbox | None:
    """Return the mailbox of a domain that is nobody's own."""
    mine = select(Mailbox).filter_by(domain_id=domain_id, kind=MailboxKind.CATCH_ALL)
    return db.scalars(mine.order_by(Mailbox.id).limit(1)).first()


def set_catch_all(db: Session, domain: Domain, mailbox: Mailbox | None, *, by: str) -> None:
    """Give what is known to nobody to a mailbox, None: to the bucket; raises BadName.

    It is one of the same tenant, and somebody uses it.
    """
    chosen = mailbox or bucket_of(db, domain.id)
    foreign = mailbox is not None and mailbox.kind is MailboxKind.CATCH_ALL
    if chosen is None or foreign or chosen.tenant_id != domain.tenant_id or not chosen.active:
        raise BadName("Mail for unknown people goes to a mailbox of this tenant that is in use.")
    db.execute(
        update(Domain)
        .where(Domain.id == domain.id)
        .values(catch_all_id=chosen.id)
        .execution_options(synchronize_session=False)
    )
    detail = {"domain": domain.name, "to": chosen.address}
    ids = {"tenant_id": domain.tenant_id, "mailbox_id": chosen.id}
    events.record(db, "catch_all_set", by=by, detail=detail, **ids)


def recipient_of(db: Session, mailbox: Mailbox) -> Recipient:
    """Return who gets mail to the main address of a mailbox."""
    domain = db.get_one(Domain, mailbox.domain_id)
    return _recipient(db, Address.parse(mailbox.address), domain, mailbox)


def at(db: Session, address: Address) -> Mailbox | None:
    """Return the mailbox that an address of ours leads to by itself, or None."""
    mine = select(Mailbox).join(MailboxAddress, MailboxAddress.mailbox_id == Mailbox.id)
    return db.scalar(mine.where(MailboxAddress.key == address.key))


def alone(db: Session, mailbox_id: int) -> Mailbox:
    """Return a mailbox that nobody else decides about until this transaction ends.

    It is for what must be looked up before it is written; wants a writing session.
    """
    mine = select(Mailbox).where(Mailbox.id == mailbox_id)
    # Without the key: mail that comes in meanwhile points to the row and must not wait.
    return db.scalars(mine.with_for_update(key_share=True)).one()


def is_at(domain: str) -> ColumnElement[bool]:
    """Return the condition that a main address or an alias is one of a domain."""
    return MailboxAddress.key.endswith(f"@{domain}", autoescape=True)


def addresses_of(db: Session, mailbox_id: int) -> list[str]:
    """Return all addresses of a mailbox, its main one first."""
    mailbox = db.get_one(Mailbox, mailbox_id)
    keys = db.scalars(
        select(MailboxAddress.key)
        .where(MailboxAddress.mailbox_id == mailbox_id)
        .order_by(MailboxAddress.key)
    )
    return [mailbox.address, *(key for key in keys if key != mailbox.address.lower())]


def known_at(db: Session, address: Address) -> Mailbox | None:
    """Return the mailbox of an address at a domain that is no alias, or of the base of a +tag."""
    found = db.execute(
        select(MailboxAddress.key, Mailbox)
        .join(Mailbox, Mailbox.id == MailboxAddress.mailbox_id)
        .where(MailboxAddress.key.in_((address.key, address.base_key)))
    )
    by_key = dict(found.all())
    return by_key.get(address.key) or by_key.get(address.base_key)


def _recipient(db: Session, address: Address, domain: Domain, mailbox: Mailbox) -> Recipient:
    tenant = db.get_one(Tenant, domain.tenant_id)
    policy = policies.effective(db, mailbox.policy_id or domain.policy_id or tenant.policy_id)
    keep_days, held_days = tenant.days_under(policy)
    return Recipient(
        address=address,
        tenant_id=tenant.id,
        domain_id=domain.id,
        mailbox_id=mailbox.id,
        lane_id=domain.lane_id,
        keep_days=keep_days,
        held_days=held_days,
        policy=policy,
    )
