"""Putting copies into a mailbox's own IMAP server: one after another, each noted when it is there.

A restore that was cut off goes on where it was; a mail that is in the folder already is not put
there again.
"""

import threading
from collections.abc import Iterator
from dataclasses import dataclass

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session, contains_eager

from mailstore import imap, marks, restores
from mailstore.deliveries import Delivery
from mailstore.domains import Domain
from mailstore.errors import Corrupt, NotFound
from mailstore.imap import Folder, Login, NoImap, Server
from mailstore.jobs import job
from mailstore.mailboxes import Mailbox
from mailstore.messages import Message, without
from mailstore.restores import Restore, RestoreState
from mailstore.settings import Settings
from mailstore.store import Store

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Place:
    """A mailbox on its own server, and whether its domain has a master login."""

    mailbox_id: int
    server: Server
    name: str
    has_master: bool


def place_of(db: Session, settings: Settings, mailbox_id: int) -> Place | None:
    """Return where a mailbox lies; None where its domain names no IMAP server."""
    mailbox = db.get_one(Mailbox, mailbox_id)
    domain = db.get_one(Domain, mailbox.domain_id)
    server = server_of(domain, settings)
    if server is None:
        return None
    return Place(mailbox_id, server, mailbox.address, bool(domain.imap_master))


def server_of(domain: Domain, settings: Settings) -> Server | None:
    """Return the IMAP server of a domain; None where it names none."""
    if not domain.imap_server:
        return None
    return Server.parse(
        domain.imap_server,
        trusted=domain.imap_trusted,
        but=tuple(settings.inside),
        authorities=settings.tls_authorities,
    )


def master_of(db: Session, store: Store, mailbox_id: int) -> Login | None:
    """Return what signs in to a mailbox by the master login of its domain; None without one."""
    mailbox = db.get_one(Mailbox, mailbox_id)
    domain = db.get_one(Domain, mailbox.domain_id)
    if not domain.imap_master:
        return None
    secret = store.ring.unwrap(domain.imap_secret).decode()
    return Login(mailbox.address, secret, domain.imap_master)


@job
def restore(store: Store, restore_id: int) -> None:
    """Go on with a restore by the master login of its domain; safe to run twice.

    Without one it ends here: whoever began it has the password, and is gone.
    """
    with store.write() as db:
        if not restores.take(db, restore_id):
            return
        login = master_of(db, store, db.get_one(Restore, restore_id).mailbox_id)
        if login is None:
            restores.stop(db, restore_id, RestoreState.STOPPED, "It was interrupted.")
            return
    run(store, restore_id, login)


def start(store: Store, restore_id: int, login: Login) -> None:
    """Restore in a thread of this process, for a password that may be kept nowhere."""
    threading.Thread(target=run, args=(store, restore_id, login), daemon=True).start()


def run(store: Store, restore_id: int, login: Login) -> None:
    """Put what waits into its folder, and note what came of it."""
    with store.read() as db:
        row = db.get_one(Restore, restore_id)
        place = place_of(db, store.settings, row.mailbox_id)
    if place is None:
        with store.write() as db:
            restores.stop(db, restore_id, RestoreState.STOPPED, "The domain names no IMAP server.")
        return
    state, error = RestoreState.DONE, ""
    try:
        with imap.folder(place.server, login, row.folder) as folder:
            state = _put_all(store, row, folder)
    except NoImap as failed:
        state, error = RestoreState.STOPPED, str(failed)
    except (Corrupt, NotFound) as failed:
        state, error = RestoreState.STOPPED, f"A stored mail cannot be read: {failed}"
    log.info("restored", restore=restore_id, state=str(state))
    with store.write() as db:
        restores.stop(db, restore_id, state, error)


def _put_all(store: Store, row: Restore, folder: Folder) -> RestoreState:
    for delivery_id in list(row.waiting):
        with store.read() as db:
            delivery = _copy(db, delivery_id)
            read = delivery is not None and bool(marks.read_of(db, [delivery.id]))
        if delivery is not None:
            _put(store, folder, delivery.message, read=read)
        with store.write() as db:
            if not restores.progress(db, row.id, delivery_id):
                return RestoreState.STOPPED
    return RestoreState.DONE


def _put(store: Store, folder: Folder, message: Message, *, read: bool) -> None:
    if message.pack is None or folder.holds(message.message_id):
        return
    folder.put(b"".join(_content(store, message)), message.received_at, read=read)


def _copy(db: Session, delivery_id: int) -> Delivery | None:
    return db.scalar(
        select(Delivery)
        .join(Delivery.message)
        .options(contains_eager(Delivery.message))
        .where(Delivery.id == delivery_id)
    )


def _content(store: Store, message: Message) -> Iterator[bytes]:
    """Yield what a delivery would bring, but for what it says of our own verdict."""
    yield message.headers.encode("ascii", "replace")
    yield from without(store.content(message), [tuple(cut) for cut in message.cuts])
