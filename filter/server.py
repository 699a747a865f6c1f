"""The relay's process: listeners, sandboxed children, the recorder, and a calm end."""

import asyncio
import contextlib
import os
import signal

import structlog
import uvloop

from filter import reply
from filter.dns import Resolver
from filter.examination import CHILD, Examiner
from filter.intake import Intake
from filter.recorder import Recorder
from filter.session import Hooks, RelaySMTP
from mailstore.addresses import parse_host_port
from mailstore.errors import Misconfigured
from mailstore.sandbox_pool import SandboxPool
from mailstore.store import Store

log = structlog.get_logger()

DRAIN_SECONDS = 30.0


async def serve(store: Store, stop: asyncio.Event) -> bool:
    """Take mail until told to stop; False if storage failed and the process must end."""
    settings = store.settings
    recorder = Recorder(store)
    children = settings.relay_children or os.cpu_count() or 1
    async with SandboxPool(CHILD, children) as pool:
        examiner = Examiner(settings, pool, Resolver(settings))
        hooks = Hooks(Intake(store, examiner, recorder), settings)
        sessions: set[RelaySMTP] = set()
        servers = await _listen(hooks, sessions)
        broken = asyncio.ensure_future(recorder.broken.wait())
        stopped = asyncio.ensure_future(stop.wait())
        await asyncio.wait({broken, stopped}, return_when=asyncio.FIRST_COMPLETED)
        for server in servers:
            server.close()
        await _drain(sessions)
    if not recorder.broken.is_set():
        recorder.close()
    return not recorder.broken.is_set()


def run(store: Store) -> bool:
    """Serve until SIGTERM or SIGINT; False if storage failed."""

    async def until_signalled() -> bool:
        stop = asyncio.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(name, stop.set)
        return await serve(store, stop)

    return uvloop.run(until_signalled())


async def _listen(hooks: Hooks, sessions: set[RelaySMTP]) -> list[asyncio.AbstractServer]:
    servers: list[asyncio.AbstractServer] = []
    for text in hooks.settings.smtp_listen.split(","):
        host, port = parse_host_port(text)
        try:
            server = await asyncio.get_running_loop().create_server(
                lambda: RelaySMTP(hooks, sessions), host, port, backlog=512
            )
        except OSError as error:
            raise Misconfigured(f"{text} cannot be used: {error.strerror}.") from error
        servers.append(server)
        log.info("relay_listens", host=host, port=port)
    return servers


async def _drain(sessions: set[RelaySMTP]) -> None:
    """Let mail in progress finish, and tell everybody else to come back."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(DRAIN_SECONDS):
            while sessions:
                for session in [each for each in sessions if not each.busy]:
                    await session.say_goodbye(reply.CLOSING)
                    sessions.discard(session)
                await asyncio.sleep(0.05)
