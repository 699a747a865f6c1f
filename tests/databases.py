"""Rows for one test: a copy of a template that is migrated and seeded once; and what is asked."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any, Protocol

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.dialects.sqlite.base import SQLiteDialect
from sqlalchemy.orm import Session
from sqlalchemy.util import LRUCache

from mailstore import schema
from mailstore.settings import Settings
from mailstore.store import Store
from tests.factories import some_settings
from tests.postgres import Postgres

ROWS = "mailhafen.db"
# What is kept of each kind; all that the product says is less.
STATEMENTS = 4000
# What opens a snapshot on SQLite is no question.
SILENT = ("PRAGMA", "BEGIN", "SHOW")
on_sqlite = pytest.mark.parametrize("rows", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("rows", ["postgresql"], indirect=True)
Seed = Callable[[Session], object]


class Databases(Protocol):
    """One kind of database; its `filled` gives settings that name rows as the seed makes them."""

    def filled(self, seed: Seed, settings: Settings) -> AbstractContextManager[Settings]: ...


class SqliteFiles:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._templates: dict[Seed, Path] = {}

    @contextmanager
    def filled(self, seed: Seed, settings: Settings) -> Iterator[Settings]:
        if seed not in self._templates:
            self._templates[seed] = self._template(seed)
        settings.data_dir.mkdir(parents=True)
        shutil.copyfile(self._templates[seed], settings.data_dir / ROWS)
        yield settings

    def _template(self, seed: Seed) -> Path:
        file = self._folder / f"{len(self._templates)}.db"
        with (
            closing(_made(seed, some_settings(file.with_suffix("")))) as store,
            closing(store.engine.raw_connection()) as connection,
        ):
            # A copy of its own is whole, whatever connections still hold of the first.
            connection.cursor().execute(f"VACUUM INTO '{file}'")
        return file


class PostgresDatabases:
    def __init__(self, server: Postgres, folder: Path) -> None:
        self._server, self._folder = server, folder
        self._templates: dict[Seed, str] = {}

    @contextmanager
    def filled(self, seed: Seed, settings: Settings) -> Iterator[Settings]:
        if seed not in self._templates:
            self._templates[seed] = self._template(seed)
        settings.data_dir.mkdir(parents=True)
        name = self._server.create(self._templates[seed])
        yield settings.model_copy(update={"database_url": self._server.url(name)})
        self._server.drop(name)

    @contextmanager
    def empty(self) -> Iterator[str]:
        """Give the address of a database without tables, for as long as it is needed."""
        name = self._server.create()
        yield self._server.url(name)
        self._server.drop(name)

    def _template(self, seed: Seed) -> str:
        name = self._server.create()
        settings = some_settings(self._folder / name)
        _made(seed, settings.model_copy(update={"database_url": self._server.url(name)})).close()
        return name


def _made(seed: Seed, settings: Settings) -> Store:
    settings.data_dir.mkdir()
    schema.migrate(settings)
    store = Store(settings)
    with store.write() as db:
        seed(db)
    return store


def share_statements(patch: pytest.MonkeyPatch) -> None:
    """Let engines of one kind of database find the statements that others have compiled."""
    for kind in (SQLiteDialect, PGDialect):
        compiled: LRUCache[Any, Any] = LRUCache(STATEMENTS)

        def share(engine: Engine, compiled: LRUCache[Any, Any] = compiled) -> None:
            engine.update_execution_options(compiled_cache=compiled)

        # The cache's key begins with the dialect, of which each engine has its own.
        patch.setattr(kind, "__hash__", lambda self: hash(type(self)))
        patch.setattr(kind, "__eq__", lambda self, other: type(self) is type(other))
        patch.setattr(kind, "engine_created", share)


@contextmanager
def asked(store: Store) -> Iterator[list[str]]:
    """Note the statements that are sent to the database meanwhile."""
    said: list[str] = []

    def note(*args: object) -> None:
        if not str(args[2]).startswith(SILENT):
            said.append(str(args[2]))

    event.listen(store.engine, "before_cursor_execute", note)
    try:
        yield said
    finally:
        event.remove(store.engine, "before_cursor_execute", note)
