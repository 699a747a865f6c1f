"""ZIP archives, read in memory: what the directory at the end says, checked against the data.

Programs that go by the directory and programs that go by the data must find the same files;
an archive made so that they do not is made to get past a filter.
"""

import io
import struct
import zipfile
from collections.abc import Iterator
from itertools import pairwise

from filter.attached.budget import MOST_ENTRIES, Budget, TooMuch
from filter.attached.entries import Entry, Knotted, Unreadable
from filter.attached.unpacking import KEPT, bzip2, deflate, inflate, xz

LOCAL, CENTRAL, END = b"PK\3\4", b"PK\1\2", b"PK\5\6"
OFFICE = frozenset(("docx", "docm", "dotx", "dotm", "xlsx", "xlsm", "xltx", "xltm", "xlsb", "xlam"))
SLIDES = frozenset(("pptx", "pptm", "potx", "potm", "ppsx", "ppsm", "ppam", "sldm"))
# What an office program writes by the hundred.
_HARMLESS = (".xml", ".rels", ".png", ".jpg", ".jpeg", ".gif", ".emf", ".wmf", ".vml")
_HEADER = struct.Struct("<4sHHHHHIIIHH")
_LOCKED = 1
_MARKED, _UNKNOWN = 2, 2**64 - 1
_BROKEN = (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error, EOFError)


def entries(content: bytes, budget: Budget, *, office: bool) -> Iterator[Entry]:
    """Yield the files of an archive; the drawings and pages of an office document do not count.

    Raises TooMuch, Knotted where directory and data disagree, Unreadable for what is broken.
    """
    if content.count(CENTRAL) > 4 * MOST_ENTRIES:
        raise TooMuch("too many entries")
    try:
        listed = zipfile.ZipFile(io.BytesIO(content)).infolist()
    except (*_BROKEN, IndexError, OverflowError) as error:
        yield from _without_directory(content, budget)
        raise Unreadable(type(error).__name__) from error
    _check(content, listed)
    # Counted first: an archive with too many is refused before it costs anything.
    budget.enter(sum(not (office and _harmless(each)) for each in listed))
    for info in listed:
        entry, size = _entry(content, info, budget)
        yield entry
        # Whoever goes by the size said would see another file.
        if not (entry.locked or info.is_dir() or size == info.file_size):
            raise Knotted("lies about its sizes")


def _harmless(info: zipfile.ZipInfo) -> bool:
    return info.orig_filename.lower().endswith(_HARMLESS)


def _entry(content: bytes, info: zipfile.ZipInfo, budget: Budget) -> tuple[Entry, int]:
    """Return one file and its whole size; raises Knotted where it is not where it should be."""
    name, data = _local(content, info)
    names = tuple(dict.fromkeys((info.orig_filename, name)))
    if info.flag_bits & _LOCKED:
        return Entry(names, locked=True), 0
    kept, size = _unpacked(info, memoryview(content)[data:], budget)
    return Entry(names, kept), size


def _local(content: bytes, info: zipfile.ZipInfo) -> tuple[str, int]:
    """Return the name in a file's own header, and where its data begin."""
    head = content[info.header_offset : info.header_offset + _HEADER.size]
    if len(head) < _HEADER.size or not head.startswith(LOCAL):
        raise Knotted("names files that are not there")
    *_, name_size, extra_size = _HEADER.unpack(head)
    begin = info.header_offset + _HEADER.size
    name = content[begin : begin + name_size].decode(
        "utf-8" if info.flag_bits & 0x800 else "cp437", "replace"
    )
    return name, begin + name_size + extra_size


def _unpacked(info: zipfile.ZipInfo, data: memoryview, budget: Budget) -> tuple[bytes, int]:
    match info.compress_type:
        case zipfile.ZIP_STORED:
            budget.spend(min(info.compress_size, len(data)))
            kept = bytes(data[: min(info.compress_size, KEPT)])
            return kept, min(info.compress_size, len(data))
        case zipfile.ZIP_DEFLATED:
            kept, size, _ = inflate(deflate(), data, budget)
        case zipfile.ZIP_BZIP2:
            kept, size, _ = inflate(bzip2(), data, budget)
        case zipfile.ZIP_LZMA:
            kept, size, _ = inflate(xz(), memoryview(_as_lzma(info, data)), budget)
        case _:
            raise Unreadable("packed in a way we cannot unpack")
    return kept, size


def _as_lzma(info: zipfile.ZipInfo, data: memoryview) -> bytes:
    """Return what ZIP packed with LZMA as a file of its own, whose head has the size in it."""
    ends_by_mark = info.flag_bits & _MARKED
    size = _UNKNOWN if ends_by_mark else info.file_size
    packed = bytes(data[: info.compress_size])
    return packed[4:9] + struct.pack("<Q", size) + packed[9:]


def _check(content: bytes, listed: list[zipfile.ZipInfo]) -> None:
    """Raise Knotted for files that lie in one another, or that the directory hides."""
    spans = sorted((each.header_offset, each.header_offset + each.compress_size) for each in listed)
    for (_, end), (begin, _) in pairwise(spans):
        if end > begin:
            raise Knotted("files lie in one another")
        if content.find(LOCAL, end + _HEADER.size, begin) >= 0:
            raise Knotted("hides files")
    first = spans[0][0] if spans else content.rfind(END)
    if content.startswith(LOCAL) and first > 0:
        raise Knotted("two archives in one")


def _without_directory(content: bytes, budget: Budget) -> Iterator[Entry]:
    """Yield what lies in an archive whose directory is broken, as programs that repair do."""
    at = content.find(LOCAL)
    while 0 <= at <= len(content) - _HEADER.size:
        budget.enter()
        _, _, flags, method, *_, packed, _, name_size, extra_size = _HEADER.unpack_from(content, at)
        begin = at + _HEADER.size
        name = content[begin : begin + name_size].decode("cp437")
        data = memoryview(content)[begin + name_size + extra_size :]
        if flags & _LOCKED:
            yield Entry((name,), locked=True)
        elif method == zipfile.ZIP_DEFLATED:
            yield Entry((name,), inflate(deflate(), data, budget)[0])
        else:
            yield Entry((name,), bytes(data[: packed or KEPT]))
        at = content.find(LOCAL, begin)
