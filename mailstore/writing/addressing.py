"""Addresses as people type them: names and addresses, separated by commas, semicolons or lines."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mailstore.addresses import Address
from mailstore.errors import BadAddress, BadName
from mailstore.texts import single

LONGEST_NAME = 100
_BETWEEN = frozenset(",;\n")


@dataclass(frozen=True, slots=True)
class Named:
    """An address with the name that stands before it; str() gives it as people type it."""

    name: str
    address: Address

    def __str__(self) -> str:
        if not self.name:
            return str(self.address)
        simple = not re.search(r"[^\w\s.\'-]", self.name)
        name = self.name if simple else '"' + re.sub(r'(["\\])', r"\\\1", self.name) + '"'
        return f"{name} <{self.address}>"


@dataclass(frozen=True, slots=True)
class Typed:
    """What somebody typed into a field of addresses: those found, each once, and what is none."""

    found: tuple[Named, ...]
    wrong: tuple[str, ...]


def read(text: str) -> Typed:
    """Return the addresses in a text, and the pieces of it that are no addresses."""
    found: dict[str, Named] = {}
    wrong = []
    for piece in filter(None, map(str.strip, _pieces(text))):
        try:
            named = _named(piece)
        except (BadAddress, BadName):
            wrong.append(piece)
        else:
            found.setdefault(named.address.key, named)
    return Typed(tuple(found.values()), tuple(wrong))


def written(people: Iterable[Named]) -> str:
    """Return addresses as one text that `read` understands."""
    return ", ".join(map(str, people))


def _pieces(text: str) -> Iterator[str]:
    """Yield what stands between separators; in quotes and angle brackets none separates."""
    piece: list[str] = []
    closing, escaped = "", False
    for each in text.replace("\r", "\n"):
        if each in _BETWEEN and not closing:
            yield "".join(piece)
            piece = []
            continue
        piece.append(each)
        if escaped:
            escaped = False
        elif closing:
            escaped = each == "\\" and closing == '"'
            closing = "" if each == closing else closing
        else:
            closing = {'"': '"', "<": ">"}.get(each, "")
    yield "".join(piece)


def _named(piece: str) -> Named:
    """Read one address with or without a name; raises BadAddress, BadName."""
    before, bracket, address = piece.removesuffix(">").rpartition("<")
    if not bracket or not piece.endswith(">"):
        return Named("", Address.parse(piece))
    name = before.strip()
    if len(name) > 1 and name[0] == name[-1] == '"':
        name = re.sub(r"\\(.)", r"\1", name[1:-1])
    elif '"' in name or ">" in name:
        raise BadAddress(piece)
    return Named(single(name, LONGEST_NAME), Address.parse(address.strip()))
