"""How fast a queue is handed on, next to Postfix emptying the same queue into the same sink.

    python -m bench.drain --mails 10000 --repeats 2
    python -m bench.drain --domains 1000
    python -m bench.drain --dead 50000 --live 100

The first measures in turns, from the sink's first connection to the last mail: ours, ours with
Redis, and Postfix, each where it is installed (Postfix needs root). With `--domains` each mail is
for a domain with a next hop of its own; with `--dead` so many mails wait for a next hop that does
not answer, and a few younger ones for one that does. These two count from the start of our worker.
Exits with 1 if a mail is missing or came twice.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from bench.backlog import add_domains, the_person, wait_in_line
from bench.fastsink import HERE, Arrivals, FastSink
from bench.installation import USER, Installation, free_port, wait_for
from bench.measured import say
from bench.postfix import Postfix, is_possible
from filter.supervisor import Supervisor
from mailstore.commands import flask

PATIENCE = 120.0
PLACES = 20
POSTFIX = "Postfix"
BLOCK = 250


@dataclass(slots=True)
class Server:
    """One that hands on queues: what it does for a sink, and what came each time."""

    name: str
    empty: Callable[[FastSink], None]
    runs: list[Arrivals] = field(default_factory=list)

    @property
    def rates(self) -> list[float]:
        """Mails per second in each of its runs."""
        return [len(each.ids) / each.seconds if each.ids else 0.0 for each in self.runs]

    @property
    def rate(self) -> float:
        """Mails per second, the median of its runs."""
        return statistics.median(self.rates)

    @property
    def row(self) -> str:
        """Connections, order and repetitions, the worst of its runs, as cells of a table."""
        most = max(each.most for each in self.runs)
        off = max(each.out_of_order(PLACES) for each in self.runs)
        twice = max(each.twice for each in self.runs)
        return f"{most} | {off * 100:.1f} % | {twice}"


def main(given: Sequence[str] | None = None) -> int:
    """Run the bench; 1 if a mail is missing or came twice."""
    args = _arguments(given)
    if args.domains:
        return _one_each(args.domains, args.size)
    if args.dead:
        return _beside_the_dead(args.dead, args.live, args.size)
    return _in_turns(args)


def _in_turns(args: argparse.Namespace) -> int:
    with _redis() as redis, FastSink() as sink:
        servers = list(_servers(args, redis))
        for _ in range(args.repeats):
            for server in servers:
                sink.forget()
                server.empty(sink)
                server.runs.append(sink.report())
                say(f"{server.name}: {server.rates[-1]:.0f} mails/s")
    _show(servers)
    return max(_verdict(each, args.mails) for server in servers for each in server.runs)


def _servers(args: argparse.Namespace, redis: str) -> Iterator[Server]:
    yield Server("ours", lambda sink: _ours(args, sink))
    if redis:
        yield Server("ours, Redis", lambda sink: _ours(args, sink, redis))
    if is_possible():
        yield Server(POSTFIX, lambda sink: _postfix(args, sink))


def _ours(args: argparse.Namespace, sink: FastSink, redis: str = "") -> None:
    with _nothing_runs(f"{HERE}:{sink.port}", redis) as it:
        person = the_person(it, USER)
        wait_in_line(it, ((number, person) for number in range(args.mails)), args.size)
        _hand_on(it, sink, args.mails)


def _postfix(args: argparse.Namespace, sink: FastSink) -> None:
    with Postfix(sink.port) as it:
        it.take(args.mails, args.size, [USER])
        os.sync()
        it.hand_on()
        sink.wait(args.mails, PATIENCE)


def _one_each(count: int, size: int) -> int:
    addresses = [f"127.1.{each // BLOCK}.{each % BLOCK + 1}" for each in range(count)]
    with FastSink(addresses) as sink, _nothing_runs() as it:
        people = add_domains(it, [f"{each}:{sink.port}" for each in addresses])
        wait_in_line(it, enumerate(people), size)
        begun = _hand_on(it, sink, count)
        arrivals = sink.report()
    say(
        f"{count} domains, a next hop each: {_last(arrivals) - begun:.1f} s to the last mail, "
        f"{_last(arrivals) - arrivals.connected_at:.1f} s of it from the first connection; "
        f"{arrivals.most} connections at most"
    )
    return _verdict(arrivals, count)


def _beside_the_dead(dead: int, live: int, size: int) -> int:
    with FastSink() as sink, _nothing_runs(f"{HERE}:{free_port()}") as it:
        (alive,) = add_domains(it, [f"{HERE}:{sink.port}"])
        people = [the_person(it, USER)] * dead + [alive] * live
        wait_in_line(it, enumerate(people), size)
        begun = _hand_on(it, sink, live)
        arrivals = sink.report()
    say(
        f"{live} mails beside {dead} for a dead next hop: {_last(arrivals) - begun:.1f} s to the "
        "last of them"
    )
    return _verdict(arrivals, live)


def _nothing_runs(hop: str = "", redis: str = "") -> Installation:
    """Return an installation without processes; of what waits in it nothing goes out."""
    return Installation((), next_hop=hop, REDIS_URL=redis, SMARTHOST="")


def _hand_on(it: Installation, sink: FastSink, count: int) -> float:
    """Run a worker until the sink has so many mails; returns when it was started."""
    os.sync()  # what was written to make the queue is not measured
    worker = Supervisor({"worker": flask("worker")}, it.env, it.folder / "log")
    begun = time.monotonic()
    worker.start()
    try:
        sink.wait(count, PATIENCE)
    finally:
        worker.end()
    return begun


def _last(arrivals: Arrivals) -> float:
    return max(arrivals.moments, default=float("nan"))


def _verdict(arrivals: Arrivals, count: int) -> int:
    missing, twice = arrivals.missing(count), arrivals.twice
    if missing or twice:
        say(f"broken: {missing} of {count} mails are missing, {twice} came twice")
    return int(bool(missing or twice))


def _show(servers: Sequence[Server]) -> None:
    peer = next((each.rate for each in servers if each.name == POSTFIX), None)
    say(f"| server | mails/s | times {POSTFIX} | connections | out of order | twice |")
    say("|---|--:|--:|--:|--:|--:|")
    for each in servers:
        times = f"{each.rate / peer:.2f}" if peer else "-"
        say(f"| {each.name} | {each.rate:.0f} | {times} | {each.row} |")


@contextmanager
def _redis() -> Iterator[str]:
    """Run a Redis of our own, and yield its address; nothing where it is not installed."""
    program = shutil.which("redis-server")
    if program is None:
        yield ""
        return
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        options = ["--port", str(port), "--bind", HERE, "--save", "", "--dir", folder]
        server = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)  # noqa: S603 (of this bench)
        try:
            wait_for(port)
            yield f"redis://{HERE}:{port}/0"
        finally:
            server.terminate()
            server.wait()


def _arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--mails", type=int, default=10_000)
    parser.add_argument("--size", type=int, default=10_240, help="bytes of a mail")
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--domains", type=int, default=0, help="only this: a mail for each")
    parser.add_argument("--dead", type=int, default=0, help="only this: mails that cannot go")
    parser.add_argument("--live", type=int, default=100, help="mails beside them that can")
    return parser.parse_args(given)


if __name__ == "__main__":
    sys.exit(main())
