"""Jobs in threads of the worker: each once at a time, within its time, and five times at most."""

import contextlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import structlog
from rq.timeouts import JobTimeoutException, TimerDeathPenalty
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from mailstore import deadletters
from mailstore.db import storage_broke
from mailstore.jobs import REGISTRY
from mailstore.store import Store

log = structlog.get_logger()

THREADS = 16
JOB_SECONDS = 3600
# What failed is not looked for in the rows again before that: others may let it be tried anew.
LOOK_SECONDS = 5.0
LONGEST_LINE = 10_000

Key = tuple[Any, ...]
_TimeLimit: Any = TimerDeathPenalty  # rq 3.0.0 has no types for it


class _Running:
    """A job that runs; `again` is set when somebody asks for it meanwhile."""

    def __init__(self) -> None:
        self.again = threading.Event()


class ThreadJobs:
    """Runs jobs in threads of this process; the same job never twice at once.

    A job that is asked for while it runs is run once more: it may have looked too early.
    """

    def __init__(
        self, store: Store, threads: int = THREADS, *, seconds: int | float = JOB_SECONDS
    ) -> None:
        self._store, self._seconds = store, seconds
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="job")
        self._running: dict[Key, _Running] = {}
        self._rests_until: dict[Key, float] = {}
        self._in_line = 0
        self._lock = threading.Lock()

    def enqueue(self, name: str, *ids: int) -> None:
        """Start the job in a thread, or tell the one that runs to look again."""
        key = (name, *ids)
        with self._lock:
            if running := self._running.get(key):
                running.again.set()
                return
            rests = self._rests_until.get(key, 0.0) > time.monotonic()
            # Whoever asks for more than that is answered by the sweep.
            if rests or self._in_line > LONGEST_LINE:
                return
            self._running[key] = _Running()
        self._start(key)

    def asked_again(self, name: str, *ids: int, seconds: float) -> bool:
        """Whether a job that runs was asked for again meanwhile, or is within the time.

        Nobody lingers in a thread that others wait for.
        """
        running = self._running.get((name, *ids))
        if running is None:
            return False
        asked = running.again.wait(0 if self._in_line > 0 else seconds)
        running.again.clear()
        return asked

    def close(self) -> None:
        """Wait for running jobs and start no more."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _start(self, key: Key) -> None:
        with self._lock:
            self._in_line += 1
        try:
            self._pool.submit(self._run, key)
        except RuntimeError:  # closed meanwhile: the next worker's sweep finds it
            self._running.pop(key, None)

    def _run(self, key: Key) -> None:
        well = False
        with self._lock:
            self._in_line -= 1
        try:
            well = self._try(key)
        finally:
            with self._lock:
                again = self._running[key].again.is_set() and well
                if again:
                    self._running[key] = _Running()
                else:
                    del self._running[key]
        if again:
            self._start(key)

    def _try(self, key: Key) -> bool:
        name, *ids = key
        try:
            with self._store.read() as db:
                before = deadletters.of(db, name, ids)
                rests = before is not None and before.is_resting
            if rests:
                self._rests_until[key] = time.monotonic() + LOOK_SECONDS
                return False
            with _TimeLimit(self._seconds, JobTimeoutException):
                REGISTRY[name](self._store, *ids)
        except Exception as error:
            log.exception("job_failed", job=name, ids=ids)
            if storage_broke(error):
                self._store.broken.set()
            self._rest(key, error)
            return False
        self._rests_until.pop(key, None)
        if before is not None:
            with self._store.write() as db:
                deadletters.went_well(db, name, ids)
        return True

    def _rest(self, key: Key, error: Exception) -> None:
        """Keep a failed job from being asked for, for longer each time, and in the end for good."""
        name, *ids = key
        self._rests_until[key] = time.monotonic() + deadletters.FIRST_PAUSE.total_seconds()
        if isinstance(error, OperationalError | OSError):  # no fault of the job's
            return
        # Without rows the pause is all there is, and the sweep asks again.
        with contextlib.suppress(SQLAlchemyError), self._store.write() as db:
            pause = deadletters.failed(db, name, ids, f"{type(error).__name__}: {error}")
            self._rests_until[key] = time.monotonic() + min(pause, LOOK_SECONDS)
