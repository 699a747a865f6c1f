"""Redis is absent, killed, something else, frozen, emptied, read-only or full while mail comes.

    python -m tests.faults.redis_gone --mails 20 --hold 8

Redis only wakes. Whatever befalls it before, during or after a job is asked for, mail is taken as
ever and the sweep finds it soon; a job that is asked for a hundred times delivers nothing twice.
Once Redis is back, workers are woken again: mail is there before the next sweep.
"""

import random
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing

from rq import Queue
from rq.serializers import JSONSerializer
from sqlalchemy import select

from bench.load import mail
from mailstore.lanes import Lane
from mailstore.redisjobs import FUNCTION, QUEUE
from tests.faults.kill import program
from tests.faults.scene import Scene, arguments, report, until
from tests.faults.sender import Letter, Sender, letters
from tests.redis_server import TROUBLES, RedisServer

SWEEP_SECONDS = 3.0
# Whoever waits for Redis waits for two seconds; a busy machine makes a few answers as slow.
SLOW = 2.0
MOST = {"slow_share": 0.1, "swept_s": 15.0, "woken_s": 1.0}
PATIENCE = 60.0
COPIES = 100
PROBES = 7
SIZE, LARGEST = 2000, 5000


def main(argv: Sequence[str] | None = None) -> int:
    """Run it; 1 if mail is lost, late, or comes twice."""
    args = arguments(__doc__, mails=10, hold=1.0).parse_args(argv)
    chance, begun = random.Random(args.seed), time.monotonic()  # noqa: S311 (repeatable on purpose)
    with RedisServer(program("redis-server")) as server:
        server.kill()
        scene = Scene(redis_url=server.url)
        scene.launch("worker", "--every", str(SWEEP_SECONDS))
        with scene:
            count = args.mails * (len(TROUBLES) + 2)
            load = letters(chance, count, scene.people, largest=LARGEST)
            senders = [Sender(scene.smtp, load, at_once=args.mails)]
            senders[0].start()
            broken = [*_befall(scene, server, senders[0], args.mails, args.hold)]
            senders.append(_probe(scene, count))
            broken += ["deliveries wait"] * (not scene.settle(PATIENCE))
            book = scene.book(*senders)
            broken += book.broken()
            figures = book.figures() | _delays(scene, *senders)
    broken += [f"{name} is {figures[name]:.2f}" for name in MOST if figures[name] > MOST[name]]
    figures["all_s"] = time.monotonic() - begun
    return report("redis_gone", args.seed, figures, broken)


def _befall(
    scene: Scene, server: RedisServer, sender: Sender, mails: int, hold: float
) -> Iterator[str]:
    """Let one trouble after the other befall Redis, with mail before and during each."""
    time.sleep(hold)
    server.start()
    for name, trouble in TROUBLES.items():
        sender.release(mails // 2)
        with trouble(server):
            scene.note(f"redis {name}")
            sender.release(mails - mails // 2)
            time.sleep(hold)
    until(lambda: server.listeners() > 0)
    _ask_often(scene, server)
    with closing(server.client()) as client:
        client.config_resetstat()
        sender.release(len(sender.letters))
        until(lambda: "cmdstat_rpush" in client.info("commandstats"))
    if not sender.join(PATIENCE):
        yield "mail was not taken"


def _ask_often(scene: Scene, server: RedisServer) -> None:
    """Ask for each job that sends mail a hundred times, in Redis itself."""
    with closing(scene.store()) as store, store.read() as db:
        lanes = db.scalars(select(Lane.id)).all()
    with closing(server.client()) as client:
        queue = Queue(QUEUE, connection=client, serializer=JSONSerializer)
        for lane in [*lanes] * COPIES:
            queue.enqueue_call(FUNCTION, args=("drain", lane))


def _probe(scene: Scene, first: int) -> Sender:
    """Send mails over the time from one sweep to the next."""
    numbers = range(first, first + PROBES)
    probes = [Letter(str(number), (scene.people[0],), mail(number, SIZE)) for number in numbers]
    sender = Sender(scene.smtp, probes, sessions=1, pace=SWEEP_SECONDS / PROBES)
    sender.start()
    sender.join(PATIENCE)
    return sender


def _delays(scene: Scene, swept: Sender, woken: Sender) -> dict[str, float]:
    slow = sum(attempt.waited > SLOW for attempt in swept.attempts)
    return {
        "slow_share": slow / len(swept.attempts),
        "swept_s": _latest(scene, swept),
        "woken_s": _latest(scene, woken),
    }


def _latest(scene: Scene, sender: Sender) -> float:
    """Return the longest time from an answer to the mail's arrival."""
    came = {taken.id: taken.at for taken in reversed(scene.sink.taken)}
    answered = [each for each in sender.attempts if each.promised and each.letter.id in came]
    return max(came[each.letter.id] - each.ended for each in answered)


if __name__ == "__main__":
    sys.exit(main())
