"""A monotonic clock for tests."""


class Seconds:
    """Seconds that pass only when told; call it to read it."""

    def __init__(self) -> None:
        self.now = 6000.0

    def __call__(self) -> float:
        return self.now
