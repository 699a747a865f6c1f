import asyncio
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from mailstore.errors import SandboxFailed
from mailstore.sandbox import LARGEST_REPLY, Sandbox
from mailstore.sandbox_pool import SandboxPool

MODULE = "tests.mailstore.served"
CONTENT = b"Subject: a\r\n\r\n\xff"
ECHOED = [{"a": [1]}, CONTENT.decode("latin-1")]
PLENTY, LITTLE = 20.0, 0.3

# What goes wrong, with the arguments that make it so.
KILLED: dict[str, tuple[str, Any]] = {
    "it crashes": ("crash", None),
    "it says too much": ("say_too_much", None),
    "it says no JSON": ("say", "no"),
}
UNCHECKED: dict[str, tuple[str, Any]] = {
    "it says no object": ("say", "[1]"),
    "it says neither result nor failure": ("say", "{}"),
    "it says what nests too deep": ("say", "[" * 60_000),
}
FAILED: dict[str, tuple[str, Any]] = {
    "it raises": ("fail", None),
    "it recurses": ("recurse", None),
    "it wants too much memory": ("hoard", None),
    "there is no such function": ("unheard_of", None),
}


class Calls:
    """A sandbox of either kind, called in the same way."""

    def __init__(self, call: Callable[..., Any]) -> None:
        self._call = call
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 (closed below)
        self._file.write(CONTENT)
        self._file.flush()

    def __call__(self, name: str, args: object = None, *, seconds: float = PLENTY) -> Any:
        return self._call(name, args, self._file.fileno(), seconds=seconds)

    def close(self) -> None:
        self._file.close()


@pytest.fixture
def alone() -> Iterator[Calls]:
    sandbox = Sandbox(MODULE)
    calls = Calls(sandbox.call)
    yield calls
    calls.close()
    sandbox.close()


@pytest.fixture
def pooled() -> Iterator[Calls]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def run(work: Awaitable[Any]) -> Any:
        async def waited() -> Any:
            return await work

        return asyncio.run_coroutine_threadsafe(waited(), loop).result()

    pool = SandboxPool(MODULE, 2)
    run(pool.__aenter__())
    calls = Calls(lambda *args, **limits: run(pool.call(*args, **limits, answer=spell)))
    yield calls
    calls.close()
    run(pool.__aexit__())
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


async def spell(what: Any) -> Any:
    await asyncio.sleep(0)
    return f"answer to {what}"


@pytest.fixture(params=["alone", "pooled"])
def call(request: pytest.FixtureRequest) -> Calls:
    found: Calls = request.getfixturevalue(request.param)
    return found


def test_a_child_says_what_it_made_of_a_file(call: Calls) -> None:
    for _ in range(3):
        assert call("echo", {"a": [1]}) == ECHOED


def test_a_big_reply_arrives_whole(call: Calls) -> None:
    assert call("big", 3_000_000) == "x" * 3_000_000


def test_a_big_question_arrives_whole(call: Calls) -> None:
    args = "x" * 1_000_000
    assert call("echo", args)[0] == args


def test_a_child_that_spins_is_killed_at_the_limit(call: Calls) -> None:
    call("echo")
    begun = time.monotonic()
    with pytest.raises(SandboxFailed, match="spin"):
        call("spin", seconds=LITTLE)
    assert time.monotonic() - begun < LITTLE + 1
    assert call("echo", {"a": [1]}) == ECHOED


@pytest.mark.parametrize(("name", "args"), (KILLED | FAILED).values(), ids=KILLED | FAILED)
def test_whatever_goes_wrong_is_one_error_and_the_next_call_works(
    call: Calls, name: str, args: Any
) -> None:
    with pytest.raises(SandboxFailed):
        call(name, args)
    for _ in range(3):
        assert call("echo", {"a": [1]}) == ECHOED


@pytest.mark.parametrize(("name", "args"), UNCHECKED.values(), ids=UNCHECKED)
def test_a_child_that_says_anything_else_is_killed(call: Calls, name: str, args: Any) -> None:
    with pytest.raises(SandboxFailed):
        call(name, args)
    assert call("echo", {"a": [1]}) == ECHOED


def test_a_reply_beyond_all_measure_is_refused(call: Calls) -> None:
    with pytest.raises(SandboxFailed):
        call("big", LARGEST_REPLY)


def test_a_child_may_ask_while_it_works(pooled: Calls) -> None:
    assert pooled("ask_for", ["a", "b"]) == ["answer to a", "answer to b"]


def test_a_child_that_asks_where_nobody_answers_has_failed(alone: Calls) -> None:
    with pytest.raises(SandboxFailed):
        alone("ask_for", ["a"])
    assert alone("echo", {"a": [1]}) == ECHOED


def test_a_child_knows_nothing_of_our_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILHAFEN_SECRET_KEY", "secret")
    sandbox = Sandbox(MODULE)
    calls = Calls(sandbox.call)
    assert {"PYTHONPATH", "LANG"} <= calls("environment").keys()
    assert "secret" not in calls("environment").values()
    assert not [name for name in calls("environment") if name.startswith("MAILHAFEN")]
    calls.close()
    sandbox.close()


def test_a_child_holds_no_file_of_its_parent(call: Calls, tmp_path: Path) -> None:
    with (tmp_path / "secret").open("w"):
        opened = call("files")
    assert [path for path in opened if str(tmp_path) in path] == []
    assert len(call("files")) == len(opened)


@pytest.mark.parametrize("count", [1, 3])
def test_slow_mails_do_not_delay_the_one_behind_them(alone: Calls, count: int) -> None:
    _beside_spinning(alone, count, seconds=6.0)


def test_a_slow_mail_does_not_delay_the_one_behind_it(pooled: Calls) -> None:
    _beside_spinning(pooled, 1, seconds=1.0)


def _beside_spinning(call: Calls, count: int, *, seconds: float) -> None:
    def spin() -> None:
        with pytest.raises(SandboxFailed):
            call("spin", seconds=seconds)

    call("echo")
    with ThreadPoolExecutor(count) as thread:
        spinning = [thread.submit(spin) for _ in range(count)]
        assert call("echo", {"a": [1]}) == ECHOED
        assert not any(each.done() for each in spinning)
        for each in spinning:
            each.result()


def test_quick_callers_share_a_few_children(alone: Calls) -> None:
    with ThreadPoolExecutor(8) as threads:
        used = set(threads.map(lambda _: alone("number"), range(100)))
    assert len(used) <= 3


def test_another_child_waits_where_one_was_killed() -> None:
    sandbox = Sandbox(MODULE, spare=True)
    calls = Calls(sandbox.call)
    first = calls("number")
    # The second one is ready once two at a time are answered by two.
    with ThreadPoolExecutor(2) as threads:
        while set(threads.map(lambda _: calls("number"), range(4))) == {first}:
            time.sleep(0.05)
    with pytest.raises(SandboxFailed):
        calls("spin", seconds=LITTLE)
    begun = time.monotonic()
    assert calls("echo", {"a": [1]}) == ECHOED
    assert time.monotonic() - begun < LITTLE
    calls.close()
    sandbox.close()
