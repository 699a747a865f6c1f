"""Limits on connections, counted by all relay processes of one machine together.

The counts lie in memory that is shared before the processes fork. A process writes only its
own column and reads them all, so there are no locks; connections that come to two processes
at the same moment may exceed a limit by one for each process.

Addresses are hashed under a key of this start into a table of fixed size: two that fall
together share their counts, and nobody outside can find out which do.
"""

import hashlib
import mmap
import secrets
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass

from filter import reply

BUCKETS = 2**16
COUNTER = 8  # bytes
MINUTE = 60.0
# A count of new connections is kept with its minute, so an old one needs no clearing.
MINUTE_SHIFT = 32
COUNT = 2**MINUTE_SHIFT - 1
MAPPED_IPV4 = b"\0" * 10 + b"\xff\xff"
NETWORK_BYTES = 8  # a /64


@dataclass(frozen=True, slots=True)
class Limits:
    """How many connections there may be."""

    most: int
    most_per_address: int
    most_new_per_minute: int


class Counters:
    """The counts of all processes in a table of each kind; made before they fork."""

    def __init__(self, processes: int = 1, buckets: int = BUCKETS) -> None:
        self.processes = processes
        self._buckets = buckets
        self._key = secrets.token_bytes(hashlib.blake2b.MAX_KEY_SIZE)
        row = processes * buckets
        shared = mmap.mmap(-1, (processes + 2 * row) * COUNTER)
        counts = memoryview(shared).cast("Q")
        self.all = counts[:processes]
        self.open = counts[processes : processes + row]
        self.new = counts[processes + row :]

    def row(self, ip: str) -> int:
        """Return where the counts of an address begin: one of each process, side by side."""
        digest = hashlib.blake2b(_network(ip), digest_size=COUNTER, key=self._key).digest()
        return int.from_bytes(digest) % self._buckets * self.processes

    def clear(self, number: int) -> None:
        """Forget the open connections of a process that died; new ones it saw stay counted."""
        self.all[number] = 0
        column = self.open[number :: self.processes]
        column[:] = memoryview(bytes(self._buckets * COUNTER)).cast("Q")


class Gate:
    """One process's way to the counts: lets connections in while they are within the limits."""

    def __init__(
        self,
        counters: Counters,
        number: int,
        limits: Limits,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._counters, self._number, self._limits, self._clock = counters, number, limits, clock

    def enter(self, ip: str) -> str | None:
        """Count a connection in, or return the reply that refuses it and count nothing."""
        counters, limits = self._counters, self._limits
        if self.open >= limits.most:
            return reply.TOO_MANY_CONNECTIONS
        start = counters.row(ip)
        end = start + counters.processes
        if sum(counters.open[start:end]) >= limits.most_per_address:
            return reply.TOO_MANY_FROM_ADDRESS
        minute = int(self._clock() // MINUTE)
        new = [_within(minute, count) for count in counters.new[start:end]]
        if sum(new) >= limits.most_new_per_minute:
            return reply.TOO_MANY_NEW
        counters.all[self._number] += 1
        counters.open[start + self._number] += 1
        counters.new[start + self._number] = minute << MINUTE_SHIFT | new[self._number] + 1
        return None

    def leave(self, ip: str) -> None:
        """Count a connection out that was let in."""
        place = self._counters.row(ip) + self._number
        for counts, at in ((self._counters.all, self._number), (self._counters.open, place)):
            counts[at] = max(counts[at] - 1, 0)

    @property
    def open(self) -> int:
        """How many connections all processes have open now."""
        return sum(self._counters.all)

    @property
    def crowded(self) -> bool:
        """Whether more than three quarters of all connections are in use."""
        return self.open * 4 > self._limits.most * 3


def _within(minute: int, count: int) -> int:
    return count & COUNT if count >> MINUTE_SHIFT == minute else 0


def _network(ip: str) -> bytes:
    """Return the bytes that count as one client: an IPv4 address, an IPv6 /64 (RFC 4291 §2.5.4)."""
    try:
        if ":" not in ip:
            return socket.inet_pton(socket.AF_INET, ip)
        packed = socket.inet_pton(socket.AF_INET6, ip.partition("%")[0])
    except (OSError, ValueError):
        return ip.encode(errors="replace")
    # A socket for both families gives IPv4 addresses so, and all of them lie in one /64.
    return packed[12:] if packed.startswith(MAPPED_IPV4) else packed[:NETWORK_BYTES]
