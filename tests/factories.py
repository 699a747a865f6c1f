"""Small things that tests are made of: customers, people, mail, and jobs that are only noted."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy import select, true
from sqlalchemy.orm import Session, contains_eager

from mailstore import (
    accounts,
    clock,
    mailboxes,
    onboarding,
    passwords,
    quarantine,
    recording,
    releases,
)
from mailstore.accounts import Account, Role
from mailstore.addresses import Address
from mailstore.deliveries import Delivery
from mailstore.domains import Domain, Takes
from mailstore.envelopes import (
    Action,
    Client,
    MailClass,
    Policy,
    Recipient,
    Summary,
    Symbol,
    Verdict,
)
from mailstore.mailboxes import Mailbox
from mailstore.messages import new_public_id
from mailstore.recording import Accepted
from mailstore.retention import expiry_day
from mailstore.scope import EVERYBODY
from mailstore.settings import PREFIX, Settings
from mailstore.store import Store
from mailstore.tenants import Tenant

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
LEASE = timedelta(minutes=5)
ANNA = "anna@muster.example"
BEAT = "beat@muster.example"
BOB = Address("bob", "there.example")
PEER = Client(ip="192.0.2.7", helo="mail.there.example")
RAW = (
    b"From: Bob <bob@there.example>\r\nTo: anna@muster.example\r\nSubject: Plans\r\n"
    b"Message-ID: <1@there.example>\r\n\r\nShall we meet at noon?\r\n"
)
SUMMARY = Summary(author=BOB, author_name="Bob", subject="Plans", message_id="<1@there.example>")


class RecordedJobs:
    """Notes what was asked for and runs nothing."""

    def __init__(self) -> None:
        self.asked: list[tuple[str | int, ...]] = []

    def enqueue(self, name: str, *ids: int) -> None:
        self.asked.append((name, *ids))

    def asked_again(self, _name: str, *_ids: int, seconds: float) -> bool:
        return False


def some_settings(data_dir: Path) -> Settings:
    own = {"data_dir": data_dir, "keys": SecretStr(Fernet.generate_key().decode())}
    return _checked_settings().model_copy(update=own)


@cache
def _checked_settings() -> Settings:
    """Return settings that thousands of tests begin with; each check takes ten milliseconds."""
    secret = SecretStr("for-tests-only-" + "0123456789abcdef" * 2)
    return Settings(secret_key=secret, hostname="mx.mailhafen.test")


def as_environment(settings: Settings) -> dict[str, str]:
    """Return what tells a process of ours where its rows, packs and secrets are."""
    named = {
        "DATA_DIR": str(settings.data_dir),
        "DATABASE_URL": settings.database_url,
        "SECRET_KEY": settings.secret_key.get_secret_value(),
        "KEYS": settings.keys.get_secret_value(),
    }
    return {PREFIX + name: value for name, value in named.items()}


def a_tenant(db: Session, name: str = "Muster AG", **values: Any) -> Tenant:
    tenant = onboarding.add_tenant(db, name, by="test")
    for field, value in values.items():
        setattr(tenant, field, value)
    db.flush()
    return tenant


def a_domain(
    db: Session,
    name: str = "muster.example",
    *,
    tenant: Tenant | None = None,
    next_hop: str = "127.0.0.1:2526",
    takes: Takes = Takes.KNOWN,
) -> Domain:
    """Return a new domain; without a tenant it gets one of its own, named like it."""
    tenant = tenant or a_tenant(db, name)
    return onboarding.add_domain(db, tenant, name, next_hop, takes, by="test")


def a_mailbox(
    db: Session, address: str = ANNA, *, name: str = "", aliases: Sequence[str] = ()
) -> Mailbox:
    """Return a new mailbox; its domain and tenant are made if need be."""
    parsed = Address.parse(address)
    domain = db.scalar(select(Domain).where(Domain.name == parsed.domain))
    domain = domain or a_domain(db, parsed.domain)
    tenant = db.get_one(Tenant, domain.tenant_id)
    mailbox = onboarding.add_mailbox(db, tenant, domain, parsed, name=name, by="test")
    for alias in aliases:
        onboarding.add_alias(db, mailbox, Address.parse(alias), by="test")
    return mailbox


def an_account(
    db: Session, mailbox: Mailbox, *, role: Role = Role.USER, password: str = ""
) -> Account:
    """Return a new account that owns a mailbox; hashing a password takes its time."""
    hashed = passwords.hash_password(password) if password else None
    added = accounts.add_account(db, Address.parse(mailbox.address), role, hashed, by="test")
    return with_factor(added)


def with_factor(account: Account) -> Account:
    """Give an administrator a second factor, without which they see none of their pages."""
    if account.role is not Role.USER:
        account.totp_secret = "an app"  # noqa: S105 (no secret, and of no app)
    return account


def a_recipient(address: str = ANNA, **policy: Any) -> Recipient:
    """Return a recipient that has no rows, under a policy with these values."""
    return Recipient(Address.parse(address), 1, 1, 1, 1, 7, 30, Policy(**policy))


def the_recipient(db: Session, address: str = ANNA) -> Recipient:
    """Return the recipient that rows know at an address."""
    found = mailboxes.resolve(db, Address.parse(address))
    assert found is not None
    return found


def a_verdict(
    recipient: Recipient,
    *,
    held: bool = False,
    mail_class: MailClass | None = None,
    score: float = 0.0,
    symbols: Sequence[str] = (),
) -> Verdict:
    action = Action.QUARANTINE if held else Action.DELIVER
    found = tuple(Symbol(name) for name in symbols)
    default = MailClass.SPAM if held else MailClass.CLEAN
    return Verdict(recipient, action, mail_class or default, score, "score", found)


def accepted_by(
    store: Store,
    verdicts: Sequence[Verdict],
    *,
    raw: bytes = RAW,
    at: datetime | None = None,
    summary: Summary = SUMMARY,
) -> Accepted:
    """Return a mail of one tenant, sealed for the longest of its days, that is no row yet."""
    at = at or clock.now()
    tenant_id = verdicts[0].recipient.tenant_id
    day = expiry_day(at, max(map(_days, verdicts)))
    return Accepted(
        public_id=new_public_id(),
        tenant_id=tenant_id,
        received_at=at,
        client=PEER,
        sender=str(BOB),
        summary=summary,
        sealed=store.seal(tenant_id, day, [raw]),
        headers="Received: by mx.mailhafen.test\r\n",
        verdicts=tuple(verdicts),
    )


def an_accepted(  # noqa: PLR0913 (what may differ from mail to mail is its arguments)
    store: Store,
    mailbox: Mailbox,
    *,
    raw: bytes = RAW,
    held: bool = False,
    mail_class: MailClass | None = None,
    at: datetime | None = None,
    summary: Summary = SUMMARY,
) -> Delivery:
    """Return the delivery of a mail whose bytes lie in a pack, its message loaded.

    It opens transactions of its own, so none may be open.
    """
    with store.read() as db:
        recipient = the_recipient(db, mailbox.address)
    verdict = a_verdict(recipient, held=held, mail_class=mail_class)
    accepted = accepted_by(store, [verdict], raw=raw, at=at, summary=summary)
    (place,) = store.packs.append([accepted.sealed.slice])
    with store.write() as db:
        recording.record(db, [(accepted, place)])
        return next(iter(deliveries_of(db, accepted)))


def a_held_delivery(store: Store, mailbox: Mailbox | None = None, **values: Any) -> Delivery:
    """Return a held delivery, its message loaded; without a mailbox, of a new one."""
    if mailbox is None:
        with store.write() as db:
            mailbox = a_mailbox(db)
    return an_accepted(store, mailbox, held=True, **values)


def let_go(store: Store, held: Delivery) -> None:
    """Release a held delivery, and send it on as after a scan that found nothing."""
    with store.write() as db:
        assert quarantine.release(db, EVERYBODY, held.id, by="anna", may=true())
        for claimed in releases.claim(db, 100, LEASE):
            assert releases.let_go(db, claimed)


def deliveries_of(db: Session, accepted: Accepted) -> Sequence[Delivery]:
    return db.scalars(
        select(Delivery)
        .join(Delivery.message)
        .options(contains_eager(Delivery.message))
        .where(Delivery.message.has(public_id=accepted.public_id))
        .order_by(Delivery.id)
    ).all()


def _days(verdict: Verdict) -> int:
    held = verdict.action is Action.QUARANTINE
    return verdict.recipient.held_days if held else verdict.recipient.keep_days
