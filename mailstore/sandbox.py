"""The sandbox: foreign content is parsed in children that can be killed.

A child is exec'd, not forked from a process full of secrets. It gets one end of a socketpair,
length-prefixed JSON, and the mail: behind that if it is small, else as a descriptor. It may ask
its parent something (a DNS lookup) while it works. A child that overruns its time, or says
anything else, is killed.
"""

import contextlib
import json
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from mailstore.errors import SandboxFailed

ROOT = Path(__file__).parent.parent
LENGTH = 4
LARGEST_REPLY = 64 * 2**20
START_SECONDS = 30.0
CHUNK = 2**18
MOST_CHILDREN = 8
# Seconds to wait for a child that is busy before another is started.
PATIENCE = 0.25

# A mail for a child: its bytes if it is small, or a descriptor of them.
Content = bytes | int


def pack_frame(value: object) -> bytes:
    """Return a value as a frame: four bytes of length, then JSON."""
    body = json.dumps(value, ensure_ascii=True).encode()
    return len(body).to_bytes(LENGTH) + body


class Child:
    """One sandboxed process that serves the functions of a module, one call at a time."""

    def __init__(self, module: str) -> None:
        self.sock, theirs = socket.socketpair()
        with theirs:
            descriptor = theirs.fileno()
            command = [sys.executable, "-s", "-m", "mailstore.sandbox_child", module]
            self._process = subprocess.Popen(  # noqa: S603 (our own interpreter and module)
                [*command, str(descriptor)],
                pass_fds=[descriptor],
                cwd=ROOT,
                env={"PYTHONPATH": str(ROOT), "LANG": "C.UTF-8"},
                stdin=subprocess.DEVNULL,
            )

    def begin(self, name: str, args: object, content: Content) -> bytes:
        """Begin a call and return what of it is still to be sent.

        The child waits for one, so all but a huge call fits the socket's buffer.
        """
        request = {"call": name, "args": args}
        if isinstance(content, int):
            frame = pack_frame(request)
            return frame[socket.send_fds(self.sock, [frame], [content]) :]
        frame = pack_frame(request | {"size": len(content)}) + content
        return frame[self.sock.send(frame) :]

    def kill(self) -> None:
        """End the child, whatever it does."""
        self._process.kill()
        self._process.wait()
        self.sock.close()


class Sandbox:
    """Children for callers that may wait, such as pages of the portal.

    A few are enough while they are quick; while they are slow, others are started, so that a mail
    that spins delays nobody else for long. With `spare`, one more than a lone caller needs is kept
    warm, also after one was killed.
    """

    def __init__(self, module: str, *, spare: bool = False) -> None:
        self._module = module
        self._kept = 2 if spare else 1
        self._idle: list[Child] = []
        self._present = 0
        self._starting: threading.Thread | None = None
        self._changed = threading.Condition()

    def call(self, name: str, args: object, content: Content, *, seconds: float) -> Any:
        """Return what the child says of a mail, or raise SandboxFailed."""
        try:
            child = self._take()
        except (OSError, ValueError) as error:
            raise SandboxFailed(f"{name}: {error}") from error
        try:
            child.sock.setblocking(True)
            child.sock.sendall(child.begin(name, args, content))
            reply = final(_receive(child, seconds))
        except (OSError, ValueError) as error:
            self._end(child)
            self._prepare()
            raise SandboxFailed(f"{name}: {error}") from error
        except BaseException:
            self._end(child)
            raise
        self._give_back(child)
        return result(reply)

    def close(self) -> None:
        """End the children that nobody uses; the next call starts another."""
        starting = self._starting
        if starting is not None:
            starting.join()
        with self._changed:
            idle, self._idle = self._idle, []
        for child in idle:
            self._end(child)

    def _take(self) -> Child:
        """Return an idle child, or a new one where all are slow or there are too few."""
        with self._changed:
            if self._present >= self._kept:
                self._changed.wait_for(lambda: self._idle, PATIENCE)
            self._changed.wait_for(lambda: self._idle or self._present < MOST_CHILDREN)
            child = self._idle.pop() if self._idle else None
            self._present += child is None
        child = child or self._start()
        self._prepare()
        return child

    def _give_back(self, child: Child) -> None:
        with self._changed:
            enough = len(self._idle) >= self._kept
            if not enough:
                self._idle.append(child)
                self._changed.notify()
        if enough:
            self._end(child)

    def _end(self, child: Child | None) -> None:
        """End a child that is present, or give up its place if it did not even start."""
        if child is not None:
            child.kill()
        with self._changed:
            self._present -= 1
            self._changed.notify()

    def _prepare(self) -> None:
        """Start a child beside the caller if there are too few."""
        with self._changed:
            if self._present >= self._kept or self._starting is not None:
                return
            self._present += 1
            self._starting = threading.Thread(target=self._add, daemon=True)
            self._starting.start()

    def _add(self) -> None:
        # Whoever finds none in its place tries again, and says what went wrong.
        with contextlib.suppress(OSError, ValueError):
            self._give_back(self._start())
        self._starting = None

    def _start(self) -> Child:
        child = None
        try:
            child = Child(self._module)
            _receive(child, START_SECONDS)
        except BaseException:
            self._end(child)
            raise
        return child


def _receive(child: Child, seconds: float) -> dict[str, Any]:
    end = time.monotonic() + seconds
    length = int.from_bytes(_exactly(child.sock, LENGTH, end))
    return parsed(_exactly(child.sock, checked(length), end))


def checked(length: int) -> int:
    """Return a frame's length, or raise ValueError: no honest child says so much."""
    if length > LARGEST_REPLY:
        raise ValueError("the child says too much")
    return length


def parsed(body: bytes) -> dict[str, Any]:
    """Return a frame's object, or raise ValueError."""
    try:
        frame = json.loads(body)
    except RecursionError as error:
        raise ValueError("the child's frame nests too deep") from error
    if not isinstance(frame, dict):
        raise ValueError("the child does not speak our frames")  # noqa: TRY004 (like bad JSON)
    return frame


def final(reply: dict[str, Any]) -> dict[str, Any]:
    """Return a reply that ends a call, or raise ValueError."""
    if not reply.keys() & {"result", "failed"}:
        raise ValueError("the child gives no result")
    return reply


def result(reply: dict[str, Any]) -> Any:
    """Return what a call came to; raises SandboxFailed where it failed."""
    if "failed" in reply:
        raise SandboxFailed(str(reply["failed"]))
    return reply["result"]


def _exactly(sock: socket.socket, length: int, end: float) -> bytes:
    buffer = bytearray()
    while len(buffer) < length:
        sock.settimeout(max(end - time.monotonic(), 0.001))
        chunk = sock.recv(min(length - len(buffer), CHUNK))
        if not chunk:
            raise ConnectionResetError("the child ended")
        buffer += chunk
    return bytes(buffer)
