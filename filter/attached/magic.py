"""What a file is by its first bytes: programs, images of disks, documents that carry programs."""

import re
from collections.abc import Iterator
from itertools import islice

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ONENOTE = b"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3"
_EMBEDDED = b"\xe7\x16\xe3\xbd\x65\x26\x11\x45\xa4\xc4\x8d\x4d\x0b\x7a\x9e\xac"
# The id of the format, then the length and what is reserved.
_EMBEDDED_HEAD = 36
SCRIPT = "script"
PROGRAMS = {
    b"MZ": "Windows program",
    b"\x7fELF": "Linux program",
    b"\xca\xfe\xba\xbe": "Java or macOS program",
    b"\xfe\xed\xfa\xce": "macOS program",
    b"\xfe\xed\xfa\xcf": "macOS program",
    b"\xce\xfa\xed\xfe": "macOS program",
    b"\xcf\xfa\xed\xfe": "macOS program",
    b"L\0\0\0\x01\x14\x02\0": "Windows shortcut",
    b"ITSF\x03\0\0\0": "Windows help program",
    b"dex\n0": "Android program",
    b"!<arch>\ndebian": "Linux package",
    b"\xed\xab\xee\xdb": "Linux package",
}
_INSTALLER = b"\x84\x10\x0c\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00\x46"
_STUB = b"This program cannot be run in DOS mode"
_IN_A_PACKAGE = "Ole10Native".encode("utf-16-le")
_DESCRIPTORS = range(32769, 32769 + 16 * 2048, 2048)
_VOLUMES = (b"CD001", b"BEA01", b"NSR02", b"NSR03")
_SECTOR = 512
MOST_EMBEDDED = 1000
# What an object in RTF holds, in hexadecimal digits; and what it calls itself if it is a file of
# any kind, or the old editor of formulas, which runs what it is given.
_OBJECT = re.compile(rb"(?i)\\objdata\b([0-9a-f\s]{1,2000000})")
_BLANKS = re.compile(rb"\s+")
_RUNNING = (b"package\0", b"equation.")
# Each letter of a name may be written by its number.
_LAUNCH = re.compile(
    rb"/(?:S|#53)\s{0,20}/(?:L|#4[cC])(?:a|#61)(?:u|#75)(?:n|#6[eE])(?:c|#63)(?:h|#68)(?![A-Za-z0-9#])"
)
_BOOT_JUMPS = (b"\xeb", b"\xe9")


def program(content: bytes) -> str:
    """Return what kind of program a file is, or carries; an empty text for none."""
    for magic, kind in PROGRAMS.items():
        if content.startswith(magic):
            return kind
    if content.startswith(b"#!"):
        return SCRIPT if _names_an_interpreter(content) else ""
    if content.startswith(OLE):
        if _INSTALLER in content:
            return "Windows installer"
        return "program in a document" if _IN_A_PACKAGE in content and _STUB in content else ""
    return _in_rtf(content) or _in_pdf(content) or next(_in_onenote(content), "")


def disk_image(content: bytes) -> str:
    """Return what kind of image of a disk a file is, or an empty text."""
    if content.startswith(b"vhdxfile"):
        return "VHDX"
    if content.startswith(b"conectix") or content[-_SECTOR:].startswith(b"conectix"):
        return "VHD"
    if content[-_SECTOR:].startswith(b"koly"):
        return "DMG"
    if any(content[at : at + 5] in _VOLUMES for at in _DESCRIPTORS):
        return "ISO"
    boots = content[:1] in _BOOT_JUMPS and content[510:512] == b"\x55\xaa"
    return "IMG" if boots and _is_fat(content) else ""


def _is_fat(content: bytes) -> bool:
    return b"FAT" in (content[54:57], content[82:85]) or content[3:7] == b"NTFS"


def _names_an_interpreter(content: bytes) -> bool:
    line = content[2:200].partition(b"\n")[0].strip()
    return line.startswith(b"/")


def _in_rtf(content: bytes) -> str:
    """Return what an object in an RTF document is that could run; charts and the like are not."""
    if not content.startswith(b"{\\rt"):
        return ""
    for found in islice(_OBJECT.finditer(content), MOST_EMBEDDED):
        digits = _BLANKS.sub(b"", found[1])
        inner = bytes.fromhex(digits[: len(digits) // 2 * 2].decode("ascii")).lower()
        if _STUB.lower() in inner or any(name in inner for name in _RUNNING):
            return "program in a document"
    return ""


def _in_pdf(content: bytes) -> str:
    """Return that a PDF starts a program, where its names say so (ISO 32000-1 §7.3.5)."""
    if b"%PDF-" not in content[:1024]:
        return ""
    return "PDF that starts a program" if _LAUNCH.search(content) else ""


def _in_onenote(content: bytes) -> Iterator[str]:
    """Yield what a OneNote file carries that could run."""
    if not content.startswith(ONENOTE):
        return
    at = content.find(_EMBEDDED)
    for _ in range(MOST_EMBEDDED):
        if at < 0:
            return
        inner = content[at + _EMBEDDED_HEAD : at + _EMBEDDED_HEAD + 4096]
        if any(inner.startswith(magic) for magic in PROGRAMS) or _is_script(inner):
            yield "program in a OneNote file"
        at = content.find(_EMBEDDED, at + 1)
    yield "more in a OneNote file than anybody puts there"


def _is_script(content: bytes) -> bool:
    text = content.lower()
    return any(word in text for word in (b"<script", b"wscript", b"powershell", b"@echo off"))
