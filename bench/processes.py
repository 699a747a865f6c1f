"""What a set of processes and their children use, read from /proc."""

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
LOOK_EVERY = 0.5


@dataclass(frozen=True, slots=True)
class Used:
    """Processor seconds, and memory (PSS, bytes): at the beginning, and the most seen."""

    seconds: float
    idle: int
    peak: int


class Usage:
    """Watches processes and all their children from now on."""

    def __init__(self, pids: Sequence[int], memory_of: Sequence[int] = ()) -> None:
        self._pids, self._memory_of = pids, memory_of or pids
        self._begun = self._seconds()
        self._idle = self._peak = self._memory()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def since(self) -> Used:
        """Return what was used since the beginning, and stop watching."""
        self._stop.set()
        self._thread.join()
        seconds = self._seconds() - self._begun
        return Used(seconds, self._idle, max(self._peak, self._memory()))

    def _watch(self) -> None:
        while not self._stop.wait(LOOK_EVERY):
            self._peak = max(self._peak, self._memory())

    def _seconds(self) -> float:
        return sum(map(_processor, family(self._pids)))

    def _memory(self) -> int:
        return sum(map(_pss, family(self._memory_of)))


def family(pids: Sequence[int]) -> set[int]:
    """Return these processes and all their descendants that live now."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            parent = _field(entry, 3)
            children.setdefault(int(parent or 0), []).append(int(entry.name))
    found, waiting = set(), list(pids)
    while waiting:
        pid = waiting.pop()
        found.add(pid)
        waiting += children.get(pid, [])
    return found


def _processor(pid: int) -> float:
    path = Path(f"/proc/{pid}")
    # Own time and that of children that ended: utime, stime, cutime, cstime.
    return sum(int(_field(path, number) or 0) for number in (13, 14, 15, 16)) / TICKS


def _pss(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    line = next((each for each in text.splitlines() if each.startswith("Pss:")), "Pss: 0")
    return int(line.split()[1]) * 1024


def _field(process: Path, number: int) -> str | None:
    try:
        text = (process / "stat").read_text()
    except OSError:
        return None
    return text.rpartition(") ")[2].split()[number - 2]
