"""Asking an engine within its time, and noticing when it falls silent and when it answers again."""

import asyncio
import os
import time
from collections.abc import Callable, Sequence

import structlog

from filter.rules.outside_engines import UNSCANNED
from filter.scanners.dns_lists import DnsList
from filter.scanners.engine import Declined, Engine, Question, Unanswered
from mailstore.envelopes import Symbol

log = structlog.get_logger()

# clamd works on 12 mails at a time by default and lets a few wait; the rest wait here.
AT_ONCE = 16

# Is told the name of an engine and why it does not answer; None once it does.
Tell = Callable[[str, str | None], None]


class Watch:
    """One engine, whose silence is a finding and never an error."""

    def __init__(self, engine: Engine, seconds: float, largest: int, tell: Tell) -> None:
        self.name = engine.name
        self.by_sender = isinstance(engine, DnsList)
        self._engine, self._seconds, self._largest = engine, seconds, largest
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._tell = tell
        self._heard = False
        self._silent_since: float | None = None

    @property
    def silent(self) -> bool:
        """Whether the engine did not answer when it was asked last."""
        return self._silent_since is not None

    async def ask(self, question: Question) -> Sequence[Symbol]:
        """Return what the engine finds, or UNSCANNED with its name and what it did instead."""
        if question.size > self._largest:
            return self._unscanned("too large to be asked for")
        try:
            async with asyncio.timeout(self._seconds), self._turns:
                found = await self._engine.ask(question)
        except Declined as declined:
            self._answers()
            return self._unscanned(str(declined))
        except (Unanswered, OSError) as error:
            why = self._why(error)
            self._silent(why)
            return self._unscanned(why)
        self._answers()
        return found

    async def version(self) -> tuple[bool, str]:
        """Return whether the engine answers now, and what it says of itself or what is wrong."""
        try:
            async with asyncio.timeout(self._seconds):
                return True, await self._engine.version()
        except (Unanswered, OSError) as error:
            return False, self._why(error)

    def _why(self, error: Exception) -> str:
        if isinstance(error, TimeoutError):
            return f"no answer within {self._seconds:g} s"
        # What the kernel says in one way, asyncio words with the address in it.
        if isinstance(error, OSError) and (error.errno or 0) > 0:
            return os.strerror(error.errno or 0).lower()
        return str(error) or type(error).__name__

    def _unscanned(self, why: str) -> Sequence[Symbol]:
        return [Symbol(UNSCANNED, f"{self.name}: {why}")]

    def _silent(self, why: str) -> None:
        if self._silent_since is None:
            self._silent_since = time.monotonic()
            log.warning("scanner_silent", engine=self.name, why=why)
            self._tell(self.name, why)

    def _answers(self) -> None:
        if self._silent_since is not None:
            seconds = round(time.monotonic() - self._silent_since)
            self._silent_since = None
            log.warning("scanner_answers", engine=self.name, silent_seconds=seconds)
            self._heard = False
        if not self._heard:  # also after a start: it may have been silent for the process before
            self._heard = True
            self._tell(self.name, None)
