"""What journeys share: an installation keeps its rows in either database."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.databases import PostgresDatabases


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Return where an installation keeps its rows; empty: SQLite in its own folder."""
    if request.param == "sqlite":
        yield ""
        return
    databases: PostgresDatabases = request.getfixturevalue("postgresql")
    with databases.empty() as url:
        yield url
