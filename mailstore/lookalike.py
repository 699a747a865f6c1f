"""Domains that look like another: by similar letters, one slip, another ending, or more words.

Everything takes time that grows with the length of the name only, and never fails for a name.
"""

import unicodedata
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from mailstore.hosts import site

SHORTEST_WORD, SHORTEST_NAME = 3, 4
SHORTEST_SLIP, SHORTEST_SLIP_ANYWHERE = 5, 8
# What is put in front of or behind a name without a hyphen.
_ADDED_TEXT = (
    "24 365 account admin ag bank billing buchhaltung business ch cloud co company corp "
    "de email eu finance firma fr gmbh group gruppe help helpdesk holding inc info intern "
    "international invoice it kunden login ltd mail ms my net office online pay payment "
    "payments portal rechnung sa sarl secure security service services shop sicher srl "
    "support swiss team uk us web zahlung"
)
_ADDED = frozenset(_ADDED_TEXT.split())
# Letters of other scripts that are drawn like Latin ones.
_DRAWN = {
    "a": "\u0430\u03b1\u0251",
    "b": "\u044c\u0432\u03b2\u0184\u0185",
    "c": "\u0441\u03f2\u1d04",
    "d": "\u0501\u0257",
    "e": "\u0435\u03b5\u0454\u04bd",
    "g": "\u0261\u0581\u0262",
    "h": "\u04bb\u0570\u043d",
    "i": "\u0456\u03b9\u0131\u0269",
    "j": "\u0458\u03f3",
    "k": "\u043a\u03ba",
    "l": "\u04cf\u0142\u01c0",
    "m": "\u043c\u028d",
    "n": "\u043f\u03b7\u0578",
    "o": "\u043e\u03bf\u0585\u03c3\u00f8",
    "p": "\u0440\u03c1",
    "q": "\u051b",
    "r": "\u0433\u0280",
    "s": "\u0455\u0282",
    "t": "\u0442\u03c4\u0163",
    "u": "\u03c5\u057d\u03bc",
    "v": "\u0475\u03bd",
    "w": "\u0461\u051d\u03c9\u0561",
    "x": "\u0445\u03c7",
    "y": "\u0443\u03b3",
    "z": "\u1d22\u0225",
}
_LATIN = str.maketrans({drawn: latin for latin, many in _DRAWN.items() for drawn in many})
_DIGITS = str.maketrans("01358", "olesb")
_PAIRS = (("rn", "m"), ("vv", "w"), ("cl", "d"))


def plain(text: str) -> str:
    """Return text in small Latin letters: no accents, other scripts' twins, nothing unseen."""
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKD", text).casefold().translate(_LATIN)
    return "".join(
        char
        for char in unicodedata.normalize("NFKD", folded)
        if not unicodedata.combining(char) and unicodedata.category(char) != "Cf"
    )


def skeleton(text: str) -> str:
    """Return what is left of a label once all that looks the same is the same."""
    seen = plain(text).translate(_DIGITS)
    for pair, one in _PAIRS:
        seen = seen.replace(pair, one)
    return seen


def covers(names: frozenset[str], domain: str) -> bool:
    """Whether a domain is one of these names or lies below one."""
    while domain:
        if domain in names:
            return True
        domain = domain.partition(".")[2]
    return False


@dataclass(frozen=True)
class Name:
    """A domain, taken apart once: what somebody registered, and its ending."""

    domain: str
    label: str
    ending: str

    @classmethod
    def of(cls, domain: str) -> Self:
        """Take a domain apart; labels in punycode are read (RFC 5891)."""
        labels = [_readable(label) for label in domain.lower().split(".")]
        own = labels[-len(site(domain).split(".")) :]
        return cls(".".join(labels), own[0], ".".join(own[1:]))

    @cached_property
    def skeleton(self) -> str:
        """What the registered label looks like."""
        return skeleton(self.label)

    @cached_property
    def words(self) -> str:
        """The label's words, each between hyphens."""
        return f"-{self.skeleton}-"

    def resembles(self, original: Self) -> bool:
        """Whether somebody could take this for the original, which it is not."""
        if (self.label, self.ending) == (original.label, original.ending):
            return False
        return (
            self._looks_like(original)
            or self._slipped_from(original)
            or self._adds_to(original)
            or self._starts_with(original)
        )

    def _looks_like(self, original: Self) -> bool:
        same_ending = self.ending == original.ending
        long_enough = same_ending or len(original.label) >= SHORTEST_NAME
        return long_enough and self.skeleton == original.skeleton

    def _slipped_from(self, original: Self) -> bool:
        same_ending = self.ending == original.ending
        shortest = SHORTEST_SLIP if same_ending else SHORTEST_SLIP_ANYWHERE
        return len(original.label) >= shortest and one_apart(self.skeleton, original.skeleton)

    def _adds_to(self, original: Self) -> bool:
        if len(original.label) < SHORTEST_WORD or self.skeleton == original.skeleton:
            return False
        if original.words in self.words:
            return True
        return len(original.label) >= SHORTEST_NAME and self._added(original) in _ADDED_SKELETONS

    def _added(self, original: Self) -> str:
        """Return what stands in front of or behind the original's label, or nothing."""
        seen, name = self.skeleton, original.skeleton
        if seen.startswith(name):
            return seen.removeprefix(name)
        return seen.removesuffix(name) if seen.endswith(name) else ""

    def _starts_with(self, original: Self) -> bool:
        inner = f".{self.domain}."
        return f".{original.domain}." in inner or f".{original.domain.replace('.', '-')}." in inner


def one_apart(one: str, other: str) -> bool:
    """Whether one letter more, less, other, or two swapped, makes one text the other."""
    longer, shorter = (one, other) if len(one) >= len(other) else (other, one)
    if len(longer) - len(shorter) > 1 or longer == shorter:
        return False
    same = next((at for at, (a, b) in enumerate(zip(longer, shorter, strict=False)) if a != b), -1)
    if same < 0:
        return True
    if len(longer) > len(shorter):
        return longer[same + 1 :] == shorter[same:]
    swapped = longer[same : same + 2] == shorter[same : same + 2][::-1]
    return longer[same + 1 :] == shorter[same + 1 :] or (
        swapped and longer[same + 2 :] == shorter[same + 2 :]
    )


def _readable(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return label[4:].encode("ascii").decode("punycode")
    except UnicodeError:
        return label


_ADDED_SKELETONS = frozenset(map(skeleton, _ADDED))
