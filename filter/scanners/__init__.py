"""Engines outside, asked beside our own rules; one that does not answer never says "clean"."""

import asyncio
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass
from itertools import chain
from time import monotonic
from typing import Protocol, Self, TypeVar

from filter.dns import Resolver
from filter.scanners import dns_lists
from filter.scanners.clamav import ClamAV
from filter.scanners.engine import Engine, Question
from filter.scanners.rspamd import Rspamd
from filter.scanners.watch import Tell, Watch
from mailstore.addresses import Address
from mailstore.envelopes import Client, Symbol
from mailstore.errors import BadName, Misconfigured
from mailstore.sandbox import Content
from mailstore.settings import PREFIX, Settings

T = TypeVar("T")


class Readable(Protocol):
    """A mail that came in."""

    def content(self) -> Content:
        """Return its bytes, or their descriptor."""


@dataclass(frozen=True, slots=True)
class Health:
    """What one engine says when it is asked how it is."""

    name: str
    well: bool
    says: str
    milliseconds: float


class Scanners:
    """All engines that the operator named; raises Misconfigured for one that cannot be asked."""

    def __init__(
        self, settings: Settings, resolver: Resolver, tell: Tell = lambda _name, _why: None
    ) -> None:
        self._watched = [
            Watch(engine, settings.scanner_seconds, settings.scanner_max_bytes, tell)
            for engine in _engines(settings, resolver)
        ]

    def of_content(self) -> Self:
        """Return those of these engines that look at content.

        Lists of senders name the connections of people at home too, and say nothing of a virus.
        """
        fewer = copy(self)
        fewer._watched = [each for each in self._watched if not each.by_sender]
        return fewer

    @property
    def on(self) -> bool:
        """Whether there is any to be asked."""
        return bool(self._watched)

    @property
    def silent(self) -> bool:
        """Whether any of them did not answer when it was asked last."""
        return any(each.silent for each in self._watched)

    async def scan(
        self, client: Client, sender: Address | None, mail: Readable
    ) -> tuple[Symbol, ...]:
        """Return what they find; UNSCANNED for each that did not say."""
        question = Question(client, sender, mail.content())
        found = await asyncio.gather(*(each.ask(question) for each in self._watched))
        return tuple(chain.from_iterable(found))

    async def health(self) -> list[Health]:
        """Ask each engine now how it is."""
        return list(await asyncio.gather(*map(_health, self._watched)))


async def _health(watched: Watch) -> Health:
    begun = monotonic()
    well, says = await watched.version()
    return Health(watched.name, well, says, (monotonic() - begun) * 1000)


def _engines(settings: Settings, resolver: Resolver) -> Iterator[Engine]:
    if settings.rspamd_url:
        yield _named("RSPAMD_URL", lambda: Rspamd(settings.rspamd_url))
    if settings.clamav:
        yield _named("CLAMAV", lambda: ClamAV(settings.clamav))
    yield from _named("DNS_LISTS", lambda: list(dns_lists.named(settings, resolver)))


def _named(setting: str, make: Callable[[], T]) -> T:
    try:
        return make()
    except BadName as error:
        raise Misconfigured(f"{PREFIX}{setting}: {error}") from error
