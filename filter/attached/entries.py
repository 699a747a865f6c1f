"""What is found inside an archive, and names that try to leave the folder it is unpacked to."""

import re
from dataclasses import dataclass

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_DEVICES = frozenset(
    {"con", "prn", "aux", "nul"}
    | {f"{port}{number}" for port in ("com", "lpt") for number in "123456789"}
)


class Unreadable(Exception):
    """An archive is of a kind, or in a state, that we cannot look into."""


class Knotted(Exception):
    """An archive is built so that programs disagree on what is in it; its text says how."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in an archive: all its names, and its content unless it is locked."""

    names: tuple[str, ...]
    content: bytes = b""
    locked: bool = False


def leaves(name: str) -> bool:
    """Return whether a name could put a file where it does not belong."""
    pieces = name.replace("\\", "/").split("/")
    return (
        name.startswith(("/", "\\"))
        or name[1:2] == ":"
        or ".." in pieces
        or _CONTROL.search(name) is not None
        or any(piece.partition(".")[0].rstrip().lower() in _DEVICES for piece in pieces)
    )
