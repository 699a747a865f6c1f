"""What all tests share: settings without an environment, a store, and jobs that are only noted."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import hypothesis
import pytest
import structlog
import time_machine

from mailstore import policies, schema
from mailstore.settings import PREFIX, TEST_SERVICES, Settings
from mailstore.store import Store
from tests.factories import NOON, RecordedJobs, some_settings

# A busy machine must not fail a test that found nothing.
hypothesis.settings.register_profile("house", deadline=None, max_examples=60)
hypothesis.settings.load_profile("house")

ROWS = "mailhafen.db"
# Daemons lie where an ordinary user's PATH does not lead.
FOLDERS = ("/usr/sbin", "/sbin", "/usr/lib/dovecot", *Path("/usr/lib/postgresql").glob("*/bin"))
SEARCHED = os.pathsep.join([os.environ.get("PATH", os.defpath), *map(str, FOLDERS)])
PACKAGES = {
    "chromium": "chromium",
    "clamd": "clamav-daemon",
    "dovecot": "dovecot-imapd",
    "postfix": "postfix",
    "postgres": "postgresql",
    "redis-server": "redis-server",
    "rspamd": "rspamd",
    "strace": "strace",
    "swaks": "swaks",
}


@pytest.fixture(scope="session", autouse=True)
def _without_environment() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(PREFIX)]:
            if name != TEST_SERVICES:
                patch.delenv(name)
        yield


@pytest.fixture(autouse=True)
def _plain_logs() -> Iterator[None]:
    # The usual renderer shows every local variable of a traceback, which takes seconds.
    structlog.configure(processors=[structlog.processors.KeyValueRenderer()])
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def template(_without_environment: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a SQLite file with all tables and the recommended policies."""
    settings = some_settings(tmp_path_factory.mktemp("template"))
    schema.migrate(settings)
    made = Store(settings)
    with made.write() as db:
        policies.seed(db)
    # A copy of its own is whole, whatever connections still hold of the first.
    file = settings.data_dir / "template.db"
    with closing(made.engine.raw_connection()) as connection:
        connection.cursor().execute(f"VACUUM INTO '{file}'")
    made.close()
    return file


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return some_settings(tmp_path / "data")


@pytest.fixture
def jobs() -> RecordedJobs:
    return RecordedJobs()


@pytest.fixture(params=["sqlite"])
def rows(request: pytest.FixtureRequest, settings: Settings) -> Settings:
    """Return settings that name migrated rows; each parameter is a database."""
    template: Path = request.getfixturevalue("template")
    settings.data_dir.mkdir(parents=True)
    shutil.copyfile(template, settings.data_dir / ROWS)
    return settings


@pytest.fixture
def store(rows: Settings, jobs: RecordedJobs) -> Iterator[Store]:
    opened = Store(rows)
    opened.jobs = jobs
    yield opened
    opened.close()


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """Stop the clock at NOON; `shift` and `move_to` move it."""
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture(scope="session")
def needs() -> Callable[[str], str]:
    """Return what finds a program, or skips; with MAILHAFEN_TEST_SERVICES=required it fails."""

    def find(program: str) -> str:
        path = shutil.which(program, path=SEARCHED)
        if path is None:
            _missing(program)
        return path or ""

    return find


def _missing(program: str) -> None:
    package = PACKAGES.get(program, program)
    text = f"{program} is missing: apt install {package}"
    if os.environ.get(TEST_SERVICES) == "required":
        pytest.fail(text)
    pytest.skip(text)
