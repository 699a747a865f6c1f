"""Odd mails among the load, and mails that spin whoever examines them.

    python -m tests.faults.poison --mails 200 --spinning 6

The samples of tests/messages are mixed in at one in twenty; nobody else notices. Then six mails
spin the examination: an ordinary mail behind them is delayed by less than a second (`--delay`), and
they are held in the end.
"""

import random
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.load import mail
from tests.faults.ledger import HELD
from tests.faults.scene import Scene, arguments, report
from tests.faults.sender import Letter, Sender, letters, odd_letters
from tests.faults.spinning import MARK

SAMPLES = Path(__file__).parent.parent / "messages"
SHARE = 20
EXAMINE_SECONDS = 2
PATIENCE = 60.0
SIZE = 2000
EVIL = "127.0.9.1"
ORDINARY = 5


def main(argv: Sequence[str] | None = None) -> int:
    """Run it; 1 if others are affected."""
    args = arguments(__doc__, mails=200, spinning=6, delay=1.0).parse_args(argv)
    chance, begun = random.Random(args.seed), time.monotonic()  # noqa: S311 (repeatable on purpose)
    scene = Scene(("relay", "worker"), examine_seconds=str(EXAMINE_SECONDS))
    scene.launch("relay", "--examination", "tests.faults.spinning")
    with scene:
        senders = [Sender(scene.smtp, _mixed(chance, args.mails, scene.people))]
        senders[0].start()
        broken = ["the load was not taken"] * (not senders[0].join(PATIENCE))
        # What is still delivered of it must not delay what is timed.
        scene.settle()
        delays: list[float] = []
        broken += _spin(scene, senders, args.spinning, delays)
        scene.settle()
        book = scene.book(*senders)
        broken += book.broken()
    spun = {letter.sha256 for letter in senders[1].letters}
    loose = sum(row.sha256 in spun and row.state is not HELD for row in book.rows)
    broken += [f"{loose} spinning mails are not held"] * (loose > 0)
    if max(delays) > args.delay:
        broken.append(f"an ordinary mail took {max(delays):.1f} s")
    odd = sum(letter.odd for letter in book.letters)
    figures = book.figures() | {"odd": odd, "spinning": args.spinning, "ordinary_s": max(delays)}
    figures["all_s"] = time.monotonic() - begun
    return report("poison", args.seed, figures, broken)


def _mixed(chance: random.Random, count: int, people: Sequence[str]) -> list[Letter]:
    samples = [path.read_bytes() for path in sorted(SAMPLES.glob("*.eml"))]
    lines = [b"\r\n".join(sample.splitlines()) + b"\r\n" for sample in samples]
    chosen = chance.sample(lines, min(max(count // SHARE, 1), len(lines)))
    mixed = letters(chance, count, people) + odd_letters(chosen, people[0], count)
    chance.shuffle(mixed)
    return mixed


def _spin(scene: Scene, senders: list[Sender], count: int, delays: list[float]) -> Iterator[str]:
    """Send mails that spin, and ordinary ones after them, from somebody else."""
    first = len(senders[0].letters)
    marked = [MARK + b"\r\n" + mail(first + number, SIZE) for number in range(count)]
    evil = Sender(
        scene.smtp,
        odd_letters(marked, scene.people[0], first),
        sessions=count,
        source=EVIL,
        mail_from="evil@spinner.example",
    )
    good = [
        Letter(str(number), (scene.people[0],), mail(number, SIZE))
        for number in range(first + count, first + count + ORDINARY)
    ]
    ordinary = Sender(scene.smtp, good, sessions=1, pace=0.2)
    senders += [evil, ordinary]
    evil.start()
    time.sleep(0.5)
    ordinary.start()
    if not ordinary.join(PATIENCE):
        yield "ordinary mail was not taken"
    if not evil.join(PATIENCE):
        yield "the spinning mails were not answered"
    delays += [attempt.waited for attempt in ordinary.attempts]


if __name__ == "__main__":
    sys.exit(main())
