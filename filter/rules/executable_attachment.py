"""Attachments that run a program when they are opened, by their name or by their first bytes.

A name is read in every way a mail program might read it; one dangerous reading is enough.
"""

import re
from collections.abc import Iterator
from urllib.parse import unquote

from filter.rule import Exam, rule
from mailstore.envelopes import MailClass, Symbol
from mailstore.mime import Part, one_line, raw_text
from mailstore.wording import N_

SYMBOL = "EXECUTABLE_ATTACHMENT"
RUNS = frozenset(
    [
        *("apk", "app", "bat", "chm", "cmd", "com", "cpl", "dll", "exe", "hta", "inf", "ins"),
        *("isp", "jar", "js", "jse", "lnk", "msc", "msi", "msp", "mst", "ocx", "pif", "ps1"),
        *("reg", "scr", "sct", "shb", "shs", "url", "vb", "vbe", "vbs", "ws", "wsc", "wsf", "wsh"),
    ]
)
MAGIC = (b"MZ", b"\x7fELF", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe")
_IGNORED = re.compile(r"[\s.\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]+$")
_PARAMETER = re.compile(
    r"(?i)(?:file)?name(?P<piece>\*\d*\*?)?\s*=\s*(?:\"(?P<quoted>[^\"]*)|(?P<plain>[^\s;\"]*))"
)


@rule(
    SYMBOL,
    weight=6.0,
    says=N_("An attachment is a program and could damage your computer."),
    marks=MailClass.DANGEROUS,
)
def find(exam: Exam) -> Iterator[Symbol]:
    """Yield the symbol once for each part that is a program."""
    for part in exam.mail.parts:
        if any(_runs(name) for name in _readings(part)):
            yield Symbol(SYMBOL, part.name)
        elif part.attached and part.content().startswith(MAGIC):
            yield Symbol(SYMBOL, part.name or part.content_type)


def _readings(part: Part) -> Iterator[str]:
    """Yield every name that some program may read: each parameter, and the pieces together."""
    yield part.name
    for field in ("Content-Disposition", "Content-Type"):
        pieces = ""
        for found in _PARAMETER.finditer(raw_text(part.message, field)):
            value = found["quoted"] or found["plain"] or ""
            yield one_line(value)
            # RFC 2231: a charset and language before the text, and percent-encoding in it.
            decoded = unquote(value.rpartition("'")[2])
            yield decoded
            pieces += decoded if found["piece"] else ""
        yield pieces


def _runs(name: str) -> bool:
    # Some programs end a name at a NUL.
    return any(
        _extension(reading) in RUNS for reading in (name, name.partition("\0")[0]) if reading
    )


def _extension(name: str) -> str:
    stem, dot, extension = _IGNORED.sub("", name).rpartition(".")
    return extension.strip().lower() if stem and dot else ""
