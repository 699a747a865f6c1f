"""A program of Debian's that tests run in the foreground, and stop by its process."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

HERE = "127.0.0.1"
PATIENCE = 30.0


class Daemon:
    """Runs a command that listens on ports of loopback and logs to a file."""

    def __init__(self, command: Sequence[str], ports: Sequence[int], log: Path) -> None:
        self._command, self._ports, self.log = command, ports, log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and return once it answers; raises RuntimeError where it ends instead."""
        # It ends with us even if nobody is left to stop it.
        command = ["setpriv", "--pdeathsig", "TERM", *self._command]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 (the program is Debian's)
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                cwd=self.log.parent, env={"PATH": os.defpath},
            )  # fmt: skip
        for port in self._ports:
            self._await(self._process, port)

    def stop(self) -> None:
        """Ask it to end, and wait until it has."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(PATIENCE)
            self._process = None

    def die(self) -> None:
        """End it and all that it started at once, as a crash does."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(PATIENCE)
            self._process = None

    def _await(self, process: subprocess.Popen[bytes], port: int) -> None:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex((HERE, port)) == 0:
                    return
            time.sleep(0.02)
        raise RuntimeError(f"nobody listens on {port}: {self.log.read_text()}")
