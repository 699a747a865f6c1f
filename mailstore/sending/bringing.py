"""Bringing home what people wrote here: into the Sent folder of their own server, or as mail.

A domain's master login serves everybody. Without one a person gives the password once; if nobody
does within three days, or there is no IMAP server, a copy goes by mail.
"""

import threading
from collections.abc import Sequence
from datetime import timedelta

import structlog
from sqlalchemy.orm import Session

from mailstore import clock, restoring
from mailstore.errors import Corrupt, NotFound
from mailstore.imap import Folder, Login, NoImap, Server
from mailstore.jobs import job
from mailstore.messages import Message, without
from mailstore.sending import homecomings, sentcopies
from mailstore.sending.homecomings import Homecoming, Way
from mailstore.sending.sentfolder import sent_folder
from mailstore.store import Store

log = structlog.get_logger()

# How long somebody may take to give the password of their server, from when a mail was sent.
PASSWORD_WITHIN = timedelta(days=3)
# Whether there is a master login by now.
LOOK_EVERY = timedelta(hours=1)
AT_ONCE = 50
ERASED = "Its content is erased."
NOT_SENT = "It was held, and never sent."


@job
def bring_home(store: Store, mailbox_id: int) -> None:
    """Bring home what is due of a mailbox; safe to run twice, and safe to lose."""
    with store.write() as db:
        rows = homecomings.claim_due(db, mailbox_id, AT_ONCE)
        if not rows:
            return
        place = restoring.place_of(db, store.settings, mailbox_id)
        login = restoring.master_of(db, store, mailbox_id)
        if place is None or login is None:
            for row in rows:
                _without_master(db, row, has_server=place is not None)
            return
    put_all(store, place.server, login, rows, Way.MASTER)


def start(store: Store, server: Server, login: Login, rows: Sequence[Homecoming]) -> None:
    """Bring claimed messages home in a thread of this process: the password is kept nowhere."""
    work = (store, server, login, rows, Way.PASSWORD)
    threading.Thread(target=put_all, args=work, daemon=True).start()


def put_all(
    store: Store, server: Server, login: Login, rows: Sequence[Homecoming], way: Way
) -> None:
    """Put claimed messages into the folder of sent mail, each noted when it is there."""
    try:
        with sent_folder(server, login) as folder:
            for row in rows:
                _put(store, folder, row, way)
    except NoImap as error:
        with store.write() as db:
            for row in rows:
                _failed(db, store, row, way, str(error))
        log.info("home_not_reached", mailbox=rows[0].mailbox_id, mails=len(rows))


def _without_master(db: Session, row: Homecoming, *, has_server: bool) -> None:
    if not homecomings.was_sent(db, row):
        homecomings.give_up(db, row, NOT_SENT)
    elif has_server and not row.is_older(PASSWORD_WITHIN):
        until = min(clock.now() + LOOK_EVERY, row.sent_at + PASSWORD_WITHIN)
        homecomings.let_wait(db, row, until, Way.PASSWORD)
    elif db.get_one(Message, row.message_id).pack is None:
        homecomings.give_up(db, row, ERASED)
    elif homecomings.done(db, row, Way.MAIL):
        sentcopies.queue(db, row.message_id, row.mailbox_id)


def _put(store: Store, folder: Folder, row: Homecoming, way: Way) -> None:
    with store.write() as db:
        if not homecomings.keep(db, row):
            return
        if not homecomings.was_sent(db, row):
            homecomings.give_up(db, row, NOT_SENT)
            return
        message = db.get_one(Message, row.message_id)
        recipients = sentcopies.recipients_of(db, row.message_id)
    try:
        content = _content(store, message, recipients)
        # Whoever died in between may have put it there.
        if not folder.holds(message.message_id):
            folder.put(content, message.received_at, read=True)
    except NoImap as error:
        with store.write() as db:
            _failed(db, store, row, way, str(error))
    except (Corrupt, NotFound) as error:
        log.warning("homecoming_unreadable", message=message.id, error=str(error))
        with store.write() as db:
            homecomings.give_up(db, row, ERASED if message.pack is None else str(error))
    else:
        with store.write() as db:
            homecomings.done(db, row, way)


def _content(store: Store, message: Message, recipients: list[str]) -> bytes:
    cuts = [tuple(cut) for cut in message.cuts]
    plain = b"".join(without(store.content(message), cuts))
    return sentcopies.bcc(plain, recipients) + plain


def _failed(db: Session, store: Store, row: Homecoming, way: Way, error: str) -> None:
    if way is Way.PASSWORD:
        # Whoever gave the password sees that it is not there yet, and may give it again.
        homecomings.let_wait(db, row, clock.now() + LOOK_EVERY, way, error)
    else:
        homecomings.put_off(db, row, error, timedelta(days=store.settings.outage_days))
