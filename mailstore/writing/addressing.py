"""Addresses as people type them: names and addresses, separated by commas, semicolons or lines."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mailstore.addresses import Address
from mailstore.errors import BadAddress, BadName
from mailstore.texts import single

LONGEST_NAME = 100
# RFC 5322 §4.4: what stands in quotes or angle brackets separates nothing.
_PIECE = re.compile(r'(?:"(?:[^"\\]|\\.)*"|<[^<>]*>|[^,;\n"<]|["<])+')
_NAMED = re.compile(r'(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<name>[^<>"]*?))\s*<(?P<address>[^<>]*)>')


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
    for piece in _pieces(text):
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
    return (piece for found in _PIECE.findall(text.replace("\r", "\n")) if (piece := found.strip()))


def _named(piece: str) -> Named:
    """Read one address with or without a name; raises BadAddress, BadName."""
    found = _NAMED.fullmatch(piece)
    if found is None:
        return Named("", Address.parse(piece))
    name = found["name"] if found["quoted"] is None else re.sub(r"\\(.)", r"\1", found["quoted"])
    return Named(single(name, LONGEST_NAME), Address.parse(found["address"].strip()))
