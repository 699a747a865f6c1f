"""Indexing: the worker has mail read by a sandboxed child and writes its words.

The newest mail comes first. A mail that cannot be read is found by its author and subject. Who
else writes waits for few mails at a time only.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from tempfile import TemporaryFile

import structlog
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from mailstore import clock
from mailstore.errors import Corrupt, NotFound, SandboxFailed
from mailstore.jobs import job
from mailstore.messages import NOT_INDEXED, Message
from mailstore.sandbox import Sandbox
from mailstore.search import index
from mailstore.search.entries import Entry
from mailstore.store import Store

log = structlog.get_logger()

JOB = "index_mail"
CHILD = "mailstore.search.reading"
# A mail that takes longer keeps others waiting.
SECONDS = 2.0
# As many mails and tokens as keep the relay waiting for a twentieth of a second where there is
# one writer.
AT_ONCE, MOST_TOKENS = 50, 15_000
READING_SECONDS = 0.5
# Between mails the child is kept for a while: starting it takes as long as reading a hundred.
LINGER, TIMES = 1.0, 10
LONGEST = 1800.0


def due(db: Session, now: datetime) -> bool:
    """Whether search does not know the words of some mail yet."""
    return db.scalar(_waiting(now).with_only_columns(Message.id).limit(1)) is not None


@job
def index_mail(store: Store) -> None:
    """Index all mail that is not; may run twice, and may be cut off anywhere."""
    end = time.monotonic() + LONGEST
    with closing(Reader(store)) as reader:
        while not store.closing.is_set() and time.monotonic() < end:
            if not _index_some(store, reader) and not _asked_again(store):
                return


class Reader:
    """Has mails read in a sandboxed child, which starts with the first."""

    def __init__(self, store: Store) -> None:
        self._sandbox = Sandbox(CHILD)
        self._store = store
        self.close = self._sandbox.close

    def entry(self, message: Message) -> Entry:
        """Return what is known of a mail: its words, or its row alone where they stay unknown.

        Of what we wrote ourselves too: nobody looks in reports for what was held.
        """
        try:
            return Entry.of(message, {} if message.is_ours else self._read(message))
        except (SandboxFailed, NotFound, Corrupt) as error:
            log.warning("words_unreadable", message=message.id, error=str(error))
            return Entry.of(message, {})

    def _read(self, message: Message) -> Mapping[str, Sequence[object]]:
        with TemporaryFile(dir=self._store.settings.spool_folder) as file:
            file.writelines(self._store.content(message))
            file.flush()
            said = self._sandbox.call("read", None, file.fileno(), seconds=SECONDS)
        if not isinstance(said, dict) or not all(isinstance(each, list) for each in said.values()):
            raise SandboxFailed("the child gives no words")
        return said


def _asked_again(store: Store) -> bool:
    for _ in range(TIMES):
        if store.closing.is_set():
            return False
        if store.jobs.asked_again(JOB, seconds=LINGER):
            return True
    return False


def _index_some(store: Store, reader: Reader) -> int:
    """Index some of the newest mails; return how many."""
    with store.read() as db:
        messages = db.scalars(_waiting(clock.now()).limit(AT_ONCE)).all()
    if not messages:
        return 0
    read = list(_read_for_a_while(reader, messages))
    with store.write() as db:
        return index.add(db, read)


def _read_for_a_while(reader: Reader, messages: Sequence[Message]) -> Iterator[Entry]:
    end, left = time.monotonic() + READING_SECONDS, MOST_TOKENS
    for message in messages:
        entry = reader.entry(message)
        yield entry
        left -= len(entry.tokens)
        if time.monotonic() > end or left < 0:
            return


def _waiting(now: datetime) -> Select[Message]:
    # What is past its day is erased soon, or carried to another. SQLite takes the index of what
    # waits for its order, and else that of days, which nearly all mail fits.
    waiting = select(Message).where(NOT_INDEXED, Message.day >= now.date())
    return waiting.order_by(Message.id.desc())
