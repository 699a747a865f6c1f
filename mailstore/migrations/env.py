"""Alembic's door to our tables."""

from alembic import context

from mailstore import tables
from mailstore.db import make_engine

target_metadata = tables.Base.metadata


def run() -> None:
    """Run the migrations in one transaction."""
    engine = make_engine(context.config.get_main_option("sqlalchemy.url") or "")
    try:
        with engine.connect().execution_options(mailhafen_writes=True) as connection:
            context.configure(
                connection=connection,
                target_metadata=target_metadata,
                render_as_batch=engine.dialect.name == "sqlite",
                compare_type=True,
            )
            with context.begin_transaction():
                context.run_migrations()
    finally:
        engine.dispose()


run()
