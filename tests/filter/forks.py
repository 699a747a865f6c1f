"""Two forked processes that count connections together: `python -m tests.filter.forks`.

The first fills the place of one address and dies; what the second is told meanwhile and
afterwards is printed, one line each.
"""

import os
import signal

from filter.limits import Counters, Gate, Limits

IP = "192.0.2.7"
LIMITS = Limits(most=100, most_per_address=3, most_new_per_minute=100)


def main() -> None:
    """Fork, count, kill, clear, and say what came of it."""
    counters = Counters(processes=2)
    ready, done = os.pipe()
    child = os.fork()
    if child == 0:
        gate = Gate(counters, 0, LIMITS)
        for _ in range(LIMITS.most_per_address):
            gate.enter(IP)
        os.write(done, b".")
        signal.pause()
    os.read(ready, 1)
    gate = Gate(counters, 1, LIMITS)
    said = [gate.open, gate.enter(IP), gate.enter("192.0.2.8"), gate.open]
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    counters.clear(0)
    said += [gate.open, gate.enter(IP), gate.open]
    print(*said, sep="\n")  # noqa: T201 (the test reads it)


if __name__ == "__main__":
    main()
