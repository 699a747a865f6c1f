"""How our own commands are started as processes."""

import sys


def flask(*args: str) -> list[str]:
    """Return the command line of one of our own commands."""
    return [sys.executable, "-m", "flask", *args]
