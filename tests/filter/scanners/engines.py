"""Debian's clamd and rspamd with small configurations of their own, started by the tests."""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

NOBODY = pwd.getpwnam("nobody")
PATIENCE = 60.0
VIRUS, SIGNATURE = b"mailhafen-virus-of-the-tests", "Mailhafen.Test.UNOFFICIAL"
GUESS, GUESSED = b"mailhafen-guess-of-the-tests", "PUA.Mailhafen.Guess.UNOFFICIAL"
STREAM_LIMIT = 2**20
CLAMD = """
DatabaseDirectory {folder}/signatures
TCPSocket {port}
TCPAddr 127.0.0.1
LocalSocket {folder}/clamd.sock
LogFile {folder}/log
TemporaryDirectory {folder}
Foreground yes
MaxThreads 2
StreamMaxLength {limit}
"""
# The rules are Debian's; modules that ask the network are left out.
RSPAMD = """
lua = "$RULESDIR/rspamd.lua"
.include "$CONFDIR/metrics.conf"
.include "$CONFDIR/actions.conf"
.include "$CONFDIR/groups.conf"
.include "$CONFDIR/composites.conf"
options {{
    pidfile = "{folder}/pid";
    control_socket = "{folder}/control.sock mode=0600";
    dns {{ nameserver = ["127.0.0.1:9"]; timeout = 0.05s; retransmits = 1; }}
    filters = "chartable,regexp";
    allow_raw_input = true;
    hs_cache_dir = "{folder}";
    url_tld = "{folder}/suffixes";
}}
logging {{ type = "file"; filename = "{folder}/log"; level = "error"; }}
worker "normal" {{ bind_socket = "127.0.0.1:{port}"; count = 1; }}
"""


class Daemon:
    """A program in a folder of its own; `with` runs it until it is not wanted any more."""

    def __init__(self, program: str, configuration: str, arguments: Sequence[str]) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="mailhafen-engine-"))
        self.port = free_port()
        path = self.folder / "configuration"
        path.write_text(
            configuration.format(folder=self.folder, port=self.port, limit=STREAM_LIMIT)
        )
        told = [each.format(folder=self.folder) for each in arguments]
        self._command = [program, "-c", str(path), *told]
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        if os.geteuid() == 0:  # Neither wants to work as root.
            for path in (self.folder, *self.folder.rglob("*")):
                shutil.chown(path, NOBODY.pw_uid)
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        """Start it, and return once it listens."""
        # It ends with us even if nobody is left to stop it.
        command = ["setpriv", "--pdeathsig", "TERM", *self._command]
        with (self.folder / "output").open("ab") as output:
            self.process = subprocess.Popen(  # noqa: S603 (the program is Debian's)
                command, stdout=output, stderr=output, **self._as_user()
            )
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self.process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            time.sleep(0.05)
        raise TimeoutError((self.folder / "output").read_text())

    def stop(self) -> None:
        """Stop it as its users do."""
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(PATIENCE)
            self.process = None

    def _as_user(self) -> dict[str, Any]:
        own: dict[str, Any] = {"cwd": self.folder, "env": {"PATH": os.defpath}}
        if os.geteuid() != 0:
            return own
        return own | {"user": NOBODY.pw_uid, "group": NOBODY.pw_gid, "extra_groups": []}


def clamd(needs: Callable[[str], str]) -> Daemon:
    """Return a clamd that knows one virus and has one guess."""
    made = Daemon(needs("clamd"), CLAMD, ())
    signatures = made.folder / "signatures"
    signatures.mkdir()
    known = (("Mailhafen.Test", VIRUS), ("PUA.Mailhafen.Guess", GUESS))
    lines = [f"{name}:0:*:{text.hex()}\n" for name, text in known]
    (signatures / "tests.ndb").write_text("".join(lines))
    return made


def rspamd(needs: Callable[[str], str]) -> Daemon:
    """Return an rspamd with Debian's rules, one worker, and nobody to ask."""
    folders = ("--var=DBDIR={folder}", "--var=RUNDIR={folder}", "--var=LOGDIR={folder}")
    made = Daemon(needs("rspamd"), RSPAMD, ("-f", *folders))
    # Debian's nine thousand suffixes take ten seconds to compile, measured.
    (made.folder / "suffixes").write_text("example\ncom\nch\n")
    return made


def free_port() -> int:
    """Return a port on loopback that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port
