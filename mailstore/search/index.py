"""The index: a table for each expiry day, dropped whole when the day is over.

On SQLite it is an FTS5 table without contents, on PostgreSQL a tsvector with a GIN index. Both
are given our own tokens and cut and fold nothing themselves, so that both find the same.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, Select, select, text, update
from sqlalchemy.orm import Session

from mailstore.db import dialect_of
from mailstore.deliveries import Delivery
from mailstore.messages import Message
from mailstore.search import entries
from mailstore.search.entries import Entry
from mailstore.store import Store

_NAME = re.compile(r"search_(\d{8})")
# Any number that only this takes: who writes the index on PostgreSQL waits for who else does.
ADVISORY_LOCK = 0x6D61696C73
PIECE = 200
DAYS = 16
MERGED, MERGE_CHANGES = 500, 2

_TABLES = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table'",
    "postgresql": "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()",
}
_MAKE = {
    "sqlite": (
        "CREATE VIRTUAL TABLE {table} USING fts5(words, content='', contentless_delete=1,"
        f" detail=none, tokenize=\"ascii tokenchars '{entries.ALL_SIGNS}'\")",
    ),
    "postgresql": (
        "CREATE TABLE {table} (message_id BIGINT PRIMARY KEY, words TSVECTOR NOT NULL)",
        "CREATE INDEX ix_{table} ON {table} USING gin (words) WITH (fastupdate = off)",
    ),
}
# What a mail had there before, if it is read anew, goes first.
_WRITE = {
    "sqlite": (
        "DELETE FROM {table} WHERE rowid = :id",
        "INSERT INTO {table} (rowid, words) VALUES (:id, :words)",
    ),
    "postgresql": (
        "DELETE FROM {table} WHERE message_id = :id",
        "INSERT INTO {table} (message_id, words)"
        " VALUES (:id, array_to_tsvector(string_to_array(:words, ' ')))",
    ),
}
_FORGET = {dialect: words[:1] for dialect, words in _WRITE.items()}
_FIND = {
    "sqlite": "SELECT rowid AS message_id FROM {table} WHERE {table} MATCH :asked",
    "postgresql": "SELECT message_id FROM {table} WHERE words @@ CAST(:asked AS tsquery)",
}


def table_of(day: date) -> str:
    """Return the name of a day's table."""
    return f"search_{day:%Y%m%d}"


def days(db: Session) -> list[date]:
    """Return the days that have a table, in their order."""
    names = db.scalars(text(_TABLES[dialect_of(db)]))
    found = (_NAME.fullmatch(name) for name in names)
    return sorted(datetime.strptime(match[1], "%Y%m%d").date() for match in found if match)  # noqa: DTZ007 (a day of its name)


def add(db: Session, read: Sequence[Entry]) -> int:
    """Write mails into their days' tables and note that search knows them; return how many.

    A mail that was carried to another day meanwhile is left for the next time.
    """
    if dialect_of(db) == "postgresql":
        db.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
    by_day: dict[date, list[Entry]] = defaultdict(list)
    for entry in read:
        by_day[entry.message.day].append(entry)
    known = set(days(db))
    for day in by_day.keys() - known:
        _run(db, day, _MAKE)
    return sum(_add_to(db, day, its) for day, its in by_day.items())


def found_in(db: Session, since: date) -> Select[int] | None:
    """Return a query for the ids of messages that `asked` finds; None if nothing is indexed."""
    known = tuple(day for day in days(db) if day >= since)
    return _found_in(dialect_of(db), known) if known else None


@lru_cache(DAYS)
def _found_in(dialect: str, known: tuple[date, ...]) -> Select[int]:
    parts = (_FIND[dialect].format(table=table_of(day)) for day in known)
    query = text(" UNION ALL ".join(parts)).columns(message_id=BigInteger)
    return select(query.subquery().c.message_id)


def drop_before(store: Store, today: date) -> int:
    """Drop the tables of past days, with all that was written of them; return how many."""
    with store.read() as db:
        past = [day for day in days(db) if day < today]
    for day in past:
        _empty(store, day)
        with store.write() as db:
            db.execute(text(f"DROP TABLE IF EXISTS {table_of(day)}"))
    return len(past)


def forget(store: Store, mails: Sequence[tuple[date, int]]) -> None:
    """Take mails out of the tables of their days, with all that was written of them."""
    by_day: dict[date, list[int]] = defaultdict(list)
    for day, message_id in mails:
        by_day[day].append(message_id)
    with store.write() as db:
        found = by_day.keys() & set(days(db))
        for day in found:
            rows = [{"id": each} for each in by_day[day]]
            _run(db, day, _FORGET, rows)
    for day in found:
        _merge(store, day)


def _merge(store: Store, day: date) -> None:
    """Write a table anew bit by bit: on SQLite only that leaves out what was deleted."""
    if store.engine.dialect.name != "sqlite":
        return
    table, pages = table_of(day), -MERGED
    while True:
        with store.write() as db:
            before = db.scalar(text("SELECT total_changes()")) or 0
            merge = text(f"INSERT INTO {table} ({table}, rank) VALUES ('merge', :pages)")  # noqa: S608 (a name of ours)
            db.execute(merge, {"pages": pages})
            after = db.scalar(text("SELECT total_changes()")) or 0
        # As SQLite says: once a merge changes nothing but itself, all is merged.
        if after - before < MERGE_CHANGES:
            return
        pages = MERGED


def _add_to(db: Session, day: date, read: Sequence[Entry]) -> int:
    by_id = {entry.message.id: entry for entry in read}
    taken = db.scalars(
        update(Message)
        .where(Message.id.in_(by_id), Message.day == day, Message.pack.is_not(None))
        .where(~Message.indexed)
        .values(indexed=True)
        .returning(Message.id)
        .execution_options(synchronize_session=False)
    ).all()
    readers = _readers(db, taken)
    rows = [
        {"id": each, "words": " ".join(by_id[each].among(readers[each]))} for each in sorted(taken)
    ]
    if rows:
        _run(db, day, _WRITE, rows)
    return len(rows)


def _readers(db: Session, ids: Sequence[int]) -> dict[int, set[int]]:
    """Return the mailboxes that have mails, as their readers or as their writer."""
    found: dict[int, set[int]] = defaultdict(set)
    query = select(Delivery.message_id, Delivery.mailbox_id, Message.writer_id)
    query = query.join(Message, Message.id == Delivery.message_id).where(Message.id.in_(ids))
    for message_id, *mailbox_ids in db.execute(query):
        found[message_id].update(each for each in mailbox_ids if each)
    return found


def _empty(store: Store, day: date) -> None:
    """Empty a large table bit by bit: SQLite overwrites what it drops, and others must write."""
    if store.engine.dialect.name != "sqlite":
        return
    # Whoever looks for words asks no past day, so that nobody misses what its table consists of.
    data = f"{table_of(day)}_data"
    piece = f"DELETE FROM {data} WHERE id IN (SELECT id FROM {data} WHERE id > 10 LIMIT {PIECE})"  # noqa: S608 (a name of ours)
    while True:
        with store.write() as db:
            if _rowcount(db.execute(text(piece))) < PIECE:
                return


def _rowcount(result: Any) -> int:
    return int(result.rowcount)


def _run(db: Session, day: date, words: Mapping[str, Sequence[str]], rows: Any = None) -> None:
    connection = db.connection()
    for each in words[dialect_of(db)]:
        connection.execute(text(each.format(table=table_of(day))), rows)
