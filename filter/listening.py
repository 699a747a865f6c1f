"""Where a relay listens: for mail that comes in, and for people who send."""

import asyncio
import socket
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from socket import SO_REUSEADDR, SO_REUSEPORT
from typing import Protocol

import structlog

from filter.connection import Connection
from filter.hooks import Hooks
from filter.intake import Intake
from filter.limits import Gate
from filter.session import RelaySMTP
from filter.submission import SubmissionHooks, SubmissionSMTP
from filter.tls import Certificate
from filter.tls_door import TLSDoor
from mailstore.addresses import parse_host_port
from mailstore.errors import Misconfigured
from mailstore.settings import PREFIX, Settings
from mailstore.store import Store

log = structlog.get_logger()

BACKLOG = 512


@dataclass(frozen=True, slots=True)
class Listener:
    """One kind of session, and the places where it begins; with a certificate, by TLS."""

    places: Sequence[str]
    session: Callable[[], Connection]
    certificate: Certificate | None = None


class Open(Protocol):
    """A place where a relay listens."""

    def close(self) -> None:
        """Take nobody any more."""


def the_certificate(settings: Settings) -> Certificate | None:
    """Return what TLS needs, or None where it is not offered; raises Misconfigured."""
    if settings.tls_cert is None:
        return None
    return Certificate(settings.tls_cert, settings.tls_key or settings.tls_cert)


def listeners(
    store: Store, intake: Intake, gate: Gate, connections: set[Connection]
) -> list[Listener]:
    """Return what a relay listens for."""
    settings, certificate = store.settings, the_certificate(store.settings)
    hooks = Hooks(intake, settings, gate, certificate)
    found = [Listener(_split(settings.smtp_listen), lambda: RelaySMTP(hooks, connections))]
    if certificate is not None:
        people = SubmissionHooks(store, intake, gate, certificate)
        at_once = certificate, _split(settings.submissions_listen)
        for tls, places in ((None, _split(settings.submission_listen)), at_once):
            found.append(Listener(places, lambda: SubmissionSMTP(people, connections), tls))
    return found


def reserve(settings: Settings) -> ExitStack:
    """Keep the ports for relay processes that share them; raises Misconfigured if one is taken."""
    kept = ExitStack()
    for text in _places(settings):
        try:
            kept.enter_context(_bound(*parse_host_port(text), SO_REUSEPORT))
        except OSError as error:
            kept.close()
            raise _unusable(text, error) from error
    return kept


async def listen(settings: Settings, found: Sequence[Listener]) -> list[Open]:
    """Begin to listen, or raise Misconfigured."""
    servers: list[Open] = []
    _places(settings)
    shared = settings.relay_count > 1
    for listener, text in [(each, text) for each in found for text in each.places]:
        host, port = parse_host_port(text)
        try:
            servers.append(await _opened(listener, host, port, shared=shared))
        except OSError as error:
            raise _unusable(text, error) from error
        log.info("relay_listens", host=host, port=port)
    return servers


async def _opened(listener: Listener, host: str, port: int, *, shared: bool) -> Open:
    if listener.certificate is not None:
        bound = _bound(host, port, SO_REUSEADDR, *([SO_REUSEPORT] if shared else ()))
        bound.setblocking(False)
        bound.listen(BACKLOG)
        return TLSDoor(bound, listener.certificate, listener.session)
    return await asyncio.get_running_loop().create_server(
        listener.session,
        host,
        port,
        family=socket.AF_UNSPEC,
        backlog=BACKLOG,
        reuse_port=shared,
    )


def _bound(host: str, port: int, *options: int) -> socket.socket:
    family, kind, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    bound = socket.socket(family, kind)
    try:
        for each in options:
            bound.setsockopt(socket.SOL_SOCKET, each, 1)
        bound.bind(address)
    except OSError:
        bound.close()
        raise
    return bound


def _unusable(text: str, error: OSError) -> Misconfigured:
    return Misconfigured(f"{text} cannot be used: {error.strerror}.")


def _places(settings: Settings) -> list[str]:
    """Return all places; raises Misconfigured where people would have to sign in without TLS."""
    people = [*_split(settings.submission_listen), *_split(settings.submissions_listen)]
    if people and settings.tls_cert is None:
        raise Misconfigured(f"{PREFIX}SUBMISSION_LISTEN and SUBMISSIONS_LISTEN need TLS_CERT.")
    return [*_split(settings.smtp_listen), *people]


def _split(places: str) -> list[str]:
    return [each for each in places.split(",") if each.strip()]
