"""A worker whose lease runs out: by a next hop that is slow for long, and by being frozen.

    python -m tests.faults.frozen --rounds 3 --mails 20

A worker that is alive keeps its lease, however long its batch takes: nothing comes twice. From
one that is frozen in the middle of a batch another takes the mail over. Thawed, its late outcome
is refused by its fence, and it sends nothing more of what it had claimed: at most what was in
flight comes twice. Nobody is frozen with the writers' lock in hand: all would wait for that one.
"""

import fcntl
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.faults.ledger import Fault
from tests.faults.scene import Scene, arguments, report, until
from tests.faults.sender import Sender, letters

WORKERS = ("worker", "second")
LEASE = 2.0
QUICK, SLOW = 0.06, 0.3
# What comes twice comes at once: a mail at the other server, and what a thawed worker claimed.
LATE = 1.0
PATIENCE = 60.0
# For each connection: one at the other server, and one whose outcome was not committed yet.
IN_FLIGHT = 2
MAILS_FIRST = 3
# Others that write have the lock for less; in the moment between, what was sent is written down.
LOCK_SECONDS, ANOTHER_MOMENT = 0.15, 0.05
LARGEST = 2000


def main(argv: Sequence[str] | None = None) -> int:
    """Run it; 1 if mail comes twice that was not in flight."""
    args = arguments(__doc__, rounds=1, mails=20).parse_args(argv)
    chance, begun = random.Random(args.seed), time.monotonic()  # noqa: S311 (repeatable on purpose)
    with Scene(("relay", "worker"), lease=LEASE, second="worker") as scene:
        load = letters(chance, (args.rounds + 1) * args.mails, scene.people, largest=LARGEST)
        parts = [load[at : at + args.mails] for at in range(0, len(load), args.mails)]
        senders = [Sender(scene.smtp, part) for part in parts]
        broken = [*_slow(scene, senders[0])]
        for sender in senders[1:]:
            broken += _frozen(scene, sender)
        book = scene.book(*senders)
        broken += book.broken()
        figures = {"rounds": args.rounds} | book.figures()
        figures["lease_lost"] = scene.logged()["lease_lost"]
    figures["all_s"] = time.monotonic() - begun
    return report("frozen", args.seed, figures, broken)


def _slow(scene: Scene, sender: Sender) -> Iterator[str]:
    """Let a batch take several times as long as a lease."""
    scene.sink.pause = SLOW
    sender.start()
    settled = sender.join(PATIENCE) and scene.settle()
    time.sleep(LATE)
    yield from _twice(scene, 0, 0, "slow")
    if not settled:
        yield "slow: the mail did not come"


def _frozen(scene: Scene, sender: Sender) -> Iterator[str]:
    scene.sink.pause = QUICK
    before = len(scene.sink.taken)
    sender.start()
    until(lambda: len(scene.sink.taken) >= before + MAILS_FIRST)
    pid = next(pid for pid in map(scene.supervisor.pid, WORKERS) if _talks(pid, scene.sink.port))
    _freeze(scene, pid)
    most = IN_FLIGHT * _talks(pid, scene.sink.port)
    settled = sender.join(PATIENCE) and scene.settle()
    os.kill(pid, signal.SIGCONT)
    time.sleep(LATE)
    yield from _twice(scene, before, most, "frozen")
    if not settled:
        yield "frozen: the other worker did not take over"


def _freeze(scene: Scene, pid: int) -> None:
    """Stop a worker at a moment when it does not keep others from writing."""
    while True:
        stopped_at = time.monotonic()
        os.kill(pid, signal.SIGSTOP)
        until(lambda: _stands_still(pid))
        if until(lambda: _can_write(scene), LOCK_SECONDS, fail=False):
            scene.faults.append(Fault("SIGSTOP worker", stopped_at, delivering=True))
            return
        os.kill(pid, signal.SIGCONT)
        time.sleep(ANOTHER_MOMENT)


def _stands_still(pid: int) -> bool:
    """Whether all threads of a process have stopped."""
    stats = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/stat")]
    return all(stat.rpartition(") ")[2].startswith("T") for stat in stats)


def _can_write(scene: Scene) -> bool:
    with (scene.settings.data_dir / "write.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def _twice(scene: Scene, before: int, most: int, what: str) -> Iterator[str]:
    taken = scene.sink.taken[before:]
    pairs = Counter((each.public_id, each.recipient) for each in taken)
    twice = sum(count - 1 for count in pairs.values())
    if twice > most:
        yield f"{what}: {twice} mails came twice, at most {most} were in flight"


def _talks(pid: int, port: int) -> int:
    """Return how many connections a process has to a port of this machine."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    sockets = {f"socket:[{row[9]}]" for row in rows if int(row[2].partition(":")[2], 16) == port}
    folder = Path(f"/proc/{pid}/fd")
    return sum(os.readlink(each) in sockets for each in folder.iterdir() if each.is_symlink())


if __name__ == "__main__":
    sys.exit(main())
