"""Processes, seen from outside."""

import time
from collections.abc import Callable
from pathlib import Path

PATIENCE = 15.0
PROC = Path("/proc")
LISTENING = "0A"


def alive(pid: int) -> bool:
    """Whether a thread of a process still runs; one that nobody has buried yet does not."""
    return any(_state(stat) not in "ZX" for stat in (PROC / str(pid) / "task").glob("*/stat"))


def _state(stat: Path) -> str:
    try:
        return stat.read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "X"


def children(pid: int) -> set[int]:
    """Return the processes that a process has forked and that still run."""
    try:
        text = (PROC / str(pid) / "task" / str(pid) / "children").read_text()
    except OSError:
        return set()
    return {int(each) for each in text.split() if alive(int(each))}


def sockets(pid: int, *, listening: bool = False) -> int:
    """Return how many sockets a process has open, or with how many it listens."""
    return sum(_is_socket(link, listening=listening) for link in (PROC / str(pid) / "fd").iterdir())


def _is_socket(link: Path, *, listening: bool) -> bool:
    try:
        kind, _, number = str(link.readlink()).partition(":")
    except OSError:  # it was closed meanwhile
        return False
    return kind == "socket" and (not listening or number.strip("[]") in _listening())


def _listening() -> set[str]:
    lines = (PROC / "net" / "tcp").read_text().splitlines()[1:]
    return {fields[9] for fields in map(str.split, lines) if fields[3] == LISTENING}


def until(happens: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Wait for something, or fail."""
    end = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < end
        time.sleep(0.02)
