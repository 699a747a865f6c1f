"""The sandbox: foreign content is parsed in children that can be killed.

A child is exec'd, not forked from a process full of secrets. It gets one end of a socketpair,
length-prefixed JSON, and the mail as a descriptor. It may ask its parent something (a DNS
lookup) while it works. A child that overruns its time, or says anything else, is killed.
"""

import asyncio
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Self

import structlog

from mailstore.errors import SandboxFailed

log = structlog.get_logger()

ROOT = Path(__file__).parent.parent
LENGTH = 4
LARGEST_REPLY = 64 * 2**20
START_SECONDS = 30.0
RESTART_PAUSE = 1.0
CHUNK = 2**18

Answer = Callable[[Any], Awaitable[Any]]


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

    def send(self, frame: bytes, descriptors: list[int]) -> None:
        """Send a request; the child waits for one, so it fits the socket's buffer."""
        self.sock.setblocking(True)
        if descriptors:
            sent = socket.send_fds(self.sock, [frame], descriptors)
            frame = frame[sent:]
        if frame:
            self.sock.sendall(frame)

    def kill(self) -> None:
        """End the child, whatever it does."""
        self._process.kill()
        self._process.wait()
        self.sock.close()


class Sandbox:
    """One child for callers that may wait, such as a page of the portal."""

    def __init__(self, module: str) -> None:
        self._module = module
        self._child: Child | None = None
        self._lock = threading.Lock()

    def call(self, name: str, args: object, descriptor: int, *, seconds: float) -> Any:
        """Return what the child says of a file, or raise SandboxFailed."""
        with self._lock:
            try:
                child = self._ready()
                child.send(pack_frame({"call": name, "args": args}), [descriptor])
                return _result(_final(self._receive(child, seconds)))
            except (OSError, ValueError) as error:
                self.close()
                raise SandboxFailed(f"{name}: {error}") from error

    def close(self) -> None:
        """End the child; the next call starts another."""
        if self._child is not None:
            self._child.kill()
            self._child = None

    def _ready(self) -> Child:
        if self._child is None:
            self._child = Child(self._module)
            self._receive(self._child, START_SECONDS)
        return self._child

    def _receive(self, child: Child, seconds: float) -> dict[str, Any]:
        end = time.monotonic() + seconds
        length = int.from_bytes(_exactly(child.sock, LENGTH, end))
        return _frame(_exactly(child.sock, _checked(length), end))


class SandboxPool:
    """Children for an event loop; a killed one is replaced behind the caller's back."""

    def __init__(self, module: str, children: int) -> None:
        self._module = module
        self._children = children
        self._idle: asyncio.Queue[Child] = asyncio.Queue()
        self._all: set[Child] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await asyncio.gather(*(self._start() for _ in range(self._children)))
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        for child in self._all:
            child.kill()

    async def call(
        self, name: str, args: object, descriptor: int, *, seconds: float, answer: Answer
    ) -> Any:
        """Return what a child says of a file, or raise SandboxFailed."""
        async with asyncio.timeout(START_SECONDS):
            child = await self._idle.get()
        good = False
        try:
            async with asyncio.timeout(seconds):
                child.send(pack_frame({"call": name, "args": args}), [descriptor])
                reply = await self._receive(child)
                while "ask" in reply:
                    said = pack_frame({"answer": await answer(reply["ask"])})
                    await asyncio.get_running_loop().sock_sendall(child.sock, said)
                    reply = await self._receive(child)
                _final(reply)
            good = True
            return _result(reply)
        except (OSError, ValueError) as error:
            raise SandboxFailed(f"{name}: {type(error).__name__} {error}") from error
        finally:
            if good:
                self._idle.put_nowait(child)
            else:
                self._replace(child)

    async def _start(self) -> None:
        child = Child(self._module)
        self._all.add(child)
        async with asyncio.timeout(START_SECONDS):
            await self._receive(child)
        self._idle.put_nowait(child)

    async def _start_again(self) -> None:
        while True:
            try:
                return await self._start()
            except (OSError, ValueError) as error:
                log.error("sandbox_child_failed", error=str(error))  # noqa: TRY400 (its own text)
                await asyncio.sleep(RESTART_PAUSE)

    def _replace(self, child: Child) -> None:
        self._all.discard(child)
        child.kill()
        task = asyncio.get_running_loop().create_task(self._start_again())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _receive(self, child: Child) -> dict[str, Any]:
        child.sock.setblocking(False)
        loop = asyncio.get_running_loop()
        buffer = bytearray()
        wanted = LENGTH
        while len(buffer) < wanted:
            chunk = await loop.sock_recv(child.sock, CHUNK)
            if not chunk:
                raise ConnectionResetError("the child ended")
            buffer += chunk
            if len(buffer) >= LENGTH:
                wanted = LENGTH + _checked(int.from_bytes(buffer[:LENGTH]))
        return _frame(bytes(buffer[LENGTH:wanted]))


def _checked(length: int) -> int:
    if length > LARGEST_REPLY:
        raise ValueError("the child says too much")
    return length


def _frame(body: bytes) -> dict[str, Any]:
    try:
        frame = json.loads(body)
    except RecursionError as error:
        raise ValueError("the child's frame nests too deep") from error
    if not isinstance(frame, dict):
        raise ValueError("the child does not speak our frames")  # noqa: TRY004 (like bad JSON)
    return frame


def _final(reply: dict[str, Any]) -> dict[str, Any]:
    if not reply.keys() & {"result", "failed"}:
        raise ValueError("the child gives no result")
    return reply


def _result(reply: dict[str, Any]) -> Any:
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
