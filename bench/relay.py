"""How fast the relay takes mail and hands it on, and whether each 250 is stored once.

    python -m bench.relay --mails 2000 --sessions 20 --size 10240
    python -m bench.relay --peer 127.0.0.1:22602 --peer-recipient user@lab.invalid --peer-sink 22525

Prints accepted and drained mails per second, the reply to the dot (p50, p95), processor time
per mail and memory (PSS) of all our processes, and exits with 1 if a promise was broken. With
`--peer` another server, which delivers to the sink's port on loopback, is measured the same way
in the same run, in turns.
"""

import argparse
import statistics
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import select

from bench.installation import USER, Installation
from bench.load import TAKEN, Load
from bench.measured import Measured, measure, say
from bench.processes import Usage
from bench.sink import Sink
from mailstore.addresses import parse_host_port
from mailstore.messages import Message


def main() -> int:
    """Run the bench; 1 if a mail that was answered 250 is missing or stored twice."""
    args = _arguments()
    rules_off = "*" if args.rules_off else ""
    with Installation(RULES_OFF=rules_off) as it:
        ours, peers = [], []
        usage = Usage(it.supervisor.pids(), memory_of=[it.supervisor.pid("relay")])
        with _peer_sink(args) as peer_sink:
            for repeat in range(args.repeats):
                ours.append(_measure(args, it.smtp, [USER], it.sink, repeat))
                if peer_sink is not None:
                    port = parse_host_port(args.peer)[1]
                    whom = [args.peer_recipient]
                    peers.append(_measure(args, port, whom, peer_sink, repeat))
                    say(f"peer: {peers[-1]}")
                say(f"ours: {ours[-1]}")
        used = usage.since()
        broken = _broken_promises(it, [each.load for each in ours])
    taken = sum(each.taken for each in ours)
    say(f"processor: {used.seconds / max(taken, 1) * 1000:.2f} ms per mail")
    say(
        f"memory (PSS) of relay and children: {used.idle / 2**20:.0f} MB idle, "
        f"{used.peak / 2**20:.0f} MB under load"
    )
    say(f"promises: {'; '.join(broken) or 'each 250 is stored once and was delivered once'}")
    if peers:
        ratio = _median(ours) / _median(peers)
        say(f"drained, median of {args.repeats}: {ratio:.2f} times the peer")
    return 1 if broken else 0


def _measure(
    args: argparse.Namespace, port: int, recipients: Sequence[str], sink: Sink, repeat: int
) -> Measured:
    return measure(
        Load(
            port,
            recipients,
            args.mails,
            args.size,
            args.sessions,
            reuse=not args.connect,
            first=repeat * args.mails,
        ),
        sink,
    )


def _broken_promises(it: Installation, loads: Sequence[Load]) -> list[str]:
    promised = {sent.id for load in loads for sent in load.ledger if sent.code == TAKEN}
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


@contextmanager
def _peer_sink(args: argparse.Namespace) -> Iterator[Sink | None]:
    if not args.peer:
        yield None
        return
    sink = Sink(port=args.peer_sink)
    sink.start()
    try:
        yield sink
    finally:
        sink.stop()


def _median(measured: Sequence[Measured]) -> float:
    return statistics.median(each.rate for each in measured)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--mails", type=int, default=2000)
    parser.add_argument("--size", type=int, default=10_240, help="bytes of a mail")
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--connect", action="store_true", help="a new connection for each mail")
    parser.add_argument("--rules-off", action="store_true", help="ask no rule")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--peer", default="", help="HOST:PORT of another server")
    parser.add_argument("--peer-recipient", default="user@lab.invalid")
    parser.add_argument("--peer-sink", type=int, default=22525, help="where the peer delivers")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
