"""What all tests share: settings without an environment, a store, and jobs that are only noted."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest
import structlog
import time_machine

from mailstore import policies
from mailstore.settings import PREFIX, TEST_SERVICES, Settings
from mailstore.store import Store
from tests.databases import Databases, PostgresDatabases, Seed, SqliteFiles, share_statements
from tests.factories import NOON, RecordedJobs, some_settings
from tests.postgres import Postgres

# A busy machine must not fail a test that found nothing.
hypothesis.settings.register_profile("house", deadline=None, max_examples=60)
hypothesis.settings.load_profile("house")

# Daemons lie where an ordinary user's PATH does not lead.
FOLDERS = ("/usr/sbin", "/sbin", "/usr/lib/dovecot", *Path("/usr/lib/postgresql").glob("*/bin"))
SEARCHED = os.pathsep.join([os.environ.get("PATH", os.defpath), *map(str, FOLDERS)])
PACKAGES = {
    "chromium": "chromium",
    "clamd": "clamav-daemon",
    "dovecot": "dovecot-imapd",
    "lmtp": "dovecot-lmtpd",
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


@pytest.fixture(scope="session", autouse=True)
def _compiled_once() -> Iterator[None]:
    """Let all databases of a kind share what SQLAlchemy makes of a statement.

    Each test opens a store of its own, which would compile all that it asks anew.
    """
    with pytest.MonkeyPatch.context() as patch:
        share_statements(patch)
        yield


@pytest.fixture(autouse=True)
def _plain_logs() -> Iterator[None]:
    # The usual renderer shows every local variable of a traceback, which takes seconds.
    structlog.configure(processors=[structlog.processors.KeyValueRenderer()])
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def sqlite(_without_environment: None, tmp_path_factory: pytest.TempPathFactory) -> SqliteFiles:
    return SqliteFiles(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgresql(
    _without_environment: None,
    tmp_path_factory: pytest.TempPathFactory,
    needs: Callable[[str], str],
) -> Iterator[PostgresDatabases]:
    with Postgres(needs("postgres")) as server:
        yield PostgresDatabases(server, tmp_path_factory.mktemp("postgresql"))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return some_settings(tmp_path / "data")


@pytest.fixture
def jobs() -> RecordedJobs:
    return RecordedJobs()


@pytest.fixture
def seed() -> Seed:
    """Return what puts the rows into a database that every test begins with."""
    return policies.seed


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what needs rows on each database.

    Not where a test names one, or a module: what its tests ask of rows is then asked elsewhere.
    """
    named = any(mark.args[0] == "rows" for mark in metafunc.definition.iter_markers("parametrize"))
    if "rows" in metafunc.fixturenames and not named:
        chosen = getattr(metafunc.module, "DATABASES", ("sqlite", "postgresql"))
        metafunc.parametrize("rows", chosen, indirect=True)


@pytest.fixture
def rows(request: pytest.FixtureRequest, settings: Settings, seed: Seed) -> Iterator[Settings]:
    """Return settings that name migrated rows; each parameter is a database."""
    databases: Databases = request.getfixturevalue(request.param)
    with databases.filled(seed, settings) as filled:
        yield filled


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
