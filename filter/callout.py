"""Callouts: a next hop is asked whether it takes mail for somebody, before we do.

Its yes is a row (`mailstore/callouts.py`); its no is remembered here for a quarter of an hour. Who
does not answer in a few seconds is left alone for a while: senders are asked to come again, nothing
is lost, and nobody is told later that mail we took was for nobody.
"""

import asyncio
import time
from collections import defaultdict

import structlog

from filter.hop import Hop
from filter.wire import NO, YES, HopDown
from mailstore.callouts import Question
from mailstore.store import Store

log = structlog.get_logger()

SECONDS = 5.0
NO_SECONDS = 900.0
SILENT_SECONDS = 30.0
# So many questions at a time go to one next hop: nobody guesses names at its cost.
AT_ONCE = 4
MOST_REMEMBERED = 20_000


class Callouts:
    """Asks next hops; one for each process."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._no_until: dict[tuple[int, str], float] = {}
        self._silent_until: dict[int, float] = {}
        self._turns: dict[int, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(AT_ONCE))

    async def ask(self, question: Question) -> bool | None:
        """Return whether the next hop takes mail for an address; None if that is not known now."""
        now, lane_id = time.monotonic(), question.lane.id
        key = lane_id, question.address.key
        if self._no_until.get(key, 0.0) > now:
            return False
        if self._silent_until.get(lane_id, 0.0) > now:
            return None
        answer = await self._asked(question)
        if answer is False:
            if len(self._no_until) >= MOST_REMEMBERED:
                self._no_until.clear()
            self._no_until[key] = time.monotonic() + NO_SECONDS
        return answer

    async def _asked(self, question: Question) -> bool | None:
        lane, turn = question.lane, self._turns[question.lane.id]
        try:
            await asyncio.wait_for(turn.acquire(), SECONDS)
        except TimeoutError:
            return None
        try:
            async with asyncio.timeout(SECONDS), await Hop(self._store, lane).connect() as hop:
                reply = await hop.ask(str(question.address))
        except (HopDown, TimeoutError) as error:
            log.info("callout_failed", lane=lane.id, error=str(error) or "too late")
            self._silent_until[lane.id] = time.monotonic() + SILENT_SECONDS
            return None
        finally:
            turn.release()
        return {YES: True, NO: False}.get(reply.kind)
