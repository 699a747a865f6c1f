"""Words for all mails of a filled store, put into its index without reading any content."""

import contextlib
import random
from collections.abc import Iterator
from datetime import date

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from mailstore.db import dialect_of
from mailstore.deliveries import Delivery
from mailstore.messages import Message
from mailstore.search import entries, index
from mailstore.search.entries import Entry
from mailstore.store import Store

# As in what people write: a few words in every mail, most in hardly any.
WORDS, OF_MAIL = 4000, 60
SYLLABLES = ("ka", "ro", "mi", "ten", "sal", "bur", "ge", "lo", "hin", "ta", "we", "fus")
COMMON, OTHER, RARE = "offerte", "hafen", "nr"
# How long a public id is; that of a copy begins with its original's.
ID = 16

_SAID = {
    "sqlite": ("TEXT", ":words"),
    "postgresql": ("TSVECTOR", "array_to_tsvector(string_to_array(:words, ' '))"),
}
_COPY = {
    "sqlite": "INSERT INTO {table} (rowid, words) SELECT id, words || ' ' || rare || id",
    "postgresql": "INSERT INTO {table} (message_id, words)"
    " SELECT id, words || array_to_tsvector(ARRAY[rare || id])",
}
_OF_DAY = (
    f" FROM messages JOIN said ON said.of = substr(public_id, 1, {ID})"
    " WHERE day = :day AND NOT indexed ORDER BY id"
)


def fill_index(store: Store) -> None:
    """Let search know all mails: what was copied has the words of its original, and one more."""
    with store.write() as db:
        _say(db)
        for day in db.scalars(select(Message.day).distinct().order_by(Message.day)).all():
            oldest = select(Message).where(Message.day == day).order_by(Message.id)
            # The first makes the table.
            index.add(db, [Entry.of(each, {}) for each in db.scalars(oldest.limit(1))])
            _copy(db, day)
        db.execute(update(Message).values(indexed=True))


def _copy(db: Session, day: date) -> None:
    table = index.table_of(day)
    form = (_COPY[dialect_of(db)] + _OF_DAY).format(table=table)
    with _indexed_later(db, f"ix_{table}"):
        db.execute(text(form), {"day": day})


@contextlib.contextmanager
def _indexed_later(db: Session, name: str) -> Iterator[None]:
    """Let PostgreSQL make an index of all rows at once, which takes a tenth of the time."""
    if dialect_of(db) != "postgresql":
        yield
        return
    made = db.scalar(
        text("SELECT indexdef FROM pg_indexes WHERE indexname = :name"), {"name": name}
    )
    db.execute(text(f"DROP INDEX {name}"))
    yield
    db.execute(text(str(made)))


def _say(db: Session) -> None:
    """Write down what each original says."""
    dice = random.Random(8)  # noqa: S311 (the same words every time)
    type_, value = _SAID[dialect_of(db)]
    db.execute(text(f"CREATE TEMPORARY TABLE said (of TEXT PRIMARY KEY, words {type_}, rare TEXT)"))
    words = ["".join(dice.choices(SYLLABLES, k=4)) for _ in range(WORDS)]
    weights = [1 / (rank + 1) for rank in range(WORDS)]
    originals = (
        select(Message, Delivery.mailbox_id)
        .join(Delivery, Delivery.message_id == Message.id)
        .where(func.length(Message.public_id) == ID)
    )
    rows = [
        {"of": message.public_id, "words": " ".join(
            Entry.of(message, {"rest": [COMMON, OTHER, *dice.choices(words, weights, k=OF_MAIL)]})
            .among({mailbox_id or 0})), "rare": entries.mailbox(mailbox_id or 0) + RARE}
        for message, mailbox_id in db.execute(originals)
    ]  # fmt: skip
    db.execute(text(f"INSERT INTO said VALUES (:of, {value}, :rare)"), rows)  # noqa: S608 (our own)
