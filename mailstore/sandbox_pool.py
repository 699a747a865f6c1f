"""The sandbox for an event loop: children kept warm, shared fairly, replaced when they fail.

One child more is kept than one group of callers may use at a time, so that a sender whose mail
spins never delays somebody else's. While children are slow, more are started, within a bound.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Self

import structlog

from mailstore.errors import SandboxFailed
from mailstore.sandbox import (
    LENGTH,
    START_SECONDS,
    Child,
    Content,
    checked,
    final,
    pack_frame,
    parsed,
)
from mailstore.sandbox import result as result_of

log = structlog.get_logger()

RESTART_PAUSE = 1.0
SLOW_SECONDS = 0.25
MOST_EXTRA = 8
REMEMBERED_SECONDS = 600.0
MOST_REMEMBERED = 10_000
SUSPECTS = "suspects"

Answer = Callable[[Any], Awaitable[Any]]


class _Line(asyncio.Protocol):
    """Frames of one child, as they arrive."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._wanted = LENGTH
        self._waiter: asyncio.Future[bytes] | None = None
        self._ended = False
        self.when_lost: Callable[[], None] | None = None

    async def frame(self) -> dict[str, Any]:
        """Return the next frame; raises OSError or ValueError."""
        self._waiter = asyncio.get_running_loop().create_future()
        self._look()
        return parsed(await self._waiter)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._look()

    def connection_lost(self, _error: Exception | None) -> None:
        self._ended = True
        self._look()
        if self.when_lost is not None:
            self.when_lost()

    def _look(self) -> None:
        if self._waiter is None or self._waiter.done():
            return
        try:
            if len(self._buffer) >= LENGTH:
                self._wanted = LENGTH + checked(int.from_bytes(self._buffer[:LENGTH]))
        except ValueError as error:
            self._waiter.set_exception(error)
            return
        if len(self._buffer) >= self._wanted > LENGTH:
            self._waiter.set_result(bytes(self._buffer[LENGTH : self._wanted]))
            del self._buffer[: self._wanted]
            self._wanted = LENGTH
        elif self._ended:
            self._waiter.set_exception(ConnectionResetError("the child ended"))


@dataclass(eq=False, slots=True)
class _Member:
    """A child of the pool, and who uses it since when."""

    child: Child
    line: _Line
    transport: asyncio.WriteTransport
    group: str = ""
    since: float = 0.0


@dataclass(slots=True)
class _Waiter:
    group: str
    turn: "asyncio.Future[_Member]" = field(repr=False)


class SandboxPool:
    """Children for an event loop; a killed one is replaced behind the caller's back."""

    def __init__(self, module: str, children: int) -> None:
        self._module = module
        self._children = children
        self._idle: list[_Member] = []
        self._busy: set[_Member] = set()
        self._starting = 0
        self._waiting: list[_Waiter] = []
        self._suspects: dict[str, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._growth: asyncio.TimerHandle | None = None
        self._closed = False

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        await asyncio.gather(*(self._start() for _ in range(self._children + 1)))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closed = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._growth is not None:
            self._growth.cancel()
        for member in (*self._idle, *self._busy):
            self._end(member)

    async def call(
        self,
        name: str,
        args: object,
        content: Content,
        *,
        seconds: float,
        answer: Answer,
        group: str = "",
    ) -> Any:
        """Return what a child says of a mail, or raise SandboxFailed.

        Callers of one group wait for each other before anybody else waits for them.
        """
        member = await self._take(group)
        good = False
        try:
            async with asyncio.timeout(seconds):
                reply = await _converse(member, member.child.begin(name, args, content), answer)
            good = True
            return result_of(reply)
        except (OSError, ValueError) as error:
            self._suspect(group)
            raise SandboxFailed(f"{name}: {type(error).__name__} {error}") from error
        finally:
            self._give_back(member, good=good)

    async def _take(self, group: str) -> _Member:
        group = SUSPECTS if self._is_suspect(group) else group
        if self._idle and self._has_room(group):
            return self._use(self._idle.pop(), group)
        waiter = _Waiter(group, self._loop.create_future())
        self._waiting.append(waiter)
        self._watch()
        try:
            return await waiter.turn
        except asyncio.CancelledError:
            if waiter in self._waiting:
                self._waiting.remove(waiter)
            elif waiter.turn.done() and not waiter.turn.cancelled():
                self._give_back(waiter.turn.result(), good=True)
            raise

    def _use(self, member: _Member, group: str) -> _Member:
        member.group, member.since = group, self._loop.time()
        self._busy.add(member)
        return member

    def _give_back(self, member: _Member, *, good: bool) -> None:
        self._busy.discard(member)
        enough = len(self._idle) + self._starting > self._children
        if not good or (enough and not self._waiting):
            self._end(member)
        else:
            self._idle.append(member)
        while not self._closed and self._present() <= self._children:
            self._start_soon()
        self._hand_out()

    def _present(self) -> int:
        return len(self._idle) + len(self._busy) + self._starting

    def _hand_out(self) -> None:
        """Give idle children to whoever waits longest and may have one."""
        if self._waiting and self._idle:
            used = self._quick_by_group()
            for waiter in list(self._waiting):
                if not self._idle:
                    break
                if used[waiter.group] < self._children:
                    used[waiter.group] += 1
                    self._waiting.remove(waiter)
                    if not waiter.turn.done():
                        waiter.turn.set_result(self._use(self._idle.pop(), waiter.group))

    def _has_room(self, group: str) -> bool:
        return self._quick_by_group()[group] < self._children

    def _quick_by_group(self) -> Counter[str]:
        """Count the children each group uses, but for those that have been slow already."""
        slow = self._loop.time() - SLOW_SECONDS
        return Counter(member.group for member in self._busy if member.since > slow)

    def _watch(self) -> None:
        if self._growth is None and not self._closed:
            self._growth = self._loop.call_later(SLOW_SECONDS, self._grow)

    def _grow(self) -> None:
        """Start more children where callers wait behind slow ones."""
        self._growth = None
        self._hand_out()
        slow = len(self._busy) - self._quick_by_group().total()
        most = self._children + 1 + min(2 * slow, MOST_EXTRA)
        for _ in range(min(len(self._waiting) - self._starting, most - self._present())):
            self._start_soon()
        if self._waiting:
            self._watch()

    def _suspect(self, group: str) -> None:
        if len(self._suspects) >= MOST_REMEMBERED:
            self._suspects.clear()
        self._suspects[group] = self._loop.time() + REMEMBERED_SECONDS

    def _is_suspect(self, group: str) -> bool:
        return self._suspects.get(group, 0.0) > self._loop.time()

    def _drop(self, member: _Member) -> None:
        """Replace a child that ended while nobody used it."""
        if member in self._idle and not self._closed:
            self._idle.remove(member)
            self._give_back(member, good=False)

    def _start_soon(self) -> None:
        self._starting += 1
        task = self._loop.create_task(self._start_again())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _start_again(self) -> None:
        try:
            while True:
                try:
                    return await self._start()
                except (OSError, ValueError) as error:
                    log.error("sandbox_child_failed", error=str(error))  # noqa: TRY400 (its own text)
                    await asyncio.sleep(RESTART_PAUSE)
        finally:
            self._starting -= 1

    async def _start(self) -> None:
        child = Child(self._module)
        child.sock.setblocking(False)
        line = _Line()
        try:
            transport, _ = await self._loop.create_unix_connection(lambda: line, sock=child.sock)
        except BaseException:
            child.kill()
            raise
        member = _Member(child, line, transport)
        try:
            async with asyncio.timeout(START_SECONDS):
                await line.frame()
        except BaseException:
            self._end(member)
            raise
        line.when_lost = partial(self._drop, member)
        self._idle.append(member)
        self._hand_out()

    @staticmethod
    def _end(member: _Member) -> None:
        member.transport.abort()
        member.child.kill()


async def _converse(member: _Member, rest: bytes, answer: Answer) -> dict[str, Any]:
    """Send the rest of a request, answer what the child asks, and return its final word."""
    if rest:
        member.transport.write(rest)
    reply = await member.line.frame()
    while "ask" in reply:
        member.transport.write(pack_frame({"answer": await answer(reply["ask"])}))
        reply = await member.line.frame()
    return final(reply)
