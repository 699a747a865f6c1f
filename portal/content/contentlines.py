"""Content lines, the grammar of calendars and visiting cards (RFC 5545 §3.1, RFC 6350 §3.3).

Read in linear time and within bounds, whatever they say; a line that is none is left out.
"""

import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from mailstore.charsets import decode_text, one_line

LONGEST_TEXT = 4 * 2**20
LONGEST_LINE = 8 * 1024
LONGEST_VALUE = 300
MOST_LINES = 50_000
_FOLD = re.compile(r"\r?\n[ \t]")
_LINE = re.compile(
    r"(?:[A-Za-z0-9-]++\.)?+([A-Za-z0-9-]++)((?:;[^:;\"]*+(?:\"[^\"]*+\"[^:;\"]*+)*+)*+):(.*)",
    re.DOTALL,
)
_PARAMETER = re.compile(r";([^=;:\"]*+)=?((?:[^;\"]|\"[^\"]*+\")*+)")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_STRUCTURED = re.compile(r"((?:[^;\\]|\\.)*+)(?:;|$)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Line:
    """One property: its name in upper case, its parameters, and its value as it came."""

    name: str
    value: str
    parameters: dict[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """Return the value as one line of readable text."""
        return _plain(self.value)

    @property
    def texts(self) -> list[str]:
        """Return the pieces of a structured value as readable text, without empty ones."""
        pieces = [_plain(each) for each in _STRUCTURED.findall(self.value)]
        return [each for each in pieces if each]


def lines_of(content: bytes) -> Iterator[Line]:
    """Yield the lines of a file in UTF-8, or in whatever else it seems to be in."""
    text = decode_text(content[:LONGEST_TEXT], "utf-8")
    # Unfolded first: a fold may stand anywhere, within a name as well.
    for row in islice(_FOLD.sub("", text).splitlines(), MOST_LINES):
        found = _LINE.match(row[:LONGEST_LINE])
        if found:
            yield _line(found[1].upper(), found[2], found[3])


def _line(name: str, said: str, value: str) -> Line:
    parameters = {
        key.upper(): content.replace('"', "") for key, content in _PARAMETER.findall(said)
    }
    # Cards of version 2.1 name an encoding, and sometimes only its value.
    if "QUOTED-PRINTABLE" in {parameters.get("ENCODING", "").upper(), *parameters}:
        decoded = quopri.decodestring(value.encode())
        value = decode_text(decoded, parameters.get("CHARSET", "utf-8"))
    return Line(name, value, parameters)


def _plain(value: str) -> str:
    return one_line(_ESCAPED.sub(_unescaped, value[:LONGEST_LINE]))[:LONGEST_VALUE]


def _unescaped(found: re.Match[str]) -> str:
    return " " if found[1] in "nN" else found[1]
