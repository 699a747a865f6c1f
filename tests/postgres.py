"""A PostgreSQL server of the tests' own, reached by a socket in a temporary folder."""

import contextlib
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, Self

import psycopg

MEMORY = Path("/dev/shm")  # noqa: S108 (a folder of our own is made in it)
ROOM = 2**30
OWNER = "mailhafen"
NOBODY = pwd.getpwnam("nobody")
PATIENCE = 30.0
# Flushes stay on, as the product demands; in memory they cost nothing. Words sort as people
# sort them, unlike in SQLite, so that no test relies on the order of one database.
LOCALE = ("--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=de-CH")
CONFIGURATION = """
listen_addresses = ''
unix_socket_directories = '{folder}'
max_connections = 200
wal_level = minimal
max_wal_senders = 0
autovacuum = off
"""


class Postgres:
    """One cluster; `with Postgres(program) as server:` runs it."""

    def __init__(self, program: str) -> None:
        self._program = Path(program)
        roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM
        made = tempfile.mkdtemp(prefix="mailhafen-postgres-", dir=MEMORY if roomy else None)
        self.folder = Path(made)
        self._data = self.folder / "data"
        self._names = itertools.count()
        self._admin: psycopg.Connection[Any] | None = None
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root.
            shutil.chown(self.folder, NOBODY.pw_uid)
        initdb = str(self._program.with_name("initdb"))
        command = [initdb, "-D", str(self._data), "-U", OWNER, "-A", "trust", "-E", "UTF8", "-N"]
        subprocess.run(  # noqa: S603 (the program is Debian's)
            [*command, *LOCALE], check=True, capture_output=True, **self._as_user()
        )
        with (self._data / "postgresql.conf").open("a") as file:
            file.write(CONFIGURATION.format(folder=self.folder))
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder)

    def start(self) -> None:
        """Start the server, and return once it answers."""
        # It ends with us even if nobody is left to stop it.
        command = ["setpriv", "--pdeathsig", "QUIT", str(self._program), "-D", str(self._data)]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 (the program is Debian's)
                command, stdout=log, stderr=log, **self._as_user()
            )
        self.wait()

    def wait(self, statement: str = "SELECT true") -> None:
        """Return once the server answers, and what it is asked is true."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self.process and self.process.poll() is None:
            with contextlib.suppress(psycopg.OperationalError):
                if self.run(statement) == [(True,)]:
                    return
            time.sleep(0.02)
        raise TimeoutError(self.log())

    def log(self) -> str:
        return (self.folder / "log").read_text()

    def set(self, name: str, value: str) -> None:
        """Change a setting of the running server."""
        self.run(f"ALTER SYSTEM SET {name} = {value}")
        self.run("SELECT pg_reload_conf()")
        self.wait(f"SELECT current_setting('{name}') = '{value}'")

    def stop(self, number: signal.Signals = signal.SIGINT) -> None:
        """Stop the server: SIGINT asks it to, SIGQUIT ends it like a crash."""
        self._leave()
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(PATIENCE)
            self.process = None

    def url(self, name: str) -> str:
        """Return where a database is, as the product's setting spells it."""
        return f"postgresql://{OWNER}@/{name}?host={self.folder}"

    def run(self, statement: str, database: str = "postgres") -> list[Any]:
        """Run a statement outside of a transaction, and return its rows if it has any."""
        address = self.url(database)
        with psycopg.connect(address, autocommit=True, connect_timeout=5) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def create(self, template: str = "template0") -> str:
        """Return the name of a new database, a copy of another that nobody is connected to."""
        name = f"rows_{next(self._names)}"
        # Copying files takes half the time of writing them to the log, measured.
        self._administer(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        return name

    def drop(self, name: str) -> None:
        """Remove a database, whoever is connected to it."""
        self._administer(f"DROP DATABASE {name} WITH (FORCE)")

    def _administer(self, statement: str) -> None:
        # Connecting takes longer than what each test asks for before and after it.
        try:
            self._connected().execute(statement.encode())
        except psycopg.OperationalError:
            # A test that ends all connections ends this one too.
            self._leave()
            self._connected().execute(statement.encode())

    def _connected(self) -> psycopg.Connection[Any]:
        if self._admin is None:
            self._admin = psycopg.connect(self.url("postgres"), autocommit=True, connect_timeout=5)
        return self._admin

    def _leave(self) -> None:
        if self._admin is not None:
            self._admin.close()
            self._admin = None

    def _as_user(self) -> dict[str, Any]:
        own: dict[str, Any] = {"cwd": self.folder, "env": {"PATH": os.defpath}}
        if os.geteuid() != 0:
            return own
        return own | {"user": NOBODY.pw_uid, "group": NOBODY.pw_gid, "extra_groups": []}
