"""The engine and the column types: SQLite first, PostgreSQL by a setting."""

import sqlite3
from datetime import UTC, datetime
from enum import Enum
from typing import Annotated, Any

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
    Table,
    TypeDecorator,
    create_engine,
    event,
)
from sqlalchemy import Enum as EnumType
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column

from mailstore.errors import Misconfigured

log = structlog.get_logger()

WRITES = "mailhafen_writes"
BUSY_MS = 30_000

BigKey = BigInteger().with_variant(Integer, "sqlite")
PrimaryKey = Annotated[int, mapped_column(BigKey, primary_key=True)]
TenantKey = Annotated[int, mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"), index=True)]


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

    type_annotation_map = {  # noqa: RUF012 (SQLAlchemy reads it from the class)
        datetime: Utc(),
        Enum: EnumType(Enum, native_enum=False, length=32, values_callable=_values),
        list[str]: JSON(),
        list[Any]: JSON(),
        dict[str, Any]: JSON(),
    }


def make_engine(url: str) -> Engine:
    """Return an engine whose transactions are safe by default on either database."""
    if url.startswith("sqlite:"):
        return _sqlite_engine(url)
    if url.startswith("postgresql"):
        return _postgresql_engine(url)
    raise Misconfigured("MAILHAFEN_DATABASE_URL: only sqlite and postgresql are supported.")


def upsert(db: Session, table: type[Base]) -> Any:
    """Return an INSERT for this database that knows ON CONFLICT."""
    dialect = postgresql if db.get_bind().dialect.name == "postgresql" else sqlite
    target: Table = table.__table__  # type: ignore[assignment]  # a mapped class has a Table
    return dialect.insert(target)


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
    engine = create_engine(f"postgresql+psycopg://{rest}", pool_pre_ping=True, pool_size=8)
    with engine.connect() as connection:
        for name in ("fsync", "synchronous_commit"):
            if connection.exec_driver_sql(f"SHOW {name}").scalar() == "off":
                raise Misconfigured(f"PostgreSQL runs with {name} = off: mail could be lost.")
    return engine


def reader_options(engine: Engine) -> Engine:
    """Return the engine for one read-only snapshot."""
    if engine.dialect.name == "sqlite":
        return engine
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def writer_options(engine: Engine) -> Engine:
    """Return the engine for short writing transactions."""
    return engine.execution_options(**{WRITES: True})
