"""Attachments that run a program when they are opened, by their name or by their first bytes.

A name is read in every way a mail program might read it; one dangerous reading is enough.
"""

import re
from collections.abc import Iterator

from filter.rule import Exam, rule
from mailstore.envelopes import MailClass, Symbol
from mailstore.mime import Part, one_line
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
_IGNORED = re.compile(r"[\s.\u200b-\u200f\u202a-\u202e\u2066-\u2069]+$")


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


def _readings(part: Part) -> set[str]:
    fields = (part.message.get("Content-Disposition", ""), part.message.get("Content-Type", ""))
    pieces = re.findall(
        r"(?i)(?:file)?name(?:\*\d*\*?)?\s*=\s*\"?([^\";]*)", " ".join(map(str, fields))
    )
    return {part.name, *map(one_line, pieces)}


def _runs(name: str) -> bool:
    return _IGNORED.sub("", name).rpartition(".")[2].strip().lower() in RUNS
