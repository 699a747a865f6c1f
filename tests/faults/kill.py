"""Kills processes at random moments under load, and joins the ledger at the end.

    python -m tests.faults.kill --kills 200 --mails 20000 [--seed N] [--database postgresql]

One of relay and worker, or the whole group, dies 50 to 500 ms after all are up. Senders try
again whatever was not answered; nothing may be lost, and nothing come twice without a reason.
"""

import random
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from tests.conftest import SEARCHED
from tests.faults.scene import Scene, arguments, report
from tests.faults.sender import Sender, letters
from tests.postgres import Postgres

VICTIMS = (("relay",), ("worker",), ("relay", "worker"))
SOONEST, LATEST = 0.05, 0.5
MOST_SECONDS = 1500.0
BACK_WITHIN = 10.0


def main(argv: Sequence[str] | None = None) -> int:
    """Run it; 1 if an invariant is broken."""
    parser = arguments(__doc__, kills=20, mails=1000, sessions=6)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    args = parser.parse_args(argv)
    chance, begun = random.Random(args.seed), time.monotonic()  # noqa: S311 (repeatable on purpose)
    with database(args.database) as settings, Scene(**settings) as scene:
        load = letters(chance, args.mails, scene.people)
        sender = Sender(scene.smtp, load, args.sessions, at_once=0)
        sender.start()
        slowest = _kill_all(scene, chance, sender, args.kills)
        killed = time.monotonic() - begun
        left = not sender.join(max(MOST_SECONDS - killed, 1.0))
        drained = scene.settle(MOST_SECONDS)
        book, logged = scene.book(sender), scene.logged()
        broken = book.broken()
    if left or not drained:
        broken.append(f"not done after {MOST_SECONDS:.0f} s")
    if slowest > BACK_WITHIN:
        broken.append(f"back after {slowest:.1f} s only")
    figures = {"database": args.database, "kills": args.kills} | book.figures()
    figures |= {name: logged[name] for name in ("lease_lost", "job_failed", "recording_failed")}
    figures |= {"slowest_back_s": slowest, "kills_s": killed, "all_s": time.monotonic() - begun}
    return report("kill", args.seed, figures, broken)


def _kill_all(scene: Scene, chance: random.Random, sender: Sender, kills: int) -> float:
    """Kill so often; return the longest time that something was away."""
    slowest = 0.0
    for _ in range(kills):
        # The load lasts as long as the kills do.
        sender.release(len(sender.letters) // kills)
        slowest = max(slowest, _kill_one(scene, chance))
    sender.release(len(sender.letters))
    return slowest


def _kill_one(scene: Scene, chance: random.Random) -> float:
    """Kill a process or all; return how long it took until all were back."""
    time.sleep(chance.uniform(SOONEST, LATEST))
    victims, begun = chance.choice(VICTIMS), time.monotonic()
    scene.kill(*victims)
    scene.wait_up(victims)
    return time.monotonic() - begun


@contextmanager
def database(name: str) -> Iterator[dict[str, Any]]:
    """Give the settings that choose a database, run for as long as it is wanted."""
    if name == "sqlite":
        yield {}
        return
    with Postgres(program("postgres")) as server:
        yield {"database_url": server.url(server.create())}


def program(name: str) -> str:
    """Return the path of a daemon; raises FileNotFoundError."""
    path = shutil.which(name, path=SEARCHED)
    if path is None:
        raise FileNotFoundError(name)
    return path


if __name__ == "__main__":
    sys.exit(main())
