"""A whole throw-away installation for benches and tests: relay, worker, a sink, real processes."""

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Self

from sqlalchemy.orm import Session

from bench.sink import Sink
from filter.supervisor import Supervisor, gunicorn
from mailstore import accounts, onboarding, passwords, policies, schema
from mailstore.accounts import Role
from mailstore.addresses import Address, parse_host_port
from mailstore.commands import flask
from mailstore.domains import Takes
from mailstore.sandbox import ROOT
from mailstore.settings import PREFIX, Settings
from mailstore.store import Store

USER = "user@rcpt.example"
PASSWORD = "correct-horse-2026"  # noqa: S105 (of a throw-away installation)
BY = "bench"
PATIENCE = 60.0
FIRST_PORT, PORTS = 10_000, 22_000


def free_port() -> int:
    """Return a port of loopback that nobody uses now.

    It is not one that the kernel gives to clients: one of those could hold it while a server
    restarts, and a client that tries again and again would even connect to itself.
    """
    while True:
        port = FIRST_PORT + secrets.randbelow(PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class Installation:
    """`with Installation() as it:` runs `flask relay` and the rest like `flask serve` does."""

    supervised_by: type[Supervisor] = Supervisor

    def __init__(
        self,
        processes: Sequence[str] = ("relay", "worker"),
        *,
        sink_keeps: bool = False,
        recipient: str = USER,
        next_hop: str = "",
        **settings: str,
    ) -> None:
        self._recipient, self._next_hop = Address.parse(recipient), next_hop
        self.folder = Path(tempfile.mkdtemp(prefix="mailhafen-"))
        self.smtp, self.web = free_port(), free_port()
        if "SMTP_LISTEN" in settings:
            self.smtp = parse_host_port(settings["SMTP_LISTEN"])[1]
        self.sink = Sink(keep=sink_keeps, port=free_port())
        own = {
            "DATA_DIR": str(self.folder / "data"),
            "SMTP_LISTEN": f"127.0.0.1:{self.smtp}",
            "WEB_LISTEN": f"127.0.0.1:{self.web}",
            "BASE_URL": f"http://127.0.0.1:{self.web}",
            "SECRET_KEY": secrets.token_hex(32),
            "PROBE_SECONDS": "0.2",
            "OUTAGE_SECONDS": "0.5",
            "SMARTHOST": f"127.0.0.1:{self.sink.port}",
            "INSIDE_NETWORKS": "127.0.0.0/8",
        }
        clean = {key: text for key, text in os.environ.items() if not key.startswith(PREFIX)}
        self.env = clean | {PREFIX + key.upper(): text for key, text in (own | settings).items()}
        commands = {
            "relay": flask("relay"),
            "worker": flask("worker"),
            "portal": gunicorn(f"127.0.0.1:{self.web}"),
        }
        chosen = {name: commands[name] for name in processes}
        self.supervisor = self.supervised_by(chosen, self.env, self.folder / "log", pause=0.1)
        self._watch = threading.Thread(target=self.supervisor.watch, daemon=True)

    def __enter__(self) -> Self:
        self.sink.start()
        schema.write_secrets(self.settings)
        schema.migrate(self.settings)
        with closing(self.store()) as store, store.write() as db:
            policies.seed(db)
            self._seed(db)
        self.supervisor.start()
        self._watch.start()
        for name, port in (("relay", self.smtp), ("portal", self.web)):
            if name in self.supervisor.commands:
                wait_for(port)
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self.supervisor.stop.set()
        self._watch.join()
        self.sink.stop()
        if kind is None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def flask(self, *args: str, stdin: str | None = None) -> str:
        """Run a command of ours to its end and return what it says; raises if it fails."""
        done = subprocess.run(  # noqa: S603 (our own command)
            flask(*args),
            cwd=ROOT,
            env=self.env,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"flask {' '.join(args)}: {done.stdout}{done.stderr}")
        return done.stdout

    @property
    def settings(self) -> Settings:
        """What the processes are told by their environment."""
        given = {
            key.removeprefix(PREFIX).lower(): text
            for key, text in self.env.items()
            if key.startswith(PREFIX)
        }
        return Settings.model_validate(given)

    def store(self) -> Store:
        """Open the same rows and packs from here."""
        return Store.open(self.settings)

    def _seed(self, db: Session) -> None:
        """Add a customer with one person, who can sign in with PASSWORD."""
        tenant = onboarding.add_tenant(db, "Muster AG", by=BY)
        hop, address = self._next_hop or f"127.0.0.1:{self.sink.port}", self._recipient
        domain = onboarding.add_domain(db, tenant, address.domain, hop, Takes.KNOWN, by=BY)
        onboarding.add_mailbox(db, tenant, domain, address, name="Anna Keller", by=BY)
        accounts.add_account(db, address, Role.USER, passwords.hash_password(PASSWORD), by=BY)


def wait_for(port: int) -> None:
    """Return once somebody listens; raises TimeoutError."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"nobody listens on {port}")
