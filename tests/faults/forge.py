"""Starts processes of ours as forks of one that has imported everything: starting is most of a run.

    python -m tests.faults.forge

reads a line of JSON for each process from its standard input and answers with its id. Whoever
starts one can kill, stop and await it as if it were a child.
"""

import atexit
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from filter.supervisor import TIED, Supervisor
from filter.tied import end_with_parent
from mailstore.sandbox import ROOT
from tests.faults import dying

IMPORTED = ("filter.cli", "portal.cli", "flask.cli")
LAUNCHER = [sys.executable, "-m", "tests.faults.dying"]
LOOK_EVERY = 0.02


class Forked:
    """A process that the forge started; what it ended with is not known."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return None while it lives."""
        if self.returncode is None and not Path(f"/proc/{self.pid}").exists():
            self.returncode = 0
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Return once it has ended; raises TimeoutExpired."""
        end = None if timeout is None else time.monotonic() + timeout
        while self.poll() is None:
            if end is not None and time.monotonic() > end:
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0.0)
            time.sleep(LOOK_EVERY)
        return 0

    def terminate(self) -> None:
        """Ask it to end."""
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self._send(signal.SIGKILL)

    def _send(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)


class Forge:
    """The process that forks; the thread that makes it must live as long as it does."""

    def __init__(self) -> None:
        command = [*TIED, str(os.getpid()), sys.executable, "-m", "tests.faults.forge"]
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self._process = subprocess.Popen(command, cwd=ROOT, **pipes)  # noqa: S603 (our own command)
        self._lock = threading.Lock()
        atexit.register(self._end)

    def start(self, arguments: Sequence[str], env: Mapping[str, str], log: Path | None) -> Forked:
        """Start a process of the launcher with these arguments."""
        line = json.dumps([list(arguments), dict(env), str(log or os.devnull)])
        with self._lock:
            stdin, stdout = self._process.stdin, self._process.stdout
            assert stdin
            assert stdout
            print(line, file=stdin, flush=True)
            return Forked(int(stdout.readline()))

    def _end(self) -> None:
        with self._process as ending:
            ending.terminate()


forge = cache(Forge)


class Forging(Supervisor):
    """A supervisor whose processes of our launcher are forked; any other begins as ever."""

    def __post_init__(self) -> None:
        # In the thread that stays: the forge ends with the one that made it.
        forge()

    def _start(self, name: str) -> None:
        command = list(self.commands[name])
        if command[: len(LAUNCHER)] != LAUNCHER:
            super()._start(name)
            return
        forked = forge().start(command[len(LAUNCHER) :], self.env, self.log_file)
        self._running[name] = cast("subprocess.Popen[bytes]", forked)


def main() -> None:
    """Fork a process for each line; this returns in each of them, at its end."""
    for name in IMPORTED:
        import_module(name)
    # Whoever ends is gone at once: nobody here waits for them.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    parent = os.getpid()
    while line := sys.stdin.readline():
        if pid := os.fork():
            print(pid, flush=True)  # noqa: T201 (the answer)
            continue
        arguments, env, log = json.loads(line)
        _become(parent, env, log)
        sys.argv = ["dying", *arguments]
        dying.main()
        return


def _become(parent: int, env: dict[str, str], log: str) -> None:
    """Be as a process is that was just started."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    end_with_parent(parent)
    os.environ.clear()
    os.environ.update(env)
    with Path(log).open("ab") as out, Path(os.devnull).open("rb") as nothing:
        for old, new in ((nothing, 0), (out, 1), (out, 2)):
            os.dup2(old.fileno(), new)


if __name__ == "__main__":
    main()
