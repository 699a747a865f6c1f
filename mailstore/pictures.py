"""Pictures for mails: whether a file is a whole PNG or JPEG, and how large it is shown.

What lies in it is not decoded: readers' programs do that. Other kinds are refused, SVG above
all, for it can carry scripts.
"""

import struct
import zlib
from dataclasses import dataclass

from mailstore.errors import BadName

LARGEST_BYTES = 100 * 1024
WIDEST, HIGHEST = 1200, 400
PNG, JPEG = "image/png", "image/jpeg"
_PNG_START, _JPEG_START, _JPEG_END = b"\x89PNG\r\n\x1a\n", b"\xff\xd8", b"\xff\xd9"
_CRITICAL = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND"})
# PNG, third edition, table 10: which depths a kind of pixel may have.
_DEPTHS = {0: {1, 2, 4, 8, 16}, 2: {8, 16}, 3: {1, 2, 4, 8}, 4: {8, 16}, 6: {8, 16}}
# Baseline, extended and progressive; what else there is, hardly any program of mail shows.
_FRAMES = frozenset({0xC0, 0xC1, 0xC2})
_SCAN = 0xDA
# Fields before the picture: tables, comments, and what applications note.
_FIELDS = frozenset({0xC4, 0xDB, 0xDD, 0xFE, *range(0xE0, 0xF0)})
# Grey, or colour; four would be for printers.
_COMPONENTS = frozenset({1, 3})
_REFUSED = (
    f"A logo is a PNG or JPEG file of at most {LARGEST_BYTES // 1024} KB and "
    f"{WIDEST} x {HIGHEST} pixels."
)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it is stored, its size in pixels."""

    content: bytes
    kind: str
    width: int
    height: int


def read(content: bytes) -> Picture:
    """Return a picture that mails can show; raises BadName for anything else."""
    if len(content) > LARGEST_BYTES:
        raise BadName(_REFUSED)
    try:
        kind, width, height = _size(content)
    except (struct.error, IndexError, ValueError) as error:
        raise BadName(_REFUSED) from error
    if not (0 < width <= WIDEST and 0 < height <= HIGHEST):
        raise BadName(_REFUSED)
    return Picture(content, kind, width, height)


def _size(content: bytes) -> tuple[str, int, int]:
    if content.startswith(_PNG_START):
        return PNG, *_size_of_png(content)
    if content.startswith(_JPEG_START) and content.endswith(_JPEG_END):
        return JPEG, *_size_of_jpeg(content)
    raise ValueError("neither PNG nor JPEG")


def _size_of_png(content: bytes) -> tuple[int, int]:
    """Return width and height of a PNG whose parts are all whole, with nothing after its end."""
    parts = _parts_of_png(content)
    name, head = parts[0]
    width, height, depth, kind, *methods = struct.unpack(">IIBBBBB", head)
    names = [each for each, _ in parts]
    once = names.count(b"IHDR") == names.count(b"IEND") == 1
    if name != b"IHDR" or names[-1] != b"IEND" or not once or b"IDAT" not in names:
        raise ValueError("its parts are not those of a PNG")
    if depth not in _DEPTHS.get(kind, ()) or methods[:2] != [0, 0] or methods[2] not in {0, 1}:
        raise ValueError("its header is not that of a PNG")
    return width, height


def _parts_of_png(content: bytes) -> list[tuple[bytes, bytes]]:
    found, at = [], len(_PNG_START)
    while at < len(content):
        length, name = struct.unpack_from(">I4s", content, at)
        data = content[at + 8 : at + 8 + length]
        (sum_,) = struct.unpack_from(">I", content, at + 8 + length)
        # An upper case letter at its beginning: who does not know the part cannot show the rest.
        if sum_ != zlib.crc32(name + data) or (name[:1].isupper() and name not in _CRITICAL):
            raise ValueError("a part is broken or unknown")
        found.append((name, data))
        at += 12 + length
    return found


def _size_of_jpeg(content: bytes) -> tuple[int, int]:
    """Return width and height of a JPEG whose fields lead one after another to its picture."""
    at, size = len(_JPEG_START), None
    while True:
        mark, name, length = struct.unpack_from(">BBH", content, at)
        if mark != 0xFF or length < 2:  # noqa: PLR2004 (the length counts itself)
            raise ValueError("a field does not begin where the last one ends")
        if name == _SCAN and size:
            return size
        if name in _FRAMES and size is None:
            depth, height, width, components = struct.unpack_from(">BHHB", content, at + 4)
            if depth != 8 or components not in _COMPONENTS:  # noqa: PLR2004 (bits)
                raise ValueError("no program of mail shows this")
            size = width, height
        elif name not in _FIELDS:
            raise ValueError("a field that no such picture has")
        at += 2 + length
