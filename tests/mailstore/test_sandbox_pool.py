import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import pytest

from mailstore import sandbox_pool
from mailstore.errors import SandboxFailed
from mailstore.sandbox_pool import SandboxPool

MODULE = "tests.mailstore.served"
CONTENT = b"Subject: a\r\n\r\n"
ECHOED = [1, CONTENT.decode()]
LIMIT = 3.0
PLENTY = 20.0
Test = Callable[[SandboxPool], Awaitable[None]]


async def nothing(_asked: Any) -> None:
    pass


def echo(pool: SandboxPool, group: str) -> Coroutine[Any, Any, Any]:
    return pool.call("echo", 1, CONTENT, seconds=PLENTY, answer=nothing, group=group)


def spin(pool: SandboxPool, group: str, seconds: float = LIMIT) -> "asyncio.Task[None]":
    """Begin a call that is killed at the limit."""

    async def fail() -> None:
        with pytest.raises(SandboxFailed):
            await pool.call("spin", 1, CONTENT, seconds=seconds, answer=nothing, group=group)

    return asyncio.ensure_future(fail())


def members(pool: SandboxPool) -> int:
    return len(pool._idle) + len(pool._busy) + pool._starting


async def until(happens: Callable[[], object]) -> None:
    async with asyncio.timeout(PLENTY):
        while not happens():
            await asyncio.sleep(0.02)


def pids(pool: SandboxPool) -> list[int]:
    return [each.child._process.pid for each in (*pool._idle, *pool._busy)]


def in_a_pool(test: Test, children: int = 2) -> None:
    """Run a test with a pool of its own, and make sure that no child outlives it."""

    others = ours()

    async def run() -> list[int]:
        async with SandboxPool(MODULE, children) as pool:
            await test(pool)
            return pids(pool)

    assert not any(map(exists, asyncio.run(run())))
    assert ours() <= others


def exists(pid: int) -> bool:
    return os.path.exists(f"/proc/{pid}")


def ours() -> set[str]:
    """Return the processes that this one has started and not buried."""
    with open(f"/proc/self/task/{os.getpid()}/children") as file:
        return set(file.read().split())


GROUPS = {
    "all of one group, then another": (["bad"] * 6, "good"),
    "all of one group, then the same": (["bad"] * 6, "bad"),
    "each of its own group": ([f"bad {number}" for number in range(6)], "good"),
    "two groups": (["bad", "worse"] * 3, "good"),
}


@pytest.mark.parametrize(("bad", "good"), GROUPS.values(), ids=GROUPS)
@pytest.mark.parametrize("later", [0.0, 0.5], ids=["at once", "later"])
def test_mails_that_spin_delay_another_by_less_than_a_second(
    bad: list[str], good: str, later: float
) -> None:
    async def test(pool: SandboxPool) -> None:
        spinning = [spin(pool, group) for group in bad]
        await asyncio.sleep(later)
        begun = time.monotonic()
        assert await echo(pool, good) == ECHOED
        assert time.monotonic() - begun < 1
        assert not any(each.done() for each in spinning)
        await asyncio.gather(*spinning)

    in_a_pool(test)


def test_extra_children_end_when_nobody_waits_any_more() -> None:
    async def test(pool: SandboxPool) -> None:
        spinning = [spin(pool, "bad", 1.5) for _ in range(6)]
        await until(lambda: members(pool) > 5)
        await asyncio.gather(*spinning)
        await echo(pool, "good")
        await until(lambda: members(pool) == len(pool._idle) == 3)

    in_a_pool(test)


def test_quick_mails_need_no_extra_children() -> None:
    async def test(pool: SandboxPool) -> None:
        found = await asyncio.gather(*(echo(pool, f"group {n % 7}") for n in range(300)))
        assert found == [ECHOED] * 300
        assert members(pool) == 3

    in_a_pool(test)


def test_there_is_a_bound_to_extra_children(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox_pool, "MOST_EXTRA", 2)

    async def test(pool: SandboxPool) -> None:
        spinning = [spin(pool, f"bad {number}", 1.0) for number in range(9)]
        most = 0
        while not all(each.done() for each in spinning):
            most = max(most, members(pool))
            await asyncio.sleep(0.02)
        assert most == 5
        assert await echo(pool, "good") == ECHOED

    in_a_pool(test)


def test_who_was_killed_lately_waits_among_the_suspects() -> None:
    async def test(pool: SandboxPool) -> None:
        await asyncio.gather(spin(pool, "bad", 0.1), spin(pool, "worse", 0.1))
        await until(lambda: len(pool._idle) == 3)
        spinning = [spin(pool, group, 2.0) for group in ("bad", "worse", "bad")]
        await asyncio.sleep(0.05)
        assert [each.group for each in pool._busy] == [sandbox_pool.SUSPECTS] * 2
        assert [each.group for each in pool._waiting] == [sandbox_pool.SUSPECTS]
        begun = time.monotonic()
        assert await echo(pool, "good") == ECHOED
        assert time.monotonic() - begun < 0.2
        await asyncio.gather(*spinning)

    in_a_pool(test)


def test_a_suspect_is_served_all_the_same_and_forgotten_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sandbox_pool, "REMEMBERED_SECONDS", 0.5)

    async def test(pool: SandboxPool) -> None:
        await spin(pool, "bad", 0.1)
        assert pool._is_suspect("bad")
        assert await echo(pool, "bad") == ECHOED
        await until(lambda: not pool._is_suspect("bad"))

    in_a_pool(test)


def test_no_more_suspects_are_remembered_than_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox_pool, "MOST_REMEMBERED", 3)

    async def test(pool: SandboxPool) -> None:
        for number in range(10):
            pool._suspect(f"bad {number}")
            assert len(pool._suspects) <= 3
        assert pool._is_suspect("bad 9")

    in_a_pool(test)


def test_whoever_no_longer_waits_leaves_nothing_behind() -> None:
    async def test(pool: SandboxPool) -> None:
        spinning = [spin(pool, "bad", 2.0) for _ in range(3)]
        waiting = [asyncio.ensure_future(echo(pool, "bad")) for _ in range(20)]
        await asyncio.sleep(0.05)
        for each in waiting:
            each.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        assert len(pool._waiting) <= 1
        await asyncio.gather(*spinning)
        assert pool._waiting == []
        await until(lambda: members(pool) == len(pool._idle) == 3)
        assert await echo(pool, "bad") == ECHOED

    in_a_pool(test)


def test_whoever_leaves_at_its_turn_gives_the_child_back() -> None:
    async def test(pool: SandboxPool) -> None:
        working = [asyncio.ensure_future(echo(pool, "one")) for _ in range(2)]
        await asyncio.sleep(0)
        waiting = [asyncio.ensure_future(echo(pool, "one")) for _ in range(50)]
        while not all(each.done() for each in working):
            await asyncio.sleep(0)
        for each in waiting:
            each.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        await until(lambda: members(pool) == len(pool._idle) == 3)
        assert await echo(pool, "one") == ECHOED

    in_a_pool(test)


def test_a_call_that_is_given_up_ends_its_child() -> None:
    async def test(pool: SandboxPool) -> None:
        call = spin(pool, "one", PLENTY)
        await asyncio.sleep(0.1)
        (busy,) = pool._busy
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        assert not exists(busy.child._process.pid)
        await until(lambda: len(pool._idle) == 3)

    in_a_pool(test)


@pytest.mark.parametrize("moment", [0.0, 0.05, 0.4], ids=["at once", "soon", "while it grows"])
def test_children_end_with_the_pool_whatever_they_do(moment: float) -> None:
    async def test(pool: SandboxPool) -> None:
        for number in range(5):
            spin(pool, f"bad {number}", PLENTY)
        await asyncio.sleep(moment)

    in_a_pool(test)


def test_children_that_just_begin_end_with_the_pool() -> None:
    async def test(pool: SandboxPool) -> None:
        await asyncio.gather(spin(pool, "bad", 0.1), spin(pool, "bad", 0.1))
        await asyncio.sleep(0.01)

    in_a_pool(test)


def test_a_child_that_dies_while_nobody_uses_it_is_replaced() -> None:
    async def test(pool: SandboxPool) -> None:
        for pid in pids(pool):
            os.kill(pid, 9)
        await asyncio.sleep(0.1)
        assert await echo(pool, "one") == ECHOED

    in_a_pool(test)
