"""One relay process: listeners, sandboxed children, the recorder, and a calm end."""

import asyncio
import contextlib
import gc
import os
import signal

import structlog
import uvloop

from filter.connection import Connection
from filter.dns import Resolver
from filter.examination import CHILD, Examiner
from filter.intake import Intake
from filter.limits import Gate
from filter.listening import listen, listeners
from filter.recorder import Recorder
from filter.scanners import Scanners
from filter.scanners.reporting import Reporting
from mailstore.sandbox_pool import SandboxPool
from mailstore.store import Store

log = structlog.get_logger()

DRAIN_SECONDS = 25.0


async def serve(store: Store, gate: Gate, stop: asyncio.Event) -> bool:
    """Take mail until told to stop; False if storage failed and the process must end."""
    settings = store.settings
    recorder = Recorder(store)
    children = settings.relay_children or os.cpu_count() or 1
    async with SandboxPool(CHILD, children) as pool:
        resolver = Resolver(settings)
        reporting = Reporting(store)
        scanners = Scanners(settings, resolver, reporting.tell)
        examiner = Examiner(settings, pool, resolver, scanners)
        intake = Intake(store, examiner, recorder)
        connections: set[Connection] = set()
        found = listeners(store, intake, gate, connections)
        servers = await listen(settings, found)
        # What the start made stays for good; only what mails leave behind is looked through.
        gc.freeze()
        broken = asyncio.ensure_future(recorder.broken.wait())
        stopped = asyncio.ensure_future(stop.wait())
        await asyncio.wait({broken, stopped}, return_when=asyncio.FIRST_COMPLETED)
        for server in servers:
            server.close()
        await _drain(connections)
        await reporting.settled()
    if not recorder.broken.is_set():
        recorder.close()
    return not recorder.broken.is_set()


def run(store: Store, gate: Gate) -> bool:
    """Serve until SIGTERM or SIGINT; False if storage failed."""

    async def until_signalled() -> bool:
        stop = asyncio.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(name, stop.set)
        return await serve(store, gate, stop)

    return uvloop.run(until_signalled())


async def _drain(connections: set[Connection]) -> None:
    """Let mail in progress finish, and tell everybody else to come back."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(DRAIN_SECONDS):
            while connections:
                for each in [each for each in connections if not each.busy]:
                    each.say_goodbye()
                    connections.discard(each)
                await asyncio.sleep(0.05)
    for each in connections:
        each.say_goodbye()
