"""A load of people who ask for one page over and over, with the least work of their own."""

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count, repeat

OK = b"200"
CHUNK = 2**14


class WrongAnswer(Exception):
    """The portal did not answer with the page that was asked for."""


@dataclass(slots=True)
class Visitors:
    """Ask a portal on loopback for a path by so many connections at once.

    `shows` must stand `rows` times in every answer. With a pace, all together ask so many times a
    second, each a moment after another; without one, each asks again at once.
    """

    port: int
    path: str
    cookie: str
    shows: bytes
    rows: int
    connections: int = 8
    pace: float = 0.0
    times: list[float] = field(default_factory=list)
    failed: list[Exception] = field(default_factory=list)

    def run(self, seconds: float) -> float:
        """Ask for so long; returns how long it was. Raises what went wrong first."""
        begun = time.monotonic()
        threads = [
            threading.Thread(target=self._visit, args=(begun, begun + seconds, number))
            for number in range(self.connections)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self.failed:
            raise self.failed[0]
        return time.monotonic() - begun

    def _visit(self, start: float, end: float, number: int) -> None:
        line = f"GET {self.path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nAccept-Language: de\r\n"
        connection: socket.socket | None = None
        try:
            for due in self._moments(start, number):
                time.sleep(max(due - time.monotonic(), 0))
                begun = due or time.monotonic()
                if begun > end:
                    break
                connection = connection or self._connect()
                connection.sendall(f"{line}Cookie: {self.cookie}\r\n\r\n".encode())
                head, body = read_answer(connection)
                self.times.append(time.monotonic() - begun)
                self._check(head, body)
                self._keep(head)
                if b"\r\nconnection: close" in head.lower():
                    connection.close()
                    connection = None
        except (OSError, WrongAnswer) as error:
            self.failed.append(error)
        finally:
            if connection is not None:
                connection.close()

    def _moments(self, start: float, number: int) -> Iterator[float]:
        """Yield the moments at which one of the people asks; 0 is at once."""
        if not self.pace:
            yield from repeat(0.0)
        for turn in count():
            yield start + (turn * self.connections + number) / self.pace

    def _keep(self, head: bytes) -> None:
        _, found, rest = head.partition(b"\r\nSet-Cookie: ")
        if found:
            self.cookie = rest.partition(b";")[0].decode()

    def _connect(self) -> socket.socket:
        made = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made

    def _check(self, head: bytes, body: bytes) -> None:
        if head.split(b" ", 2)[1] != OK or body.count(self.shows) != self.rows:
            raise WrongAnswer(f"{head!r} with {body.count(self.shows)} rows")


def read_answer(connection: socket.socket) -> tuple[bytes, bytes]:
    """Return head and body of one answer; raises WrongAnswer if it ends before."""
    got = b""
    while b"\r\n\r\n" not in got:
        got += _more(connection)
    head, _, body = got.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0] or 0)
    parts, missing = [body], length - len(body)
    while missing > 0:
        # Woken once, when all is there.
        parts.append(_more(connection, missing, socket.MSG_WAITALL))
        missing -= len(parts[-1])
    return head, b"".join(parts)


def _more(connection: socket.socket, size: int = CHUNK, flags: int = 0) -> bytes:
    got = connection.recv(size, flags)
    if not got:
        raise WrongAnswer("the connection was closed")
    return got
