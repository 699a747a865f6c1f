"""Jobs are nudges: a name and ids. The row is the truth, and the sweep finds what is due.

A job may run twice and may be lost. Each stands beside the code it runs and is known here by
its name, so that the side that asks need not import the side that acts.
"""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import structlog
from sqlalchemy.orm import Session

from mailstore.db import storage_broke

if TYPE_CHECKING:
    from mailstore.store import Store

log = structlog.get_logger()

JobFunction = Callable[..., None]
F = TypeVar("F", bound=JobFunction)
REGISTRY: dict[str, JobFunction] = {}
WAITING = "mailhafen_jobs"


def job(function: F) -> F:
    """Register a function (store, *ids) under its own name."""
    REGISTRY[function.__name__] = function
    return function


class Jobs(Protocol):
    """Whatever runs jobs soon, or leaves them to the sweep."""

    def enqueue(self, name: str, *ids: int) -> None:
        """Ask for a run; may be lost."""

    def asked_again(self, name: str, *ids: int, seconds: float) -> bool:
        """Whether a job that runs here was asked for again meanwhile, or is within the time."""


class _Running:
    """A job that runs; `again` is set when somebody asks for it meanwhile."""

    def __init__(self) -> None:
        self.again = threading.Event()


class ThreadJobs:
    """Runs jobs in threads of this process; the same job never twice at once.

    A job that is asked for while it runs is run once more: it may have looked too early.
    """

    def __init__(self, store: "Store", threads: int = 8) -> None:
        self._store = store
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="job")
        self._running: dict[tuple[Any, ...], _Running] = {}
        self._lock = threading.Lock()

    def enqueue(self, name: str, *ids: int) -> None:
        """Start the job in a thread, or tell the one that runs to look again."""
        with self._lock:
            if running := self._running.get((name, *ids)):
                running.again.set()
                return
            self._running[name, *ids] = _Running()
        self._start(name, ids)

    def asked_again(self, name: str, *ids: int, seconds: float) -> bool:
        """Whether a job that runs was asked for again meanwhile, or is within the time."""
        running = self._running.get((name, *ids))
        if running is None:
            return False
        asked = running.again.wait(seconds)
        running.again.clear()
        return asked

    def close(self) -> None:
        """Wait for running jobs and start no more."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _start(self, name: str, ids: tuple[int, ...]) -> None:
        try:
            self._pool.submit(self._run, name, ids)
        except RuntimeError:  # closed meanwhile: the next worker's sweep finds it
            self._running.pop((name, *ids), None)

    def _run(self, name: str, ids: tuple[int, ...]) -> None:
        try:
            REGISTRY[name](self._store, *ids)
        except Exception as error:
            log.exception("job_failed", job=name, ids=ids)
            if storage_broke(error):
                self._store.broken.set()
        finally:
            with self._lock:
                again = self._running[name, *ids].again.is_set()
                if again:
                    self._running[name, *ids] = _Running()
                else:
                    del self._running[name, *ids]
        if again:
            self._start(name, ids)


def after_commit(db: Session, name: str, *ids: int) -> None:
    """Ask for a job once this transaction is committed."""
    db.info.setdefault(WAITING, {})[name, *ids] = None


def start_waiting(db: Session, jobs: Jobs) -> None:
    """Start what after_commit collected; each job once."""
    for name, *ids in db.info.pop(WAITING, ()):
        jobs.enqueue(name, *ids)
