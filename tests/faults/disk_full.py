"""A disk that fills up: a small file system of its own, in a namespace of its own.

    python -m tests.faults.disk_full

Below MAILHAFEN_MIN_FREE_BYTES new mail gets 452 before its data; what is there is delivered,
released, deleted and expired; mail is taken again when there is room, without a restart. Then
the reserve is switched off and the disk filled to its last byte, and then files may not grow
(RLIMIT_FSIZE): 451 or 452, never a refusal for good, never a false 250.
"""

import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import time_machine
from sqlalchemy import select

from filter.rules.gtube import TEST_STRING
from mailstore import clock, quarantine, retention, rights
from mailstore.deliveries import Delivery, State
from mailstore.sandbox import ROOT
from mailstore.scope import EVERYBODY
from mailstore.settings import PREFIX
from tests.faults.scene import Scene, arguments, report, until
from tests.faults.sender import DOT, Letter, Sender, letters

NAMESPACE = ["unshare", "--user", "--map-root-user", "--mount", "--propagation", "private"]
DISK, RESERVE, ROOM = 64 * 2**20, 24 * 2**20, 8 * 2**20
PATIENCE, HEALS_WITHIN = 60.0, 10.0
NOT_NOW, NO_ROOM = (421, 451, 452), "4.3.1"
LARGEST_FILE = 64 * 2**10
MAILS = 5
LINE = b"x" * 900 + b"\r\n"


def main(argv: Sequence[str] | None = None) -> int:
    """Run it in a namespace; 1 if an invariant is broken."""
    args = arguments(__doc__, folder="").parse_args(argv)
    if args.folder:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "faults", args.folder]
        subprocess.run(mount, check=True)  # noqa: S603 (our own command)
        return _run(args.seed, Path(args.folder))
    with tempfile.TemporaryDirectory(prefix="mailhafen-disk-") as folder:
        own = [sys.executable, "-m", "tests.faults.disk_full"]
        options = ["--seed", str(args.seed), "--folder", folder]
        return subprocess.run([*NAMESPACE, *own, *options], cwd=ROOT, check=False).returncode  # noqa: S603 (our own command)


class Run:
    """The scene on its small disk, and the letters sent so far."""

    def __init__(self, scene: Scene, seed: int, disk: Path) -> None:
        self.scene, self.disk = scene, disk
        self._chance = random.Random(seed)  # noqa: S311 (repeatable on purpose)
        self.senders: list[Sender] = []

    def send(self, content: bytes = b"", count: int = MAILS) -> Sender:
        """Begin to send some mails with this at their end."""
        first = sum(len(sender.letters) for sender in self.senders)
        load = letters(self._chance, count, self.scene.people[:1], first=first)
        load = [Letter(each.id, each.recipients, each.content + content) for each in load]
        self.senders.append(Sender(self.scene.smtp, load, sessions=2))
        self.senders[-1].start()
        return self.senders[-1]

    def fill(self, left: int) -> None:
        """Leave so many bytes of the disk free."""
        with (self.disk / "filler").open("wb") as filler:
            until(lambda: _taken_up(filler.fileno(), self.disk, left))

    def empty(self) -> None:
        """Give the room back."""
        (self.disk / "filler").unlink()


def _taken_up(filler: int, disk: Path, left: int) -> bool:
    """Whether a file took up all but so much of what is free; others write meanwhile."""
    free = os.statvfs(disk)
    try:
        os.posix_fallocate(filler, 0, free.f_bavail * free.f_frsize - left)
    except OSError:
        return False
    return True


def _run(seed: int, disk: Path) -> int:
    begun = time.monotonic()
    folder = str(disk / "data")
    with Scene(data_dir=folder, min_free_bytes=str(RESERVE)) as scene:
        run = Run(scene, seed, disk)
        broken = [*_reserve(run), *_full(run), *_no_growth(run)]
        broken += ["deliveries wait"] * (not scene.settle())
        book = scene.book(*run.senders)
        broken += [each for each in book.broken() if not each.endswith("is deleted")]
        figures: dict[str, object] = dict(book.figures())
        figures["not_now"] = sum(attempt.code in NOT_NOW for attempt in book.attempts)
        broken += _expires(scene)
    figures["all_s"] = time.monotonic() - begun
    return report("disk_full", seed, figures, broken)


def _reserve(run: Run) -> Iterator[str]:
    """Below the reserve: nothing new, but everything else."""
    scene, pid = run.scene, run.scene.supervisor.pid("relay")
    if not (run.send(TEST_STRING + b"\r\n", 2).join(PATIENCE)):
        yield "reserve: mail was not taken while there was room"
    scene.sink.down()
    run.send().join(PATIENCE)
    run.fill(ROOM)
    time.sleep(1)
    late = run.send()
    until(lambda: len(late.attempts) >= MAILS, fail=False)
    taken = [attempt for attempt in late.attempts if attempt.step == DOT]
    said = {f"{attempt.code} {attempt.reply[:5]}" for attempt in late.attempts}
    if taken or said != {f"452 {NO_ROOM}"}:
        yield f"reserve: {len(taken)} mails got as far as their data, answers {sorted(said)}"
    scene.sink.up()
    came = len(scene.sink.taken)
    yield from _deeds(scene)
    if not scene.settle() or len(scene.sink.taken) == came:
        yield "reserve: what waited was not delivered"
    run.empty()
    if not late.join(HEALS_WITHIN) or scene.supervisor.pid("relay") != pid:
        yield "reserve: the relay does not take mail again by itself"
        late.join(PATIENCE)


def _deeds(scene: Scene) -> Iterator[str]:
    """Release one held mail and delete another while there is no room."""
    with closing(scene.store()) as store:
        with store.read() as db:
            held = select(Delivery.id).where(Delivery.state == State.QUARANTINED)
            numbers = db.scalars(held.order_by(Delivery.id)).all()
        first, second, *_ = *numbers, 0, 0
        with store.write() as db:
            may = rights.of_classes(quarantine.SELF_SERVICE)
            released = quarantine.release(db, EVERYBODY, first, by="faults", may=may)
            deleted = quarantine.delete(db, EVERYBODY, second, by="faults")
    if not (released and deleted):
        yield f"reserve: released {released}, deleted {deleted}"


def _full(run: Run) -> Iterator[str]:
    """Without a reserve, to the last byte."""
    run.scene.supervisor.env = {**run.scene.env, f"{PREFIX}MIN_FREE_BYTES": "0"}
    run.scene.restart("relay")
    run.scene.wait_up(["relay"])
    run.fill(0)
    yield from _told_later(run, "full")
    run.empty()
    if not run.senders[-1].join(PATIENCE):
        yield "full: the relay does not take mail again"


def _no_growth(run: Run) -> Iterator[str]:
    """With files that may not grow beyond a size."""
    limit = (LARGEST_FILE, LARGEST_FILE)
    resource.prlimit(run.scene.supervisor.pid("relay"), resource.RLIMIT_FSIZE, limit)
    yield from _told_later(run, "no growth")
    run.scene.restart("relay")
    if not run.senders[-1].join(PATIENCE):
        yield "no growth: the relay does not take mail again"


def _told_later(run: Run, what: str) -> Iterator[str]:
    sender = run.send(LINE * (2 * LARGEST_FILE // len(LINE)))
    until(lambda: len(sender.attempts) >= MAILS, PATIENCE, fail=False)
    if not any(attempt.code in NOT_NOW or attempt.code == 0 for attempt in sender.attempts):
        yield f"{what}: nothing failed, so nothing was tried"


def _expires(scene: Scene) -> Iterator[str]:
    """What is past its days goes, with its packs."""
    with closing(scene.store()) as store, time_machine.travel(clock.now() + timedelta(days=45)):
        retention.expire(store)
    left = list((scene.settings.data_dir / "packs").glob("*/*.pack"))
    if left:
        yield f"{len(left)} packs are left after expiry"


if __name__ == "__main__":
    sys.exit(main())
