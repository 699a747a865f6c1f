"""Clients that are slow, many, or send mail of nothing but line ends.

    python -m tests.faults.slow_clients --slow 500 --large 40 --mib 24

Slowloris connections beside an ordinary sender; a slow one that is alive and a silent one; the
limits of connections in all and from one address; a relay with 256 descriptors; large mails of
CRLF only, many at once. Always an ordinary mail is answered within two seconds, the relay's
memory stays flat, and service is back within five seconds.
"""

import contextlib
import resource
import socket
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from bench.load import TAKEN, mail
from tests.faults.crowd import Crowd, addresses, busy, memory, most_memory
from tests.faults.scene import Scene, arguments, report, until
from tests.faults.sender import DOT, Attempt, Letter, Sender, odd_letters

MOST, PER_ADDRESS, TIMEOUT = 600, 30, 3
LIMITS: dict[str, Any] = {
    "trusted_peers": "192.0.2.1",
    "max_connections": str(MOST),
    "max_connections_per_address": str(PER_ADDRESS),
    "max_new_per_minute": "100000",
    "smtp_timeout_seconds": str(TIMEOUT),
}
ANSWER_WITHIN, BACK_WITHIN, PATIENCE = 2.0, 5.0, 120.0
MIB = 2**20
FLAT, MOST_GROWTH = 64 * MIB, 100 * MIB
DESCRIPTORS, IDLE_SHARE = 256, 0.5
# Whoever has no greeting by then gets none while the others stay.
IGNORED_SECONDS = 2.0
READY, NOT_NOW = 220, 421
ALIVE, SILENT = [1.0] * 2 * TIMEOUT, [TIMEOUT + 2.0]


class Visit:
    """The scene, what is broken, and the figures."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.figures: dict[str, object] = {}
        self.senders: list[Sender] = []

    @property
    def pid(self) -> int:
        return self.scene.supervisor.pid("relay")

    def ordinary(self, what: str, within: float = ANSWER_WITHIN) -> Iterator[str]:
        """Send an ordinary mail; yield it if that takes too long."""
        number = 10_000 + len(self.senders)
        letter = Letter(str(number), (self.scene.people[0],), mail(number, 3000))
        sender = Sender(self.scene.smtp, [letter], sessions=1, source="127.0.250.1")
        self.senders.append(sender)
        begun = time.monotonic()
        sender.start()
        done = sender.join(PATIENCE)
        seconds = time.monotonic() - begun
        self.figures[f"{what}_s"] = seconds
        if not done or seconds > within:
            yield f"{what}: an ordinary mail took {seconds:.1f} s"


def main(argv: Sequence[str] | None = None) -> int:
    """Run it; 1 if somebody can stop the others."""
    args = arguments(__doc__, slow=500, large=40, mib=24).parse_args(argv)
    begun = time.monotonic()
    with Scene(**LIMITS) as scene:
        visit = Visit(scene)
        broken = [*_slowloris(visit, args.slow), *_alive_or_silent(visit), *_limits(visit)]
        broken += _few_descriptors(visit)
        broken += _line_ends(visit, args.large, args.mib)
        scene.settle()
        broken += scene.book(*visit.senders).broken()
    figures = {"slow": args.slow, "large": args.large, "mib": args.mib} | visit.figures
    figures["all_s"] = time.monotonic() - begun
    return report("slow_clients", args.seed, figures, broken)


def _slowloris(visit: Visit, count: int) -> Iterator[str]:
    before = memory(visit.pid)
    with Crowd(visit.scene.smtp).running() as crowd:
        greeted = crowd.come(addresses(count, 1)).count(READY)
        crowd.drip(1.0)
        yield from visit.ordinary("slowloris")
        # Each gets the silence allowed, and is then too slow.
        until(lambda: crowd.gone() >= count, 4 * TIMEOUT, fail=False)
        visit.figures["slow_gone"] = gone = crowd.gone()
    growth = memory(visit.pid) - before
    visit.figures["slow_growth_mib"] = growth / MIB
    if greeted < count or gone < count:
        yield f"slowloris: {greeted} of {count} greeted, {gone} sent away"
    if growth > FLAT:
        yield f"slowloris: memory grew by {growth / MIB:.0f} MiB"


def _alive_or_silent(visit: Visit) -> Iterator[str]:
    """A client that sends a line a second is let finish; one that is silent is not."""
    with ThreadPoolExecutor(2) as both:
        alive, silent = both.map(lambda pauses: _line_by_line(visit, pauses), (ALIVE, SILENT))
    visit.senders.append(alive)
    for sender, wanted in ((alive, TAKEN), (silent, NOT_NOW)):
        (attempt,) = sender.attempts
        if attempt.code != wanted:
            yield f"a slow client: {attempt.code} {attempt.reply}, wanted {wanted}"


def _line_by_line(visit: Visit, pauses: Sequence[float]) -> Sender:
    """Send a mail with a pause after each of its lines but the first; return who tried."""
    number = 20_000 + len(pauses)
    lines = [b"X-Bench-Id: %d\r\n" % number]
    lines += [b"X-Line-%d: " % line + b"x" * 900 + b"\r\n" for line in range(len(pauses))]
    letter = Letter(str(number), (visit.scene.people[0],), b"".join(lines))
    sender, attempt = Sender(visit.scene.smtp, [letter]), Attempt(letter, time.monotonic(), DOT)
    timed = zip(lines, [0.0, *pauses], strict=True)
    attempt.code, attempt.reply = _slowly(visit.scene.smtp, letter, timed)
    sender.attempts.append(attempt)
    return sender


def _slowly(port: int, letter: Letter, timed: Iterable[tuple[bytes, float]]) -> tuple[int, str]:
    """Send a mail line by line and return the answer."""
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.settimeout(PATIENCE)
        said = client.makefile("rb")
        said.readline()
        recipient = f"RCPT TO:<{letter.recipients[0]}>".encode()
        for command in (b"HELO slow", b"MAIL FROM:<slow@sender.example>", recipient, b"DATA"):
            client.sendall(command + b"\r\n")
            said.readline()
        with contextlib.suppress(ConnectionError):
            for line, pause in timed:
                client.sendall(line)
                time.sleep(pause)
            client.sendall(b".\r\n")
        reply = said.readline().decode()
    return int(reply[:3] or 0), reply[4:].strip()


def _limits(visit: Visit) -> Iterator[str]:
    """One more than allowed gets 421, from one address and in all."""
    with Crowd(visit.scene.smtp).running() as crowd:
        one = crowd.come([f"127.0.2.{PER_ADDRESS}"] * (PER_ADDRESS + 1))
        everybody = crowd.come(addresses(MOST - PER_ADDRESS, 3))
        (late,) = crowd.come(["127.0.4.1"])
    if sorted(one) != [READY] * PER_ADDRESS + [NOT_NOW]:
        yield f"limits: from one address {set(one)}, {one.count(READY)} of {PER_ADDRESS} greeted"
    if everybody.count(READY) != MOST - PER_ADDRESS or late != NOT_NOW:
        yield f"limits: {everybody.count(READY)} more greeted, and then {late}"
    yield from visit.ordinary("after_limits", BACK_WITHIN)


def _few_descriptors(visit: Visit) -> Iterator[str]:
    """More connections than descriptors: the relay neither spins nor ends."""
    pid = visit.pid
    allowed = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (DESCRIPTORS, allowed[1]))
    with Crowd(visit.scene.smtp).running() as crowd:
        crowd.come(addresses(DESCRIPTORS + 50, 5), seconds=IGNORED_SECONDS)
        visit.figures["full_busy"] = share = busy(pid, 2.0)
    yield from visit.ordinary("after_full", BACK_WITHIN)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, allowed)
    if share > IDLE_SHARE:
        yield f"descriptors: the relay uses {share:.2f} of a processor and does nothing"
    if visit.pid != pid:
        yield "descriptors: the relay ended"


def _line_ends(visit: Visit, count: int, mib: int) -> Iterator[str]:
    """Large mails of nothing but line ends, many at once."""
    before, content = memory(visit.pid), b"\r\n" * (mib * MIB // 2)
    load = odd_letters([content] * count, visit.scene.people[0], 0)
    halves = [load[: count // 2], load[count // 2 :]]
    large = [
        Sender(visit.scene.smtp, half, sessions=len(half), source=f"127.0.6.{number + 1}")
        for number, half in enumerate(halves)
    ]
    for sender in large:
        sender.start()
    time.sleep(1)
    yield from visit.ordinary("line_ends")
    most = most_memory(visit.pid, lambda: all(sender.join(0.1) for sender in large))
    visit.senders += large
    visit.figures["line_ends_growth_mib"] = (most - before) / MIB
    if most - before > MOST_GROWTH:
        yield f"line ends: memory grew by {(most - before) / MIB:.0f} MiB"


if __name__ == "__main__":
    sys.exit(main())
