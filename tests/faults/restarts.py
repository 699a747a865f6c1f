"""Asks relay and worker to end, again and again under load, as a deployment does.

    python -m tests.faults.restarts --restarts 10 --pause 3 --mails 2000

Nothing is lost, refused or sent twice, each mail in progress is answered, and no more than ten
seconds pass without an accept.
"""

import itertools
import random
import signal
import sys
import time
from collections.abc import Sequence

from tests.faults.scene import Scene, arguments, report
from tests.faults.sender import Attempt, Sender, letters

LONGEST_GAP = 10.0
PATIENCE = 120.0
PACE = 0.1


def main(argv: Sequence[str] | None = None) -> int:
    """Run it; 1 if an invariant is broken."""
    args = arguments(__doc__, restarts=4, pause=2.0, mails=1000).parse_args(argv)
    chance, begun = random.Random(args.seed), time.monotonic()  # noqa: S311 (repeatable on purpose)
    with Scene() as scene:
        sender = Sender(scene.smtp, letters(chance, args.mails, scene.people), pace=PACE)
        sender.start()
        for _ in range(args.restarts):
            time.sleep(args.pause)
            for name in ("worker", "relay"):
                # Not ambiguous: whoever is asked to end has the time to write down what it did.
                scene.note(f"SIGTERM {name}")
                scene.end(name, number=signal.SIGTERM)
            scene.wait_up()
        left = not sender.join(PATIENCE)
        scene.settle()
        book = scene.book(sender)
        broken, logged = book.broken(), scene.logged()
    gap = _longest_gap(sender.attempts)
    silent = sum(attempt.ambiguous for attempt in sender.attempts)
    broken += ["mail is left"] * left
    broken += [f"{gap:.1f} s without an accept"] * (gap > LONGEST_GAP)
    broken += [f"{silent} mails in progress were not answered"] * (silent > 0)
    figures = {"restarts": args.restarts} | book.figures() | {"longest_gap_s": gap}
    figures |= {name: logged[name] for name in ("job_failed", "lease_lost")}
    figures["all_s"] = time.monotonic() - begun
    return report("restarts", args.seed, figures, broken)


def _longest_gap(attempts: Sequence[Attempt]) -> float:
    ended = sorted(attempt.ended for attempt in attempts if attempt.promised)
    return max((later - sooner for sooner, later in itertools.pairwise(ended)), default=0.0)


if __name__ == "__main__":
    sys.exit(main())
