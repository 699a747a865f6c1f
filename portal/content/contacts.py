"""Visiting cards as data (RFC 6350, and the versions before it): who, and how to reach them."""

from collections.abc import Iterator, Sequence
from typing import Any

from mailstore.filenames import endings
from portal.content.attachments import File
from portal.content.calendars import link_of
from portal.content.contentlines import Line, lines_of

MOST_SHOWN = 5
MOST_EACH = 5
KINDS = frozenset({"text/vcard", "text/x-vcard", "text/directory"})
ENDING = "vcf"
_KEPT = {"TEL": "phones", "EMAIL": "mails", "URL": "links"}

Said = dict[str, Any]


def contacts_in(files: Sequence[File]) -> list[Said]:
    """Return the people of all cards among files, each once, the first few."""
    found: list[Said] = []
    for file in files:
        if file.content_type in KINDS or ENDING in endings(file.name):
            for each in _contacts(file.content):
                if each not in found:
                    found.append(each)
                if len(found) == MOST_SHOWN:
                    return found
    return found


def _contacts(content: bytes) -> Iterator[Said]:
    said: Said | None = None
    for line in lines_of(content):
        if line.name in {"BEGIN", "END"}:
            if said:
                yield said
            said = _nobody() if line.name == "BEGIN" and line.text.upper() == "VCARD" else None
        elif said is not None:
            _take(said, line)
    if said:
        yield said


def _nobody() -> Said:
    said = {"kind": "contact", "name": "", "organisation": "", "role": ""}
    return said | {each: [] for each in _KEPT.values()}


def _take(said: Said, line: Line) -> None:
    match line.name:
        case "FN":
            said["name"] = line.text
        case "N" if not said["name"]:
            # The family's name comes first in it.
            said["name"] = " ".join([*line.texts[1:2], *line.texts[:1]])
        case "ORG":
            said["organisation"] = ", ".join(line.texts)
        case "TITLE":
            said["role"] = line.text
        case "TEL" | "EMAIL" | "URL":
            _keep(said[_KEPT[line.name]], _reached(line))


def _keep(values: list[str], value: str) -> None:
    if value and value not in values and len(values) < MOST_EACH:
        values.append(value)


def _reached(line: Line) -> str:
    if line.name == "URL":
        return link_of(line.text)
    return line.text.removeprefix("tel:").removeprefix("mailto:")
