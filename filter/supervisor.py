"""Runs the processes of one installation together and starts again what ends."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from mailstore.sandbox import ROOT
from mailstore.settings import DKIM_RING

log = structlog.get_logger()

PAUSE = 1.0
PATIENCE = 35.0
FROM_COMMAND = "FLASK_RUN_FROM_CLI"
PORTAL = "portal"
TIED = (sys.executable, "-m", "filter.tied")


def gunicorn(listen: str, workers: int = 2) -> list[str]:
    """Return the command line of the portal's web server; gunicorn.conf.py has its options."""
    return [sys.executable, "-m", "gunicorn", "wsgi:app", "-b", listen, "-w", str(workers)]


@dataclass
class Supervisor:
    """Keeps commands running until told to stop."""

    commands: Mapping[str, Sequence[str]]
    env: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    log_file: Path | None = None
    pause: float = PAUSE
    stop: threading.Event = field(default_factory=threading.Event)
    _running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self) -> None:
        """Start everything."""
        for name in self.commands:
            self._start(name)

    def watch(self) -> None:
        """Restart what ends, until stop is set; then end everything in order."""
        while not self.stop.wait(self.pause):
            for name, process in list(self._running.items()):
                if process.poll() is not None:
                    log.warning("process_ended", name=name, code=process.returncode)
                    self._start(name)
        self.end()

    def run(self) -> None:
        """Start, watch, and end at SIGTERM or SIGINT."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stop.set())
        self.start()
        self.watch()

    def pids(self) -> list[int]:
        """Return the process ids of what runs now."""
        return [process.pid for process in self._running.values()]

    def pid(self, name: str) -> int:
        """Return the process id of one of the commands."""
        return self._running[name].pid

    def end(self) -> None:
        """Ask all to finish, wait, and kill what does not."""
        for process in self._running.values():
            process.terminate()
        end = time.monotonic() + PATIENCE
        for process in self._running.values():
            try:
                process.wait(max(end - time.monotonic(), 0.1))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _start(self, name: str) -> None:
        command = [*TIED, str(os.getpid()), *self.commands[name]]
        # What tells wsgi.py that a command runs is not for the web server we start from one, and
        # what signs the customers' mail is not for the portal at all.
        hidden = {FROM_COMMAND, DKIM_RING} if name == PORTAL else {FROM_COMMAND}
        env = {key: text for key, text in self.env.items() if key not in hidden}
        with contextlib.ExitStack() as stack:
            out = stack.enter_context(self.log_file.open("ab")) if self.log_file else None
            self._running[name] = subprocess.Popen(  # noqa: S603 (our own commands)
                command, cwd=ROOT, env=env, stdout=out, stderr=out
            )
