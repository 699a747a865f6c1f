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


class NoJobs:
    """For processes that run no jobs: the worker's sweep finds the rows."""

    def enqueue(self, name: str, *ids: int) -> None:
        """Leave it to the sweep."""


class ThreadJobs:
    """Runs jobs in threads of this process; the same job never twice at once."""

    def __init__(self, store: "Store", threads: int = 8) -> None:
        self._store = store
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="job")
        self._running: set[tuple[Any, ...]] = set()
        self._lock = threading.Lock()

    def enqueue(self, name: str, *ids: int) -> None:
        """Start the job in a thread unless it is running already."""
        with self._lock:
            if (name, *ids) in self._running:
                return
            self._running.add((name, *ids))
        try:
            self._pool.submit(self._run, name, ids)
        except RuntimeError:  # closed meanwhile: the next worker's sweep finds it
            self._running.discard((name, *ids))

    def close(self) -> None:
        """Wait for running jobs and start no more."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _run(self, name: str, ids: tuple[int, ...]) -> None:
        try:
            REGISTRY[name](self._store, *ids)
        except Exception as error:
            log.exception("job_failed", job=name, ids=ids)
            if storage_broke(error):
                self._store.broken.set()
        finally:
            with self._lock:
                self._running.discard((name, *ids))


def after_commit(db: Session, name: str, *ids: int) -> None:
    """Ask for a job once this transaction is committed."""
    db.info.setdefault(WAITING, {})[name, *ids] = None


def start_waiting(db: Session, jobs: Jobs) -> None:
    """Start what after_commit collected; each job once."""
    for name, *ids in db.info.pop(WAITING, ()):
        jobs.enqueue(name, *ids)
