"""Engines outside, asked beside our own rules; one that does not answer never says "clean"."""

from collections.abc import Iterator
from typing import Protocol

from filter.dns import Resolver
from mailstore.addresses import Address
from mailstore.envelopes import Client, Symbol
from mailstore.settings import Settings


class Readable(Protocol):
    """A mail that came in."""

    def chunks(self) -> Iterator[bytes]:
        """Yield it from its beginning."""


class Scanners:
    """All engines that the operator named."""

    def __init__(self, settings: Settings, resolver: Resolver) -> None:
        self._settings, self._resolver = settings, resolver
        self.on = False

    async def scan(
        self, client: Client, sender: Address | None, mail: Readable
    ) -> tuple[Symbol, ...]:
        """Return what they find."""
        return ()
