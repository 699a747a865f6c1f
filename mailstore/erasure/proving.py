"""The proof that what is over is gone: a word that nobody else writes, and a search everywhere.

A mail with the word in its subject, text, attachment and addresses is put into a mailbox; once its
days are over and expiry ran, the word may stand nowhere: in no row, no index, and no file.
"""

import os
import secrets
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import String, cast, func, inspect, select, table
from sqlalchemy import column as named
from sqlalchemy.orm import Session

from mailstore import clock, mailboxes, recording
from mailstore.addresses import Address
from mailstore.db import dialect_of
from mailstore.envelopes import Action, Client, Ended, MailClass, Summary, Verdict
from mailstore.errors import NotFound
from mailstore.messages import new_public_id
from mailstore.recording import Accepted
from mailstore.retention import expiry_day
from mailstore.store import Store

MARK = "canary"
# Less stands everywhere by chance.
SHORTEST = 5
CHUNK = 2**20
OURSELVES = Client(ip="127.0.0.1", helo="localhost")


class Hit(NamedTuple):
    """A place where a word stands, and how often."""

    place: str
    times: int


def new_word() -> str:
    """Return a word that nobody else writes."""
    return MARK + secrets.token_hex(8)


def plant(store: Store, address: Address, word: str) -> None:
    """Put a mail with a word everywhere into a mailbox of ours; it is not handed on.

    Raises NotFound for an address that is not ours.
    """
    with store.read() as db:
        recipient = mailboxes.resolve(db, address)
    if recipient is None:
        raise NotFound(f"There is no mailbox '{address}'.")
    raw, now = _mail(address, word), clock.now()
    ended = Ended(arrived=True, reply=word)
    verdict = Verdict(recipient, Action.DELIVER, MailClass.CLEAN, 0.0, word, (), ended=ended)
    author = Address(word, f"{word}.example")
    accepted = Accepted(
        public_id=new_public_id(),
        tenant_id=recipient.tenant_id,
        received_at=now,
        client=OURSELVES,
        sender=str(author),
        summary=Summary(author, word, word, f"<{word}@localhost>", snippet=word, attachments=1),
        sealed=store.seal(recipient.tenant_id, expiry_day(now, recipient.keep_days), [raw]),
        headers=f"X-Mailhafen-Canary: {word}\r\n",
        verdicts=(verdict,),
    )
    (place,) = store.packs.append([accepted.sealed.slice])
    with store.write() as db:
        recording.record(db, [(accepted, place)])


def search(store: Store, word: str) -> Iterator[Hit]:
    """Yield where a word stands, in any case: rows of all tables, and all files of the data folder.

    It reads every row and byte once.
    """
    store.scrub()
    with store.read() as db:
        yield from _rows(db, word)
    for path in sorted(store.settings.data_dir.rglob("*")):
        if path.is_file() and (times := _times(path, word.lower().encode())):
            yield Hit(str(path.relative_to(store.settings.data_dir)), times)


def _mail(address: Address, word: str) -> bytes:
    mail = EmailMessage()
    mail["From"] = f"{word} <{word}@{word}.example>"
    mail["To"] = str(address)
    mail["Subject"] = word
    mail.set_content(f"{word}\n")
    mail.add_attachment(word.encode(), maintype="text", subtype="plain", filename=f"{word}.txt")
    return mail.as_bytes()


def _rows(db: Session, word: str) -> Iterator[Hit]:
    seen = inspect(db.connection())
    for name in sorted(seen.get_table_names()):
        for column in _texts(db, name):
            text = func.lower(cast(named(column), String))
            rows = select(func.count()).select_from(table(name))
            if times := db.scalar(rows.where(text.contains(word.lower(), autoescape=True))):
                yield Hit(f"{name}.{column}", times)


def _texts(db: Session, name: str) -> list[str]:
    """Return the columns of a table that a text can stand in."""
    if dialect_of(db) == "sqlite" and "fts5" in _making(db, name):
        # It has no contents; what it consists of is found in the file.
        return []
    return [str(each["name"]) for each in inspect(db.connection()).get_columns(name)]


def _making(db: Session, name: str) -> str:
    catalogue = table("sqlite_master", named("name", String), named("sql", String))
    made = select(catalogue.c.sql).where(catalogue.c.name == name)
    return str(db.scalar(made)).lower()


def _times(path: Path, word: bytes) -> int:
    """Return how often a file has a word, in chunks that overlap."""
    times, rest = 0, b""
    try:
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_SEQUENTIAL)
            while chunk := file.read(CHUNK):
                whole = rest + chunk.lower()
                times += whole.count(word)
                rest = whole[-(len(word) - 1) :]
    except FileNotFoundError:
        # Mail that comes in is no file for long.
        return 0
    return times
