"""TNEF, the `winmail.dat` of Outlook, read in memory and in linear time (MS-OXTNEF §2.1.3).

A stream of attributes: a level, an id, a length, the data, and two bytes of checksum. The filter
looks into its files, and pages show them apart, so the one reader lives here.
"""

import struct
from collections.abc import Callable, Iterator

SIGNATURE = b"\x78\x9f\x3e\x22"
_KEY = 2
_ATTRIBUTE = struct.Struct("<BII")
_CHECKSUM = 2
_BEGINS, _TITLE, _DATA = 0x00069002, 0x00018010, 0x0006800F


class CutOff(Exception):
    """The stream ends within an attribute, or an attribute lies about its length."""


def files(content: bytes, count: Callable[[], object]) -> Iterator[tuple[str, bytes]]:
    """Yield title and content of each file in it; raises CutOff behind the last that is whole.

    `count` is called for each attribute, and ends the reading by what it raises.
    """
    title, data = "", b""
    for name, value in _attributes(content, count):
        # The title comes before or behind the data of the same file.
        if data and name in {_BEGINS, _DATA}:
            yield title, data
            title, data = "", b""
        if name == _TITLE:
            title = value.partition(b"\0")[0].decode("cp1252", "replace")
        elif name == _DATA:
            data = value
    if data:
        yield title, data


def _attributes(content: bytes, count: Callable[[], object]) -> Iterator[tuple[int, bytes]]:
    at = len(SIGNATURE) + _KEY
    while at + _ATTRIBUTE.size <= len(content):
        count()
        _, name, size = _ATTRIBUTE.unpack_from(content, at)
        at += _ATTRIBUTE.size
        yield name, content[at : at + size]
        if at + size > len(content):
            raise CutOff
        at += size + _CHECKSUM
