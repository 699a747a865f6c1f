"""Small pictures that tests are made of."""

import struct
import zlib


def part(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def a_png(width: int = 4, height: int = 2, *, more: bytes = b"", fill: bytes = b"\x00") -> bytes:
    """Return a grey picture that any program can show, if its size is one."""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    lines = zlib.compress((b"\x00" + fill * width) * min(height, 1000))
    return (
        b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + more + part(b"IDAT", lines)
        + part(b"IEND", b"")
    )  # fmt: skip


def a_jpeg(width: int = 4, height: int = 2, *, components: int = 1, frame: int = 0xC0) -> bytes:
    """Return the fields of a JPEG; what would be its pixels is nothing."""
    sizes = struct.pack(">BHHB", 8, height, width, components) + b"\x01\x11\x00" * components
    return (
        b"\xff\xd8" + _field(0xE0, b"JFIF\x00") + _field(frame, sizes)
        + _field(0xDA, b"\x01\x01\x00\x00\x3f\x00") + b"pixels\xff\xd9"
    )  # fmt: skip


def _field(name: int, data: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, name, len(data) + 2) + data
