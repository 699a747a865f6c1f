"""Asking a customer's own IMAP server whether a password is right, where its domain wants that.

Whoever the address may be, it is asked in the same way, so that nobody learns who exists. The
password is kept nowhere. A server that cannot be reached is left alone for a moment: in an outage
everybody comes at once.
"""

import threading
import time
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailstore import accounts, attempts, imap, mailboxes, restoring
from mailstore.accounts import Account, Role
from mailstore.addresses import Address
from mailstore.attempts import Limit
from mailstore.domains import Domain
from mailstore.errors import BadAddress
from mailstore.imap import LONGEST_NAME, Login, NoImap, Server, SignInRefused
from mailstore.mailboxes import Mailbox, MailboxAddress, MailboxKind
from mailstore.settings import Settings
from mailstore.store import Store

log = structlog.get_logger()

KIND = "imap_sign_in"
MINUTE = timedelta(minutes=1)
# Of the five that reach the server in a minute, two are kept for browsers that are known, so that
# a stranger cannot use up a person's own.
MOST_A_MINUTE, MOST_OF_STRANGERS = 5, 3
REST_SECONDS = 10.0
# In each process three ask or wait, of its four threads, and one at a time asks the same server:
# servers that stall leave room for other customers' people, and a thread to everybody else.
MOST_AT_ONCE, TURN_SECONDS = 3, 2.5

_room = threading.BoundedSemaphore(MOST_AT_ONCE)
_turns: defaultdict[Server, threading.Lock] = defaultdict(threading.Lock)
_resting: dict[Server, float] = {}


class Reply(StrEnum):
    """What asking came to."""

    YES = "yes"
    NO = "no"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Person:
    """Whom a server is asked about, whether or not we know the mailbox."""

    server: Server
    name: str
    key: str
    tenant_id: int
    mailbox_id: int | None


def person_at(db: Session, settings: Settings, email: str) -> Person | None:
    """Return whom to ask about; None where the domain asks no server, or it is no address."""
    try:
        address = Address.parse(email)
    except BadAddress:
        return None
    domain = db.scalar(select(Domain).where(Domain.name == address.domain, Domain.imap_sign_in))
    server = restoring.server_of(domain, settings) if domain else None
    if domain is None or server is None:
        return None
    mailbox = _mailbox(db, domain, address)
    name = mailbox.address if mailbox else str(address)
    return Person(server, name, address.key, domain.tenant_id, mailbox.id if mailbox else None)


def says(store: Store, person: Person, password: str, *, known: bool) -> Reply:
    """Ask the server, at most so often in a minute; `known` is a browser that is known here."""
    if not password or not password.isprintable() or len(password) > LONGEST_NAME:
        return Reply.NO
    if not _room.acquire(blocking=False):
        return Reply.SILENT
    try:
        return _in_turn(store, person, password, known=known)
    finally:
        _room.release()


def account_of(db: Session, person: Person, *, by: str) -> Account | None:
    """Return the account of whom the server knows, made if need be; wants a writing session.

    None without a mailbox here, for an account that is turned off, and for one that is not of the
    server's own tenant: no customer's server speaks for an operator.
    """
    if person.mailbox_id is None:
        return None
    # Whoever signs in twice at once for the first time has one account all the same.
    mailboxes.alone(db, person.mailbox_id)
    found = accounts.find(db, person.key)
    if found is None:
        address = Address.parse(db.get_one(Mailbox, person.mailbox_id).address)
        return accounts.add_account(db, address, Role.USER, None, by=by)
    return found if found.active and found.tenant_id == person.tenant_id else None


def _mailbox(db: Session, domain: Domain, address: Address) -> Mailbox | None:
    """Return the mailbox whose main address this is: whose an alias is, the server may not know."""
    found = db.scalar(
        select(Mailbox)
        .join(MailboxAddress, MailboxAddress.mailbox_id == Mailbox.id)
        .where(MailboxAddress.key == address.key, Mailbox.domain_id == domain.id)
        .where(Mailbox.active, Mailbox.kind != MailboxKind.CATCH_ALL)
    )
    is_main = found is not None and Address.parse(found.address).key == address.key
    return found if is_main else None


def _in_turn(store: Store, person: Person, password: str, *, known: bool) -> Reply:
    turn = _turns[person.server]
    if _rests(person.server) or not turn.acquire(timeout=TURN_SECONDS):
        return Reply.SILENT
    try:
        # Only what reaches the server counts, and it may have gone to rest meanwhile.
        if _rests(person.server):
            return Reply.SILENT
        limit = Limit(person.key, MOST_A_MINUTE if known else MOST_OF_STRANGERS)
        with store.write() as db:
            begun = attempts.begin(db, KIND, [limit], window=MINUTE)
        return Reply.SILENT if begun.wait else _asked(person, password)
    finally:
        turn.release()


def _asked(person: Person, password: str) -> Reply:
    try:
        with imap.signed_in(person.server, Login(person.name, password)):
            return Reply.YES
    except SignInRefused:
        return Reply.NO
    except NoImap as error:
        log.info("imap_sign_in_failed", tenant=person.tenant_id)
        # Only what is so for everybody: whoever made it break off must not end it for others.
        if isinstance(error.__cause__, OSError):
            _resting[person.server] = time.monotonic() + REST_SECONDS
        return Reply.SILENT


def _rests(server: Server) -> bool:
    return _resting.get(server, 0.0) > time.monotonic()
