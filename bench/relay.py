"""How fast the relay takes mail and hands it on, and whether each 250 is stored once.

    python -m bench.relay --mails 2000 --sessions 20 --size 10240

Prints accepted and drained mails per second, the reply to the dot (p50, p95), processor time
per mail and memory (PSS) of all our processes, and exits with 1 if a promise was broken.
"""

import argparse
import asyncio
import sys
import time
from collections import Counter
from collections.abc import Sequence

from sqlalchemy import select

from bench.installation import USER, Installation
from bench.load import TAKEN, Load
from bench.processes import Usage
from mailstore.messages import Message

DRAIN_SECONDS = 300.0


def main() -> int:
    """Run the bench; 1 if a mail that was answered 250 is missing or stored twice."""
    args = _arguments()
    with Installation(("relay", "worker")) as it:
        load = Load(it.smtp, USER, args.mails, args.size, args.sessions, reuse=not args.connect)
        usage = Usage(it.supervisor.pids())
        begun = time.monotonic()
        seconds = asyncio.run(load.run())
        taken = [sent for sent in load.ledger if sent.code == TAKEN]
        it.sink.wait(len(taken), DRAIN_SECONDS)
        drained = time.monotonic() - begun
        used = usage.since()
        times = sorted(sent.seconds * 1000 for sent in load.ledger) or [0.0]
        broken = _broken_promises(it, load)
    print(  # noqa: T201 (what a bench is for)
        f"{args.mails} mails of {args.size} bytes, {args.sessions} sessions"
        f"{', one mail each' if args.connect else ''}\n"
        f"accepted {len(taken)}: {len(taken) / seconds:.0f} mails/s\n"
        f"drained {len(it.sink.taken)}: {len(it.sink.taken) / drained:.0f} mails/s\n"
        f"reply to the dot: p50 {_at(times, 0.5):.1f} ms, p95 {_at(times, 0.95):.1f} ms\n"
        f"processor: {used.seconds / max(len(taken), 1) * 1000:.2f} ms per mail\n"
        f"memory (PSS): {used.peak / 2**20:.0f} MB\n"
        f"promises: {'; '.join(broken) or 'each 250 is stored once and was delivered once'}"
    )
    return 1 if broken else 0


def _broken_promises(it: Installation, load: Load) -> list[str]:
    promised = {sent.id for sent in load.ledger if sent.code == TAKEN}
    with it.store().read() as db:
        ids = db.scalars(select(Message.message_id)).all()
    stored = Counter(each.partition("@")[0].removeprefix("<") for each in ids)
    delivered = Counter(taken.id for taken in it.sink.taken)
    found = []
    for what, count in (("stored", stored), ("delivered", delivered)):
        missing = promised - set(count)
        twice = [each for each, times in count.items() if times > 1]
        if missing:
            found.append(f"{len(missing)} not {what}")
        if twice:
            found.append(f"{len(twice)} {what} twice")
    return found


def _at(ordered: Sequence[float], share: float) -> float:
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--mails", type=int, default=2000)
    parser.add_argument("--size", type=int, default=10_240, help="bytes of a mail")
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--connect", action="store_true", help="a new connection for each mail")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
