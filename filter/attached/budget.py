"""What opening the archives of one mail may cost: bytes, entries, depth and processor time."""

import time

MOST_INFLATED = 200 * 2**20
MOST_ENTRIES = 1000
DEEPEST_ARCHIVE = 3
RATIO = 100
# Below this a ratio means nothing: a table of blanks packs better than a bomb.
SMALL = 2**20
SECONDS = 1.5


class TooMuch(Exception):
    """An archive asks for more than anybody's does; its text says of what."""


class Budget:
    """What is left for one mail; raises TooMuch when it is used up."""

    def __init__(self) -> None:
        self._inflated = 0
        self._entries = 0
        self._most = MOST_INFLATED
        self._end = time.process_time() + SECONDS

    def begin(self, size: int) -> None:
        """Begin an attachment of so many bytes: what it unpacks to is bounded by its size."""
        self._most = min(MOST_INFLATED, self._inflated + max(RATIO * size, SMALL))

    def spend(self, size: int) -> None:
        """Count inflated bytes."""
        self._inflated += size
        if self._inflated > self._most:
            raise TooMuch("unpacks to too much")
        self.check_time()

    def enter(self, count: int = 1) -> None:
        """Count entries."""
        self._entries += count
        if self._entries > MOST_ENTRIES:
            raise TooMuch("too many entries")

    def check_time(self) -> None:
        """Raise TooMuch when the processor has worked on this mail for too long."""
        if time.process_time() > self._end:
            raise TooMuch("takes too long")
