"""Names of attachments, in every way that some mail program reads them (RFC 2183, RFC 2231).

Programs differ in what they make of a name that is given twice, in pieces or in an odd charset.
The filter goes by every reading, and pages show the dangerous one, so both live here.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from urllib.parse import unquote

from mailstore.charsets import decode_words

RUNS = frozenset(
    [
        *("apk", "app", "appinstaller", "application", "appref-ms", "appx", "bat", "chm", "cmd"),
        *("com", "command", "cpl", "desktop", "diagcab", "dll", "exe", "gadget", "hlp", "hta"),
        *("inf", "ins", "iqy", "isp", "jar", "jnlp", "js", "jse", "library-ms", "lnk", "mde"),
        *("msc", "msi", "msix", "msp", "mst", "ocx", "pif", "ps1", "psm1", "rdp", "reg", "scf"),
        *("scr", "sct", "search-ms", "settingcontent-ms", "shb", "shs", "slk", "theme", "url"),
        *("vb", "vbe", "vbs", "webloc", "wll", "ws", "wsc", "wsf", "wsh", "xll"),
        # What Windows and macOS start or install as well, and nobody sends to a person.
        *("accde", "ade", "adp", "appxbundle", "cdxml", "dqy", "job", "mam", "mjs", "msixbundle"),
        *("msu", "oqy", "osd", "pkg", "printerexport", "ps1xml", "pssc", "pyw", "pyz", "rqy"),
        *("run", "scpt", "vsmacros", "website", "workflow", "xbap"),
    ]
)
TURNS = "\u202e"
_DOTS = str.maketrans(dict.fromkeys("\uff0e\u3002\uff61\u2024\ufe52", "."))
# Windows drops dots and spaces at the end of a name.
_IGNORED = " \t\r\n\f\v.\"'\u00a0\u00ad\u3000\ufeff" + "".join(
    map(chr, [*range(0x2000, 0x2010), *range(0x2028, 0x2030), *range(0x2060, 0x2070)])
)
_PARAMETER = re.compile(
    r"(?i)(?:file)?name(?P<piece>\*\d{0,9}\*?)?\s*=\s*"
    r"(?:\"(?P<quoted>(?:[^\"\\]|\\.)*)|(?P<plain>[^\s;\"]*))",
    re.DOTALL,
)


def readings(parsed: str, fields: Iterable[str]) -> list[str]:
    """Return every name some program may read, what our parser reads first; at least that.

    `fields` are the raw values of Content-Disposition and Content-Type.
    """
    names = [parsed, decode_words(parsed)]
    for field in fields:
        names.extend(_of_field(field))
    # The parser makes question marks of 8-bit letters that the raw field still has.
    names.sort(key=lambda name: "\ufffd" in name)
    return list(dict.fromkeys(name for name in names if name)) or [""]


def runs(name: str) -> bool:
    """Return whether a name is that of a program, read to its end or to where some stop."""
    return bool(endings(name) & RUNS)


def endings(name: str) -> set[str]:
    """Return all extensions some program may see in a name, in lower case."""
    plain = name.translate(_DOTS)
    # Some programs end a name at a NUL, and Windows at the colon before a stream's name.
    cut = {plain, plain.partition("\0")[0], plain.partition(":")[0]}
    if TURNS in plain:
        before, _, turned = plain.partition(TURNS)
        cut.add(before + turned[::-1])
    return {_extension(each) for each in cut}


def dangerous(names: Iterable[str]) -> str | None:
    """Return the first name that is that of a program, or None."""
    return next((name for name in names if runs(name)), None)


def _of_field(field: str) -> Iterator[str]:
    """Yield each parameter in several decodings, and the pieces put together in both orders."""
    pieces: list[tuple[int, str]] = []
    for found in _PARAMETER.finditer(field):
        value = re.sub(r"\\(.)", r"\1", found["quoted"] or found["plain"] or "", flags=re.DOTALL)
        yield decode_words(value)
        # RFC 2231: a charset and language before the text, and percent-encoding in it.
        decoded = unquote(value.rpartition("'")[2])
        yield decoded
        yield unicodedata.normalize("NFKC", decoded[:1000])
        if found["piece"]:
            pieces.append((int(found["piece"].strip("*") or 0), decoded))
    yield "".join(text for _, text in pieces)
    yield "".join(text for _, text in sorted(pieces))


def _extension(name: str) -> str:
    stem, dot, extension = name.rstrip(_IGNORED).rpartition(".")
    return extension.strip(_IGNORED).lower() if stem and dot else ""
