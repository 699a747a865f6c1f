"""Office documents with macros, made in memory: a compound file with a VBA project.

[MS-CFB] for the file, [MS-OVBA] for what is in it; as little of both as oletools reads.
"""

import struct
from itertools import count

from tests.filter.attached.packed import a_zip

SECTOR, MINI = 512, 64
FREE, END, FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
STREAM, STORAGE, ROOT = 2, 1, 5
HARMLESS = 'Attribute VB_Name = "Module1"\r\nSub Add()\r\n  Range("A1") = 1 + 1\r\nEnd Sub\r\n'
HARMFUL = 'Attribute VB_Name = "Module1"\r\nSub AutoOpen()\r\n  Shell "calc"\r\nEnd Sub\r\n'
STARTS = 'Attribute VB_Name = "Module1"\r\nSub Add()\r\n  Shell "calc"\r\nEnd Sub\r\n'


def a_document(code: str) -> bytes:
    """Return an OLE file with one macro module."""
    return _compound(
        [
            ("VBA", STORAGE, b"", 2),
            ("dir", STREAM, _compressed(_directory()), None),
            ("Module1", STREAM, _compressed(code.encode()), None),
            ("_VBA_PROJECT", STREAM, b"\xcc\x61\xff\xff\0\0\0", None),
            ("PROJECT", STREAM, b'ID="{0}"\r\nModule=Module1\r\n', None),
        ]
    )


def a_modern_document(code: str) -> bytes:
    """Return an OOXML file with one macro module."""
    return a_zip({"[Content_Types].xml": b"<x/>", "word/vbaProject.bin": a_document(code)})


def _record(kind: int, content: bytes) -> bytes:
    return struct.pack("<HI", kind, len(content)) + content


def _directory() -> bytes:
    name, wide = b"Module1", "Module1".encode("utf-16-le")
    return b"".join(
        [
            _record(1, struct.pack("<I", 1)),
            _record(2, struct.pack("<I", 0x409)),
            _record(0x14, struct.pack("<I", 0x409)),
            _record(3, struct.pack("<H", 1252)),
            _record(4, b"Project"),
            _record(5, b"") + _record(0x40, b""),
            _record(6, b"") + _record(0x3D, b""),
            _record(7, bytes(4)) + _record(8, bytes(4)),
            struct.pack("<HIIH", 9, 4, 1, 1),
            _record(0xC, b"") + _record(0x3C, b""),
            _record(0xF, struct.pack("<H", 1)) + _record(0x13, bytes(2)),
            _record(0x19, name) + _record(0x47, wide),
            _record(0x1A, name) + _record(0x32, wide),
            _record(0x1C, b"") + _record(0x48, b""),
            _record(0x31, bytes(4)) + _record(0x1E, bytes(4)) + _record(0x2C, bytes(2)),
            _record(0x21, b"") + _record(0x2B, b"") + _record(0x10, b""),
        ]
    )


def _compressed(content: bytes) -> bytes:
    """Return a container whose only chunk consists of literals (2.4.1)."""
    tokens = b"".join(b"\0" + content[at : at + 8] for at in range(0, len(content), 8))
    return b"\x01" + struct.pack("<H", 0xB000 | (len(tokens) - 1)) + tokens


def _compound(entries: list[tuple[str, int, bytes, int | None]]) -> bytes:
    minis = b""
    chains: list[int] = []
    starts: list[int] = []
    for _, _, content, _ in entries:
        starts.append(len(minis) // MINI if content else 0)
        blocks = -(-len(content) // MINI)
        chains += [*range(len(chains) + 1, len(chains) + blocks), END][:blocks]
        minis += content.ljust(blocks * MINI, b"\0")
    data = -(-len(minis) // SECTOR)
    # Sectors: table, directory (two), table of small blocks, small blocks.
    table = [FAT, 2, END, END, *range(5, 4 + data), END]
    siblings = _siblings(entries)
    listed = [_entry("Root Entry", ROOT, 4, len(minis), 1, FREE)]
    for (name, kind, content, child), start, right in zip(entries, starts, siblings, strict=True):
        listed.append(_entry(name, kind, start, len(content), child or FREE, right))
    listed += [_entry("", 0, 0, 0, FREE, FREE)] * (8 - len(listed))
    return b"".join(
        [
            _head(), _sector(table), b"".join(listed), _sector(chains),
            minis.ljust(data * SECTOR, b"\0"),
        ]
    )  # fmt: skip


def _siblings(entries: list[tuple[str, int, bytes, int | None]]) -> list[int]:
    """Return for each entry its right neighbour: VBA and PROJECT, and the three inside VBA."""
    numbers = dict(zip((name for name, *_ in entries), count(1), strict=False))
    right = {"VBA": "PROJECT", "dir": "Module1", "Module1": "_VBA_PROJECT"}
    return [numbers[right[name]] if name in right else FREE for name, *_ in entries]


def _head() -> bytes:
    head = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16)
    head += struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    head += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, 3, 1, END, 0)
    return head + struct.pack("<109I", 0, *[FREE] * 108)


def _sector(numbers: list[int]) -> bytes:
    return struct.pack("<128I", *numbers, *[FREE] * (128 - len(numbers)))


def _entry(name: str, kind: int, start: int, size: int, child: int, right: int) -> bytes:
    wide = name.encode("utf-16-le")
    length = len(wide) + 2 if name else 0
    entry = wide.ljust(64, b"\0") + struct.pack("<HBB", length, kind, 1)
    entry += struct.pack("<III", FREE, right, child) + bytes(36)
    return entry + struct.pack("<III", start, size, 0)
