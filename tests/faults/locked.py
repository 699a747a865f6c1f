"""Somebody else holds the rows: an exclusive transaction, the writers' lock, a long reader.

    python -m tests.faults.locked --scale 1

Locks are held for 1, 30 and 70 s. The relay waits, then answers 451 within 60 s, never 5xx, and
nothing is lost. While a reader keeps the WAL from being written back it grows; afterwards it is
used again from its beginning. `--scale 10` makes all of it, and SQLite's patience, a tenth.
"""

import fcntl
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pysqlite3.dbapi2 as sqlite

from tests.faults.scene import Scene, arguments, report
from tests.faults.sender import Letter, Sender, letters

HELD_SECONDS = (1.0, 30.0, 70.0)
BUSY_SECONDS, MOST_WAIT, SLACK = 30.0, 60.0, 1.05
PATIENCE = 300.0
LARGEST = 5000
MOST_WAL = 16 * 2**20


def main(argv: Sequence[str] | None = None) -> int:
    """Run it; 1 if an invariant is broken."""
    args = arguments(__doc__, scale=1.0, mails=6, read=60).parse_args(argv)
    chance, begun = random.Random(args.seed), time.monotonic()  # noqa: S311 (repeatable on purpose)
    broken: list[str] = []
    senders: list[Sender] = []
    figures: dict[str, object] = {"scale": args.scale}
    scene = Scene()
    for name in ("relay", "worker"):
        scene.launch(name, "--busy-seconds", str(BUSY_SECONDS / args.scale))
    with scene:
        for name, hold in (("exclusive", _exclusive), ("flock", _flock)):
            for seconds in HELD_SECONDS:
                first = len(senders) * args.mails
                load = letters(chance, args.mails, scene.people, first=first, largest=LARGEST)
                senders.append(Sender(scene.smtp, load, sessions=3))
                held, senders[-1].name = seconds / args.scale, f"{name} {seconds:.0f} s"
                broken += _held(scene, senders[-1], hold, held, MOST_WAIT / args.scale)
                waited = max(attempt.waited for attempt in senders[-1].attempts)
                figures[f"{name}_{seconds:.0f}_waited_s"] = waited * args.scale
        load = letters(chance, args.read, scene.people, first=len(senders) * args.mails)
        broken += _read_for_long(scene, senders, load, figures)
        broken += ["deliveries wait"] * (not scene.settle(PATIENCE))
        book = scene.book(*senders)
        broken += book.broken()
        figures |= book.figures()
    figures["all_s"] = time.monotonic() - begun
    return report("locked", args.seed, figures, broken)


def _held(
    scene: Scene, sender: Sender, hold: Callable[[Scene, float], None], seconds: float, most: float
) -> Iterator[str]:
    """Send while somebody holds a lock; yield it if an answer took too long."""
    sender.start()
    hold(scene, seconds)
    if not sender.join(PATIENCE):
        yield f"{sender.name}: mail is left"
    slow = [attempt.waited for attempt in sender.attempts if attempt.waited > most * SLACK]
    if slow:
        yield f"{sender.name}: {len(slow)} answers took up to {max(slow):.1f} s, {most:.0f} allowed"


def _rows(scene: Scene) -> Path:
    return scene.settings.data_dir / "mailhafen.db"


def _exclusive(scene: Scene, seconds: float) -> None:
    with closing(sqlite.connect(_rows(scene), isolation_level=None, timeout=60)) as other:
        other.execute("BEGIN EXCLUSIVE")
        time.sleep(seconds)
        other.execute("ROLLBACK")


def _flock(scene: Scene, seconds: float) -> None:
    with (scene.settings.data_dir / "write.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        time.sleep(seconds)


def _read_for_long(
    scene: Scene, senders: list[Sender], load: Sequence[Letter], figures: dict[str, object]
) -> Iterator[str]:
    """Keep a snapshot open while mail comes, then see whether the WAL is used again."""
    wal, half = Path(f"{_rows(scene)}-wal"), len(load) // 2
    with closing(sqlite.connect(_rows(scene), isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM messages").fetchall()
        senders.append(_sent(scene, load[:half]))
        scene.settle(PATIENCE)
        figures["wal_read_mib"] = wal.stat().st_size / 2**20
        reader.execute("COMMIT")
    senders.append(_sent(scene, load[half:]))
    scene.settle(PATIENCE)
    with closing(sqlite.connect(_rows(scene), isolation_level=None, timeout=10)) as other:
        ((busy, frames, written),) = other.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
    figures["wal_after_mib"] = wal.stat().st_size / 2**20
    if busy or frames != written or wal.stat().st_size > MOST_WAL:
        yield f"the WAL does not recover: {wal.stat().st_size} bytes, {frames - written} frames"


def _sent(scene: Scene, load: Sequence[Letter]) -> Sender:
    sender = Sender(scene.smtp, load)
    sender.start()
    sender.join(PATIENCE)
    return sender


if __name__ == "__main__":
    sys.exit(main())
