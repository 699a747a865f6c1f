"""An event loop in a thread of its own, for servers that a test talks to from outside."""

import asyncio
import gc
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any, Self, TypeVar

T = TypeVar("T")
PATIENCE = 30.0


class Background:
    """Runs coroutines in another thread; use `with`."""

    def __init__(
        self, new_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
    ) -> None:
        self._loop = new_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="background")

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Return what a coroutine returns over there."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(PATIENCE)

    @contextmanager
    def within(self, context: AbstractAsyncContextManager[T]) -> Iterator[T]:
        """Enter and leave an asynchronous context over there."""
        entered = self.run(context.__aenter__())
        try:
            yield entered
        finally:
            self.run(context.__aexit__(None, None, None))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.run(_let_all_end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        # uvloop waits for all that is open, and hears no signal meanwhile: not in this thread.
        closing = threading.Thread(target=self._loop.close, name="closing", daemon=True)
        closing.start()
        closing.join(PATIENCE)
        assert not closing.is_alive(), "something in the loop was never closed"


async def _let_all_end() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    # What nobody closed is closed here: in another thread it would break the loop.
    gc.collect()
    await asyncio.sleep(0)
