"""Watches what relay and worker sync and when, then makes syncs and writes fail, call by call.

    python -m tests.faults.sync_order --mails 40 --failures 8

First the order audit with strace on both processes, of every accept and every commit. Then,
for each N, the N-th sync of each thread of the relay fails with EIO, or its N-th write to the
rows' file and all later ones with ENOSPC: the mail is not promised, the process ends, and the
next one works.
"""

import random
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from sqlalchemy import select

from mailstore.messages import Message
from mailstore.packs import Place
from tests.faults.audit import Audit
from tests.faults.scene import Scene, arguments, report, until
from tests.faults.sender import Sender, letters
from tests.faults.trace import calls

WATCHED = (
    "openat,read,recvfrom,recvmsg,write,writev,sendto,sendmsg,pwrite64,fdatasync,fsync,ftruncate"
)
# The tracer is a grandchild, so that our process keeps the id its supervisor knows.
STRACE = ("strace", "-D", "-f")
# A page of the WAL, so that a row's id is seen.
SHOWN = "4200"
LARGEST = 4000
MAILS = 3
PATIENCE, LONGEST, SOON = 60.0, 10.0, 1.0
NOT_NOW = (421, 451, 452)
SYNCS, WRITES = "fsync,fdatasync:error=EIO:when={}", "pwrite64:error=ENOSPC:when={}+"


def main(argv: Sequence[str] | None = None) -> int:
    """Run it; 1 if a 250 came too soon, or a failure was not told."""
    args = arguments(__doc__, mails=40, failures=4).parse_args(argv)
    chance, begun = random.Random(args.seed), time.monotonic()  # noqa: S311 (repeatable on purpose)
    figures: dict[str, object] = {}
    broken: list[str] = []
    with Scene() as scene:
        sender = Sender(scene.smtp, letters(chance, args.mails, scene.people, largest=LARGEST))
        broken += _audited(scene, sender, figures)
        senders = [sender]
        for failure in (SYNCS, WRITES):
            for number in range(1, args.failures + 1):
                first = args.mails + len(senders) * MAILS
                more = letters(chance, MAILS, scene.people, first=first, largest=LARGEST)
                senders.append(Sender(scene.smtp, more, sessions=1))
                broken += _fails(scene, senders[-1], failure.format(number))
        died = scene.logged()["storage_failed"]
        scene.settle(PATIENCE)
        book = scene.book(*senders)
        broken += book.broken()
    counted = {"unanswered", "promised", "attempts"}
    figures |= {name: value for name, value in book.figures().items() if name in counted}
    figures |= {"failures": 2 * args.failures, "storage_failed": died}
    figures["all_s"] = time.monotonic() - begun
    return report("sync_order", args.seed, figures, broken)


def _audited(scene: Scene, sender: Sender, figures: dict[str, object]) -> Iterator[str]:
    """Send mail under strace; yield what was told too soon."""
    files = {name: scene.folder / f"trace-{name}" for name in ("relay", "worker")}
    for name, file in files.items():
        scene.restart(name, prefix=_strace("-y", "-s", SHOWN, "-o", file, "-e", f"trace={WATCHED}"))
    scene.wait_up()
    sender.start()
    if not (sender.join(PATIENCE) and scene.settle(PATIENCE)):
        yield "the mails under strace did not all come"
    for name in files:
        scene.restart(name)
    scene.wait_up()
    relay, worker = (_audit(file) for file in files.values())
    yield from relay.accepted(_places(scene))
    for audit in (relay, worker):
        yield from audit.unsynced()
    yield from worker.unrecorded()
    figures["accepts"] = len(relay.accepts)
    figures["hop_replies"] = len(worker.taken_by_hop())
    figures["commits"] = len(relay.commits()) + len(worker.commits())
    if len(relay.accepts) < sum(attempt.promised for attempt in sender.attempts):
        yield "the trace does not show every accept"


def _fails(scene: Scene, sender: Sender, failure: str) -> Iterator[str]:
    """Let calls of the relay fail; yield it if the process goes on after a failed sync."""
    trace = scene.folder / f"trace-{failure}"
    names = failure.partition(":")[0]
    options = ("-y", "-o", trace, "-e", f"trace={names}", "-e", f"inject={failure}")
    scene.restart("relay", prefix=_strace(*options))
    scene.wait_up(["relay"])
    scene.launch("relay")
    pid = scene.supervisor.pid("relay")
    sender.start()
    until(lambda: _told(sender), LONGEST, fail=False)
    until(lambda: bool(_lost(trace)) or scene.supervisor.pid("relay") != pid, SOON, fail=False)
    lost = _lost(trace)
    ends = LONGEST if lost else 0.0
    ended = until(lambda: scene.supervisor.pid("relay") != pid, ends, fail=False)
    if not ended:
        scene.restart("relay")
    scene.wait_up(["relay"])
    if not sender.join(PATIENCE):
        yield f"{failure}: mail was never taken"
    if lost and not ended:
        yield f"{failure}: the relay went on after a failed sync of {' and '.join(lost)}"


def _lost(trace: Path) -> list[str]:
    with trace.open(errors="replace") as lines:
        return sorted({Path(call.path).suffix for call in calls(lines) if call.loses})


def _told(sender: Sender) -> bool:
    """Whether a mail was turned away, or none is left."""
    return not sender.waiting or any(attempt.code in NOT_NOW for attempt in sender.attempts)


def _audit(file: Path) -> Audit:
    with file.open(errors="replace") as lines:
        return Audit(list(calls(lines)))


def _places(scene: Scene) -> dict[str, Place]:
    with closing(scene.store()) as store, store.read() as db:
        rows = db.scalars(select(Message)).all()
    return {row.public_id: row.place for row in rows if row.place is not None}


def _strace(*options: str | Path) -> list[str]:
    return [*STRACE, *map(str, options)]


if __name__ == "__main__":
    sys.exit(main())
