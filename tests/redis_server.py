"""A Redis server of the tests' own, on a free port of loopback, and what can befall it."""

import contextlib
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from bench.installation import free_port

HERE = "127.0.0.1"
PATIENCE = 10.0
# Nobody listens there, so a replica of it waits for ever.
NOBODY = 9
NONSENSE = b"+OK\r\n" * 4 + b":many\r\n"


class RedisServer:
    """`with RedisServer(program) as server:` runs one that keeps nothing on disk."""

    def __init__(self, program: str) -> None:
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="mailhafen-redis-"))
        self._program = program
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        shutil.rmtree(self.folder)

    @property
    def url(self) -> str:
        """Where it is, as the product's setting spells it."""
        return f"redis://{HERE}:{self.port}/0"

    def client(self) -> Redis:
        """Return a client that gives up soon and tries nothing twice."""
        return Redis.from_url(self.url, socket_timeout=2.0, retry=Retry(NoBackoff(), 0))

    def start(self) -> None:
        """Start it, empty, at the same port as ever; return once it answers."""
        # It ends with us even if nobody is left to stop it.
        command = ["setpriv", "--pdeathsig", "KILL", self._program, "--bind", HERE]
        command += ["--port", str(self.port), "--dir", str(self.folder), "--save", ""]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: S603 (the program is Debian's)
        end = time.monotonic() + PATIENCE
        while not self._answers():
            if time.monotonic() > end:
                raise TimeoutError((self.folder / "log").read_text())
            time.sleep(0.02)

    def kill(self) -> None:
        """End it like a crash; nothing is left of what it held."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def send(self, number: signal.Signals) -> None:
        """Send it a signal: SIGSTOP freezes it, SIGCONT thaws it."""
        assert self.process is not None
        self.process.send_signal(number)

    def set(self, **settings: object) -> None:
        """Change settings of the running server."""
        with contextlib.closing(self.client()) as client:
            for name, value in settings.items():
                client.config_set(name.replace("_", "-"), str(value))

    def listeners(self) -> int:
        """Return how many clients wait for something to be asked for."""
        with contextlib.closing(self.client()) as client:
            return sum(each["cmd"] == "blpop" for each in client.client_list())

    def _answers(self) -> bool:
        with contextlib.suppress(RedisError), contextlib.closing(self.client()) as client:
            return bool(client.ping())
        return False


@contextmanager
def killed(server: RedisServer) -> Iterator[None]:
    server.kill()
    yield
    server.start()


@contextmanager
def replaced(server: RedisServer) -> Iterator[None]:
    """Let something that is no Redis answer at its port."""
    server.kill()
    other = socket.create_server((HERE, server.port))
    thread = threading.Thread(target=_talk_nonsense, args=[other])
    thread.start()
    yield
    other.shutdown(socket.SHUT_RDWR)
    thread.join()
    server.start()


def _talk_nonsense(listening: socket.socket) -> None:
    with contextlib.suppress(OSError), listening:
        while True:
            connection, _ = listening.accept()
            with connection:
                connection.recv(2**16)
                connection.sendall(NONSENSE)


@contextmanager
def frozen(server: RedisServer) -> Iterator[None]:
    """Let it take connections and answer nothing."""
    server.send(signal.SIGSTOP)
    yield
    server.send(signal.SIGCONT)


@contextmanager
def emptied(server: RedisServer) -> Iterator[None]:
    """Let it forget everything, again and again."""
    done = threading.Event()

    def empty() -> None:
        with contextlib.closing(server.client()) as client:
            while not done.wait(0.02):
                client.flushall()

    thread = threading.Thread(target=empty)
    thread.start()
    yield
    done.set()
    thread.join()


@contextmanager
def read_only(server: RedisServer) -> Iterator[None]:
    """Make it a replica, which takes no orders but from another server."""
    with contextlib.closing(server.client()) as client:
        client.slaveof(HERE, NOBODY)
        yield
        client.slaveof()


@contextmanager
def full(server: RedisServer) -> Iterator[None]:
    """Leave it no memory for anything more."""
    server.set(maxmemory="1mb", maxmemory_policy="noeviction")
    yield
    server.set(maxmemory=0)


Trouble = Callable[[RedisServer], Any]
TROUBLES: dict[str, Trouble] = {
    "killed": killed,
    "replaced": replaced,
    "frozen": frozen,
    "emptied": emptied,
    "read only": read_only,
    "full": full,
}


class SlowProxy:
    """Passes on what a server says only after a while; what it is told goes through at once."""

    def __init__(self, server: RedisServer, seconds: float) -> None:
        self._to, self._seconds = server.port, seconds
        self._listening = socket.create_server((HERE, 0))
        self.url = f"redis://{HERE}:{self._listening.getsockname()[1]}/0"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                here, _ = self._listening.accept()
                there = socket.create_connection((HERE, self._to))
                for pair in ((here, there, 0.0), (there, here, self._seconds)):
                    threading.Thread(target=_pass_on, args=pair, daemon=True).start()


def _pass_on(source: socket.socket, target: socket.socket, seconds: float) -> None:
    with contextlib.suppress(OSError), source, target:
        while chunk := source.recv(2**16):
            time.sleep(seconds)
            target.sendall(chunk)
