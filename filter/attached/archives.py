"""Archives by their first bytes, opened in memory within a budget.

No file is ever written, and no other program is run. What we cannot open is at least known for
what it is.
"""

from collections.abc import Iterator

from filter.attached import tars, zips
from filter.attached.budget import Budget
from filter.attached.entries import Entry, Unreadable
from filter.attached.unpacking import BZIP2, GZIP, LZMA, XZ, inflate_all
from mailstore import tnef
from mailstore.filenames import endings

CLOSED = {
    b"7z\xbc\xaf\x27\x1c": "7z",
    b"Rar!\x1a\x07": "rar",
    b"MSCF\0\0\0\0": "cab",
    b"\x60\xea": "arj",
    b"\x28\xb5\x2f\xfd": "zst",
    b"xar!": "xar",
}
WHOLE = {**CLOSED, tnef.SIGNATURE: "tnef"}
COMPRESSED = (GZIP, BZIP2, XZ, LZMA)
_BLOCKS = (b"1AY&SY", b"\x17\x72\x45\x38\x50\x90")
_ZIP_ENDINGS = frozenset({"zip", "jar", "apk"})
_OUTER = (".gz", ".bz2", ".xz", ".lzma")


def kind_of(content: bytes, names: tuple[str, ...]) -> str:
    """Return the kind of an archive, or an empty text for what is none."""
    if content.startswith((zips.LOCAL, zips.END)) or _has_zip(content, names):
        return "zip"
    # Text may begin like bzip2's first three bytes.
    if any(content.startswith(magic) for magic in COMPRESSED) and (
        not content.startswith(BZIP2) or content[4:10] in _BLOCKS
    ):
        return "compressed"
    if tars.is_tar(content):
        return "tar"
    if _ends_as_zip(content):
        return "zip"
    if content[7:14] == b"**ACE**" or content[2:5] == b"-lh":
        return "ace" if content[7:14] == b"**ACE**" else "lzh"
    return next((kind for magic, kind in WHOLE.items() if content.startswith(magic)), "")


def entries(content: bytes, names: tuple[str, ...], budget: Budget) -> Iterator[Entry]:
    """Yield what is in an archive; raises TooMuch, Knotted or Unreadable."""
    match kind_of(content, names):
        case "zip":
            office = any(endings(name) & (zips.OFFICE | zips.SLIDES) for name in names)
            yield from zips.entries(content, budget, office=office)
        case "compressed":
            yield from _compressed(content, names, budget)
        case "tar":
            yield from tars.entries(content, budget)
        case "tnef":
            yield from _winmail(content, budget)
        case kind:
            raise Unreadable(kind)


def _has_zip(content: bytes, names: tuple[str, ...]) -> bool:
    """Return whether something else stands before a ZIP, which programs skip."""
    named = any(endings(name) & _ZIP_ENDINGS for name in names)
    return (named or content[:2] == b"MZ") and zips.CENTRAL in content


def _ends_as_zip(content: bytes) -> bool:
    """Return whether a directory stands at the end: only a comment, of 64 KiB, may follow it."""
    return content.rfind(zips.END, max(0, len(content) - 66_000)) >= 0 and zips.CENTRAL in content


def _winmail(content: bytes, budget: Budget) -> Iterator[Entry]:
    try:
        for title, data in tnef.files(content, budget.enter):
            yield Entry((title,), data)
    except tnef.CutOff as error:
        raise Unreadable("cut off") from error


def _compressed(content: bytes, names: tuple[str, ...], budget: Budget) -> Iterator[Entry]:
    magic = next(each for each in COMPRESSED if content.startswith(each))
    inner = inflate_all(magic, content, budget)
    if tars.is_tar(inner):
        yield from tars.entries(inner, budget)
        return
    inside = tuple(_inner(name) for name in names)
    named = content[10:1000].partition(b"\0")[0].decode("latin-1")
    # RFC 1952: the name before it was compressed, if the flag for it is set and no other.
    yield Entry((*inside, named) if magic == GZIP and content[3:4] == b"\x08" else inside, inner)


def _inner(name: str) -> str:
    return name[: name.rfind(".")] if name.lower().endswith(_OUTER) else name
