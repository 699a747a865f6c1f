"""Jobs asked for by another process of this machine: one line each in a named pipe.

The worker reads it and starts at once what would else wait for its next sweep. Nothing is kept:
without a worker, or where the pipe is full, the sweep finds the row.
"""

import contextlib
import json
import os
import threading
from pathlib import Path

from mailstore.jobs import Jobs, asked_for

LARGEST_READ = 2**16


class PipeJobs:
    """For processes that run no jobs: asks the worker."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def enqueue(self, name: str, *ids: int) -> None:
        """Ask for a run; may be lost."""
        line = f"{json.dumps([name, *ids])}\n".encode()
        with contextlib.suppress(OSError):
            if self._descriptor is None:
                self._descriptor = os.open(self._path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            os.write(self._descriptor, line)

    def asked_again(self, _name: str, *_ids: int, seconds: float) -> bool:  # noqa: ARG002 (of Jobs)
        """Return False: what runs elsewhere is not known here."""
        return False


class PipeReader:
    """The worker's end: hands every line to its own jobs, in a thread."""

    def __init__(self, path: Path, jobs: Jobs) -> None:
        self._jobs = jobs
        with contextlib.suppress(FileExistsError):
            os.mkfifo(path, 0o600)
        # Open for both ends, so that reading waits also while nobody writes.
        self._descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        self._stopping = False
        self._thread = threading.Thread(target=self._read, name="pipe", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Read no more."""
        self._stopping = True
        os.write(self._descriptor, b"\n")
        self._thread.join()
        os.close(self._descriptor)

    def _read(self) -> None:
        rest = b""
        while not self._stopping:
            *lines, rest = (rest + os.read(self._descriptor, LARGEST_READ)).split(b"\n")
            for line in dict.fromkeys(lines):
                self._ask(line)

    def _ask(self, line: bytes) -> None:
        with contextlib.suppress(ValueError):
            if found := asked_for(json.loads(line)):
                name, ids = found
                self._jobs.enqueue(name, *ids)
