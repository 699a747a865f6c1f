"""Jobs are nudges: a name and ids. The row is the truth, and the sweep finds what is due.

A job may run twice and may be lost. Each stands beside the code it runs and is known here by
its name, so that the side that asks need not import the side that acts.
"""

from collections.abc import Callable, Sequence
from inspect import signature
from typing import Any, Protocol, TypeVar

from sqlalchemy.orm import Session

JobFunction = Callable[..., None]
F = TypeVar("F", bound=JobFunction)
REGISTRY: dict[str, JobFunction] = {}
WAITING = "mailhafen_jobs"
LARGEST_ID = 2**63 - 1


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


def asked_for(what: Any) -> tuple[str, Sequence[int]] | None:
    """Return the job that came over a wire as [name, *ids]; None if it is none of ours."""
    match what:
        case [str(name), *ids] if name in REGISTRY and _fit(REGISTRY[name], ids):
            return name, ids
        case _:
            return None


def _fit(function: JobFunction, ids: Sequence[Any]) -> bool:
    try:
        signature(function).bind(None, *ids)
    except TypeError:
        return False
    return all(type(each) is int and 0 < each <= LARGEST_ID for each in ids)


def after_commit(db: Session, name: str, *ids: int) -> None:
    """Ask for a job once this transaction is committed."""
    db.info.setdefault(WAITING, {})[name, *ids] = None


def start_waiting(db: Session, jobs: Jobs) -> None:
    """Start what after_commit collected; each job once."""
    for name, *ids in db.info.pop(WAITING, ()):
        jobs.enqueue(name, *ids)
