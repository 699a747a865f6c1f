"""As many relay processes as the settings say, on one port, forked from one that has no store.

What is shared is made before they fork: the code, and the counts of connections.
"""

import os
import signal
import time
from collections.abc import Callable
from contextlib import closing, suppress

import structlog

from filter import listening, server
from filter.limits import Counters, Gate, Limits
from filter.rule import load_rules
from filter.tied import end_with_parent
from mailstore.errors import Misconfigured
from mailstore.settings import Settings
from mailstore.store import Store

log = structlog.get_logger()

PAUSE = 1.0
PATIENCE = 30.0  # a relay drains in less, and a supervisor waits for longer
SIGNALS = (signal.SIGTERM, signal.SIGINT)

OpenStore = Callable[[], Store]


def run(settings: Settings, open_store: OpenStore) -> bool:
    """Take mail until SIGTERM or SIGINT; False if storage failed in the only process."""
    load_rules()
    count = settings.relay_count
    counters = Counters(count)
    limits = Limits(
        settings.max_connections, settings.max_connections_per_address, settings.max_new_per_minute
    )
    if count == 1:
        return server.run(open_store(), Gate(counters, 0, limits))
    open_store().close()  # whatever is wrong with the settings is said once, and here
    with closing(listening.reserve(settings)):
        Family(counters, limits, open_store).run()
    return True


class Family:
    """A parent that only forks, waits, and forks again."""

    def __init__(self, counters: Counters, limits: Limits, open_store: OpenStore) -> None:
        self._counters, self._limits, self._open_store = counters, limits, open_store
        self._numbers: dict[int, int] = {}
        self._stopping = False

    def run(self) -> None:
        """Keep all processes running until told to stop, then let them finish."""
        for each in SIGNALS:
            signal.signal(each, self._stop)
        signal.signal(signal.SIGALRM, self._give_up)
        for number in range(self._counters.processes):
            self._fork(number)
        while self._numbers:
            pid, status = os.wait()
            number = self._numbers.pop(pid)
            if not self._stopping:
                log.warning("process_ended", name=f"relay {number}", code=status)
                self._counters.clear(number)
                time.sleep(PAUSE)
                self._fork(number)
        # Nobody is left to give up on, and Python lets the signal kill once its handlers are gone.
        signal.setitimer(signal.ITIMER_REAL, 0)

    def _stop(self, *_: object) -> None:
        self._stopping = True
        signal.setitimer(signal.ITIMER_REAL, PATIENCE)
        self._tell(signal.SIGTERM)

    def _give_up(self, *_: object) -> None:
        self._tell(signal.SIGKILL)

    def _tell(self, number: signal.Signals) -> None:
        for pid in list(self._numbers):
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def _fork(self, number: int) -> None:
        parent = os.getpid()
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        # No signal comes between this question and the end of what it decides.
        if not self._stopping:
            pid = os.fork()
            if pid == 0:
                self._serve(number, parent)
            self._numbers[pid] = number
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)

    def _serve(self, number: int, parent: int) -> None:
        """Be one of the processes, and never come back."""
        code = 1
        try:
            for each in SIGNALS:
                signal.signal(each, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
            end_with_parent(parent)
            code = not server.run(self._open_store(), Gate(self._counters, number, self._limits))
        except Misconfigured as error:
            log.critical("relay_misconfigured", error=str(error))
        except Exception:  # an edge: nothing is behind it that would say what went wrong
            log.exception("relay_failed")
        finally:
            os._exit(code)
