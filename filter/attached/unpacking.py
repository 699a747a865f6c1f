"""Unpacking streams in memory within a budget: gzip, bzip2, xz, deflate (RFC 1951, RFC 1952)."""

import bz2
import lzma
import zlib
from collections.abc import Callable
from typing import Protocol

from filter.attached.budget import Budget

CHUNK = 2**16
AT_ONCE = 2**20
MEMORY = 64 * 2**20
# More of one entry is counted and thrown away: what makes a file dangerous stands before.
KEPT = 32 * 2**20
BROKEN = (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError)

GZIP, BZIP2, XZ, LZMA = b"\x1f\x8b\x08", b"BZh", b"\xfd7zXZ\0", b"\x5d\0\0"


class Stream(Protocol):
    """One of Python's decompressors."""

    @property
    def eof(self) -> bool:
        """Whether the stream has ended."""

    @property
    def unused_data(self) -> bytes:
        """What came after its end."""


Step = Callable[[bytes], tuple[bytes, bytes, bool]]
Opener = Callable[[], tuple[Stream, Step]]


def deflate(bits: int = -zlib.MAX_WBITS) -> tuple[Stream, Step]:
    """Return a decompressor of deflate; with more bits, of what gzip wraps around it."""
    stream = zlib.decompressobj(bits)

    def step(given: bytes) -> tuple[bytes, bytes, bool]:
        piece = stream.decompress(given, AT_ONCE)
        return piece, stream.unconsumed_tail, len(piece) == AT_ONCE

    return stream, step


def gzip() -> tuple[Stream, Step]:
    """Return a decompressor of gzip."""
    return deflate(zlib.MAX_WBITS | 16)


def bzip2() -> tuple[Stream, Step]:
    """Return a decompressor of bzip2."""
    return _buffering(bz2.BZ2Decompressor())


def xz() -> tuple[Stream, Step]:
    """Return a decompressor of xz and of its forerunner."""
    return _buffering(lzma.LZMADecompressor(memlimit=MEMORY))


def _buffering(
    stream: bz2.BZ2Decompressor | lzma.LZMADecompressor,
) -> tuple[Stream, Step]:
    def step(given: bytes) -> tuple[bytes, bytes, bool]:
        piece = stream.decompress(given, AT_ONCE)
        return piece, b"", not stream.needs_input and not stream.eof

    return stream, step


KINDS: dict[bytes, Opener] = {GZIP: gzip, BZIP2: bzip2, XZ: xz, LZMA: xz}


def inflate(
    opened: tuple[Stream, Step], data: memoryview, budget: Budget
) -> tuple[bytes, int, bytes]:
    """Return the beginning of what a stream unpacks to, its whole size, and what follows it.

    What is broken ends there. Raises TooMuch.
    """
    (stream, step), kept, size = opened, bytearray(), 0
    try:
        for start in range(0, len(data), CHUNK):
            given, more = bytes(data[start : start + CHUNK]), True
            while (given or more) and not stream.eof:
                piece, given, more = step(given)
                budget.spend(len(piece))
                size += len(piece)
                kept += piece[: max(KEPT - len(kept), 0)]
            if stream.eof:
                rest = stream.unused_data + bytes(data[start + CHUNK :])
                return bytes(kept), size, rest
    except BROKEN:
        return bytes(kept), size, b""
    return bytes(kept), size, b""


def inflate_all(kind: bytes, data: bytes, budget: Budget) -> bytes:
    """Return what a compressed file unpacks to, all its streams together; raises TooMuch."""
    whole, rest = b"", data
    while rest.startswith(kind):
        budget.enter()
        piece, _, rest = inflate(KINDS[kind](), memoryview(rest), budget)
        whole = (whole + piece)[:KEPT] if whole else piece
    return whole
