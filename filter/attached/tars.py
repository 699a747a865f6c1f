"""TAR archives, read in memory and in linear time (POSIX.1-2017, pax; GNU long names)."""

from collections.abc import Iterator

from filter.attached.budget import Budget
from filter.attached.entries import Entry
from filter.attached.unpacking import KEPT

BLOCK = 512
MAGIC_AT, MAGIC = 257, b"ustar"
LONGEST_NAME = 4096
_LINKS = (b"1", b"2")
_FILES = (b"0", b"\0", b"7")


def is_tar(content: bytes) -> bool:
    """Return whether a file is a TAR archive, by its mark or else by its checksum."""
    head = content[:BLOCK]
    if head[MAGIC_AT : MAGIC_AT + len(MAGIC)] == MAGIC:
        return True
    said = _number(head[148:156])
    return len(head) == BLOCK and bool(said) and said == sum(head) - sum(head[148:156]) + 8 * 32


def entries(content: bytes, budget: Budget) -> Iterator[Entry]:
    """Yield the files of an archive, and of links the names they lead to; raises TooMuch."""
    at, longer = 0, ""
    while at + BLOCK <= len(content):
        head = content[at : at + BLOCK]
        size, kind = _number(head[124:136]), head[156:157]
        body = content[at + BLOCK : at + BLOCK + min(size, KEPT)]
        at += BLOCK + -(-size // BLOCK) * BLOCK
        if not any(head):
            continue
        budget.enter()
        if kind in (b"L", b"x"):
            longer = _text(body) if kind == b"L" else _path(body)
            continue
        names = (longer or _name(head), _text(head[157:257])) if kind in _LINKS else ()
        budget.spend(len(body))
        yield Entry(names or (longer or _name(head),), body if kind in _FILES else b"")
        longer = ""


def _name(head: bytes) -> str:
    prefix = _text(head[345:500]) if head[MAGIC_AT:].startswith(MAGIC + b"\0") else ""
    return f"{prefix}/{_text(head[:100])}" if prefix else _text(head[:100])


def _text(field: bytes) -> str:
    return field[:LONGEST_NAME].partition(b"\0")[0].decode("utf-8", "replace")


def _path(body: bytes) -> str:
    """Return the name that a pax header gives the next file, or an empty text."""
    _, found, rest = body.partition(b" path=")
    return _text(rest.partition(b"\n")[0]) if found else ""


def _number(field: bytes) -> int:
    """Return a number of a header, octal or in base 256; zero for anything else."""
    if field[:1] == b"\x80":
        return int.from_bytes(field[1:], "big")
    digits = field.strip(b" \0")
    try:
        return int(digits, 8) if digits else 0
    except ValueError:
        return 0
