"""TNEF, the `winmail.dat` of Outlook, read in memory and in linear time (MS-OXTNEF §2.1.3).

A stream of attributes: a level, an id, a length, the data, and two bytes of checksum.
"""

import struct
from collections.abc import Iterator

from filter.attached.budget import Budget
from filter.attached.entries import Entry, Unreadable

SIGNATURE = b"\x78\x9f\x3e\x22"
_KEY = 2
_ATTRIBUTE = struct.Struct("<BII")
_CHECKSUM = 2
_BEGINS, _TITLE, _DATA = 0x00069002, 0x00018010, 0x0006800F


def entries(content: bytes, budget: Budget) -> Iterator[Entry]:
    """Yield the files in it, each under its title; raises TooMuch, Unreadable where it breaks."""
    title, data = "", b""
    for name, value in _attributes(content, budget):
        # The title comes before or behind the data of the same file.
        if data and name in {_BEGINS, _DATA}:
            yield Entry((title,), data)
            title, data = "", b""
        if name == _TITLE:
            title = value.partition(b"\0")[0].decode("cp1252", "replace")
        elif name == _DATA:
            data = value
    if data:
        yield Entry((title,), data)


def _attributes(content: bytes, budget: Budget) -> Iterator[tuple[int, bytes]]:
    at = len(SIGNATURE) + _KEY
    while at + _ATTRIBUTE.size <= len(content):
        budget.enter()
        _, name, size = _ATTRIBUTE.unpack_from(content, at)
        at += _ATTRIBUTE.size
        yield name, content[at : at + size]
        if at + size > len(content):
            raise Unreadable("cut off")
        at += size + _CHECKSUM
