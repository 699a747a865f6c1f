"""What an engine is to us: a name, a question about one mail, and the two ways to get no answer."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from mailstore.addresses import Address
from mailstore.envelopes import Client, Symbol
from mailstore.errors import MailhafenError
from mailstore.sandbox import Content

CHUNK = 64 * 1024


class Unanswered(MailhafenError):
    """An engine said nothing that can be used; the text says what it did instead."""


class Declined(Unanswered):
    """An engine that is well does not look at this mail, or not at all of it."""


@dataclass(frozen=True, slots=True)
class Question:
    """One mail, and who brought it."""

    client: Client
    sender: Address | None
    content: Content

    @property
    def size(self) -> int:
        """How many bytes the mail has."""
        if isinstance(self.content, bytes):
            return len(self.content)
        return os.fstat(self.content).st_size

    def chunks(self) -> Iterator[bytes]:
        """Yield the mail from its beginning.

        Several engines and the child read one file at the same time, so nobody moves its position.
        """
        if isinstance(self.content, bytes):
            if self.content:
                yield self.content
            return
        offset = 0
        while chunk := os.pread(self.content, CHUNK, offset):
            offset += len(chunk)
            yield chunk


class Engine(Protocol):
    """Somebody outside who knows mail; whatever else may happen there is Unanswered."""

    @property
    def name(self) -> str:
        """Return what logs, findings and the operator call it."""

    async def ask(self, question: Question) -> Sequence[Symbol]:
        """Return what it finds in a mail; raises Unanswered and OSError."""

    async def version(self) -> str:
        """Return what it says of itself; raises Unanswered and OSError."""
