"""One load on one server, and how long it took until everything had come out again."""

import asyncio
import time
from dataclasses import dataclass

from bench.load import TAKEN, Load
from bench.sink import Sink

DRAIN_SECONDS = 300.0


@dataclass(slots=True)
class Measured:
    """One load, and what became of it."""

    load: Load
    seconds: float
    drained: float

    @property
    def taken(self) -> int:
        """How many mails were answered 250."""
        return sum(sent.code == TAKEN for sent in self.load.ledger)

    @property
    def rate(self) -> float:
        """Drained mails per second."""
        return self.taken / self.drained

    def __str__(self) -> str:
        return (
            f"accepted {self.taken}: {self.taken / self.seconds:.0f} mails/s, "
            f"drained: {self.rate:.0f} mails/s, "
            f"reply to the dot: p50 {self.reply(0.5):.1f} ms, p95 {self.reply(0.95):.1f} ms"
        )

    def reply(self, share: float) -> float:
        """Return how many milliseconds the reply to the dot took for this share of the mails."""
        times = sorted(sent.seconds * 1000 for sent in self.load.ledger) or [0.0]
        return times[min(int(len(times) * share), len(times) - 1)]


def measure(load: Load, sink: Sink) -> Measured:
    """Run a load, and wait until the sink has all that was answered 250."""
    before = len(sink.taken)
    begun = time.monotonic()
    seconds = asyncio.run(load.run())
    measured = Measured(load, seconds, seconds)
    sink.wait(before + measured.taken * len(load.recipients), DRAIN_SECONDS)
    measured.drained = time.monotonic() - begun
    return measured


def say(text: str) -> None:
    """Print a line at once."""
    print(text, flush=True)  # noqa: T201 (what a bench is for)
