from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect

from mailstore import schema, tables
from mailstore.db import Base
from mailstore.settings import Settings
from mailstore.store import Store

SOURCE = Path(tables.__file__).parent


def test_migrations_lead_to_the_same_tables_as_the_models(store: Store) -> None:
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, tables.Base.metadata) == []


def test_every_module_with_tables_is_known_to_migrations() -> None:
    found = {path.stem for path in SOURCE.rglob("*.py") if "(Base):" in path.read_text()}
    assert found == {module.__name__.rpartition(".")[2] for module in tables.MODULES}


def test_migrating_again_changes_nothing(store: Store) -> None:
    before = tables_of(store.engine)
    schema.migrate(store.settings)
    assert tables_of(store.engine) == before
    assert schema.is_current(store.engine)


def tables_of(engine: Engine) -> dict[str, list[str]]:
    found = inspect(engine)
    return {
        name: [column["name"] for column in found.get_columns(name)]
        for name in found.get_table_names()
    }


def test_a_store_of_this_version_opens(store: Store) -> None:
    opened = Store.open(store.settings)
    assert set(Base.metadata.tables) <= set(inspect(opened.engine).get_table_names())
    opened.close()


def test_nothing_is_current_before_the_first_migration(settings: Settings) -> None:
    empty = Store(settings)
    assert not schema.is_current(empty.engine)
    empty.close()


def test_migrations_follow_one_another_in_one_line() -> None:
    scripts = ScriptDirectory.from_config(schema.config())
    numbers = [script.revision for script in scripts.walk_revisions()][::-1]
    assert numbers == [f"{number:04}" for number in range(1, len(numbers) + 1)]


def test_a_percent_sign_in_the_address_of_the_rows_is_kept() -> None:
    url = "postgresql://anna:p%40ss@db/mail"
    assert schema.config(url).get_main_option("sqlalchemy.url") == url
