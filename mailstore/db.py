"""The engine and the column types: SQLite first, PostgreSQL by a setting."""

import errno
import os
import select
import sqlite3
import weakref
from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import pysqlite3.dbapi2 as pysqlite3
import structlog
from sqlalchemy import (
    JSON,
    BigInteger,
    Connection,
    DateTime,
    Dialect,
    Engine,
    ForeignKey,
    Integer,
    String,
    Table,
    TypeDecorator,
    create_engine,
    event,
)
from sqlalchemy import Enum as EnumType
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column

from mailstore.errors import Misconfigured

log = structlog.get_logger()

WRITES = "mailhafen_writes"
BUSY_MS = 30_000
FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
# SQLite's result codes.
SQLITE_FULL, SQLITE_BROKEN = 13, frozenset({10, 11, 26})  # I/O error, corrupt, no database
# A server that went away without a word is noticed within half a minute. Reading here and there is
# cheap on the disks of today, and mailboxes differ too much for one plan for all of them. What a
# setting says wins.
CONNECTION = {
    "connect_timeout": "10",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "25000",
    "options": (
        f"-c lock_timeout={BUSY_MS} -c random_page_cost=1.1 -c plan_cache_mode=force_custom_plan"
    ),
}

BigKey = BigInteger().with_variant(Integer, "sqlite")
PrimaryKey = Annotated[int, mapped_column(BigKey, primary_key=True)]
TenantKey = Annotated[int, mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"), index=True)]


class Text(TypeDecorator[str]):
    """A text; PostgreSQL keeps no NUL, so one becomes the sign for what cannot be shown."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 (the signature is SQLAlchemy's)
        """Replace what cannot be kept, in what is looked for too."""
        return value.replace("\0", "\ufffd") if value else value


class Utc(TypeDecorator[datetime]):
    """A moment: UTC in the row, with its zone in Python, on both databases."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a naive moment: nobody knows which one is meant."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs its zone")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 (the signature is SQLAlchemy's)
        """Give every moment its zone back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _values(kind: type[Enum]) -> list[str]:
    return [str(member.value) for member in kind]


class Base(DeclarativeBase):
    """The root of all tables."""

    if TYPE_CHECKING:
        __table__: ClassVar[Table]

    type_annotation_map = {  # noqa: RUF012 (SQLAlchemy reads it from the class)
        int: BigKey,
        str: Text(),
        datetime: Utc(),
        Enum: EnumType(Enum, native_enum=False, length=32, values_callable=_values),
        list[str]: JSON(),
        list[Any]: JSON(),
        dict[str, Any]: JSON(),
    }


def make_engine(url: str) -> Engine:
    """Return an engine whose transactions are safe by default on either database."""
    if url.startswith("sqlite:"):
        engine = _sqlite_engine(url)
    elif url.startswith("postgresql"):
        engine = _postgresql_engine(url)
    else:
        raise Misconfigured("MAILHAFEN_DATABASE_URL: only sqlite and postgresql are supported.")
    _ENGINES.add(engine)
    return engine


# A process that was forked with open connections would talk into those of its parent.
_ENGINES: weakref.WeakSet[Engine] = weakref.WeakSet()


def _forget_connections() -> None:
    for engine in list(_ENGINES):
        engine.dispose(close=False)


os.register_at_fork(after_in_child=_forget_connections)


def upsert(db: Session, table: type[Base]) -> Any:
    """Return an INSERT for this database that knows ON CONFLICT."""
    return insert_into(table, dialect_of(db))


def insert_into(table: type[Base], dialect: str) -> Any:
    """Return an INSERT for a database by its name; busy callers keep what they make of it."""
    module = postgresql if dialect == "postgresql" else sqlite
    return module.insert(table.__table__)


def dialect_of(db: Session) -> str:
    """Return the name of the database behind a session."""
    return db.get_bind().dialect.name


def storage_full(error: BaseException) -> bool:
    """Whether there was no room; it can be tried again once there is."""
    full = isinstance(error, OSError) and error.errno in FULL
    return full or _sqlite_code(error) == SQLITE_FULL


def storage_broke(error: BaseException) -> bool:
    """Whether the disk failed: this process must not write again, for a retry may lie."""
    if isinstance(error, OSError):
        return error.errno not in FULL and not isinstance(error, TimeoutError | ConnectionError)
    return _sqlite_code(error) in SQLITE_BROKEN


def connection_lost(error: BaseException) -> bool:
    """Whether the database went away in the middle: what failed says nothing about its input."""
    return isinstance(error, DBAPIError) and error.connection_invalidated


def _sqlite_code(error: BaseException) -> int:
    original = error.orig if isinstance(error, DBAPIError) else None
    return int(getattr(original, "sqlite_errorcode", 0)) & 0xFF


def wal_is_safe(version: tuple[int, ...]) -> bool:
    """Whether this SQLite keeps WAL commits with several connections (fixed in 3.51.3)."""
    return version >= (3, 51, 3) or version in {(3, 50, 7), (3, 44, 6)}


def _sqlite_engine(url: str) -> Engine:
    newest = max(pysqlite3, sqlite3, key=lambda module: module.sqlite_version_info)
    journal = "WAL" if wal_is_safe(newest.sqlite_version_info) else "TRUNCATE"
    if journal != "WAL":
        log.warning("sqlite_wal_unsafe", version=newest.sqlite_version, journal=journal)
    engine = create_engine(
        url, module=newest, connect_args={"check_same_thread": False}, pool_size=16
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        for pragma in (
            f"busy_timeout = {BUSY_MS}",
            f"journal_mode = {journal}",
            "synchronous = FULL",
            "foreign_keys = ON",
            "secure_delete = ON",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A deferred transaction that reads and then writes fails at once when another
        # commits in between, whatever the timeout: a writer takes its lock first.
        writes = connection.get_execution_options().get(WRITES, False)
        connection.exec_driver_sql(f"PRAGMA query_only = {int(not writes)}")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgresql_engine(url: str) -> Engine:
    _, _, rest = url.partition("://")
    try:
        address = make_url(f"postgresql+psycopg://{rest}")
        patient = address.set(query=CONNECTION | dict(address.query))
        engine = create_engine(patient, pool_pre_ping=True, pool_size=8)
        _ping_only_if_heard(engine.dialect)
        off = _switched_off(engine)
    except (ArgumentError, OperationalError) as error:
        cause = " ".join(str(getattr(error, "orig", error)).split())
        raise Misconfigured(f"MAILHAFEN_DATABASE_URL: {cause}") from error
    if off:
        engine.dispose()
        raise Misconfigured(f"PostgreSQL runs with {off} = off: mail could be lost.")
    return engine


def _ping_only_if_heard(dialect: Dialect) -> None:
    """Ask a pooled connection whether it lives only if its server said something meanwhile.

    A server that ends a connection says so, or its machine does: a silent one needs no question,
    which would cost every transaction another turn.
    """
    ping = dialect.do_ping

    def do_ping(connection: Any) -> bool:
        heard = select.poll()
        heard.register(connection.fileno(), select.POLLIN)
        return not heard.poll(0) or ping(connection)

    dialect.do_ping = do_ping  # type: ignore[method-assign,assignment]  # no event


def _switched_off(engine: Engine) -> str | None:
    """Return the setting of a server that promises what it does not keep, or None."""
    with engine.connect() as connection:
        for name in ("fsync", "synchronous_commit"):
            if connection.exec_driver_sql(f"SHOW {name}").scalar() == "off":
                return name
    return None


def reader_options(engine: Engine) -> Engine:
    """Return the engine for one read-only snapshot."""
    if engine.dialect.name == "sqlite":
        return engine
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def writer_options(engine: Engine) -> Engine:
    """Return the engine for short writing transactions."""
    return engine.execution_options(**{WRITES: True})
