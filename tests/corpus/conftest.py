"""What tests of hostile mail share: one way for all of a file's mails, which lie in it together."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from mailstore import policies
from mailstore.store import Store
from tests.corpus.way import Way, a_way
from tests.databases import SqliteFiles
from tests.factories import RecordedJobs, some_settings

EXAMINE_SECONDS = 2.0


@pytest.fixture(scope="module")
def way(sqlite: SqliteFiles, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Way]:
    settings = some_settings(tmp_path_factory.mktemp("way") / "data")
    settings = settings.model_copy(update={"examine_seconds": EXAMINE_SECONDS})
    with sqlite.filled(policies.seed, settings), closing(Store(settings)) as store:
        store.jobs = RecordedJobs()
        with a_way(store) as started:
            yield started
