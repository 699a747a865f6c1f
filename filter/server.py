"""One relay process: listeners, sandboxed children, the recorder, and a calm end."""

import asyncio
import contextlib
import gc
import os
import signal
import socket
from contextlib import ExitStack

import structlog
import uvloop

from filter.connection import Connection
from filter.dns import Resolver
from filter.examination import CHILD, Examiner
from filter.hooks import Hooks
from filter.intake import Intake
from filter.limits import Gate
from filter.recorder import Recorder
from filter.scanners import Scanners
from filter.scanners.reporting import Reporting
from filter.session import RelaySMTP
from filter.tls import Certificate
from mailstore.addresses import parse_host_port
from mailstore.errors import Misconfigured
from mailstore.sandbox_pool import SandboxPool
from mailstore.settings import Settings
from mailstore.store import Store

log = structlog.get_logger()

DRAIN_SECONDS = 25.0
BACKLOG = 512


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
        hooks = Hooks(intake, settings, gate, the_certificate(settings))
        connections: set[Connection] = set()
        servers = await _listen(hooks, connections)
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


def the_certificate(settings: Settings) -> Certificate | None:
    """Return what STARTTLS needs, or None where it is not offered; raises Misconfigured."""
    if settings.tls_cert is None:
        return None
    return Certificate(settings.tls_cert, settings.tls_key or settings.tls_cert)


def reserve(settings: Settings) -> ExitStack:
    """Keep the ports for relay processes that share them; raises Misconfigured if one is taken."""
    kept = ExitStack()
    for text in settings.smtp_listen.split(","):
        host, port = parse_host_port(text)
        try:
            family, kind, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
            bound = kept.enter_context(socket.socket(family, kind))
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            bound.bind(address)
        except OSError as error:
            kept.close()
            raise Misconfigured(f"{text} cannot be used: {error.strerror}.") from error
    return kept


async def _listen(hooks: Hooks, connections: set[Connection]) -> list[asyncio.AbstractServer]:
    servers: list[asyncio.AbstractServer] = []
    for text in hooks.settings.smtp_listen.split(","):
        host, port = parse_host_port(text)
        try:
            server = await asyncio.get_running_loop().create_server(
                lambda: RelaySMTP(hooks, connections),
                host,
                port,
                family=socket.AF_UNSPEC,
                backlog=BACKLOG,
                reuse_port=hooks.settings.relay_count > 1,
            )
        except OSError as error:
            raise Misconfigured(f"{text} cannot be used: {error.strerror}.") from error
        servers.append(server)
        log.info("relay_listens", host=host, port=port)
    return servers


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
