"""Short texts that people type for others to read: what is kept of them, and what is refused."""

import re
import unicodedata

from mailstore.errors import BadName

LONGEST_TEXT = 500
# Controls, halves of characters, and what breaks lines unseen or turns the direction of text.
_REFUSED = frozenset({"Cc", "Cs", "Zl", "Zp"})
_LINE_ENDS = re.compile("\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_TURNING = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})


def plain(text: str, longest: int = LONGEST_TEXT) -> str:
    """Return what somebody typed, trimmed, its lines broken once each; raises BadName.

    Control characters are refused, as is what turns the direction of text.
    """
    lines = text.replace("\t", " ").replace("\r\n", "\n").split("\n")
    said = "\n".join(line.strip() for line in lines if line.strip())
    if len(said) > longest:
        raise BadName(f"A text has {longest} characters at most.")
    if any(each != "\n" and _is_refused(each) for each in said):
        raise BadName("A text has no control characters.")
    return said


def _is_refused(character: str) -> bool:
    turning = unicodedata.bidirectional(character) in _TURNING
    return turning or unicodedata.category(character) in _REFUSED


def single(text: str, longest: int = LONGEST_TEXT) -> str:
    """Return what somebody typed on one line; raises BadName as `plain` does."""
    return " ".join(plain(text, longest).split("\n"))


def lines(text: str, longest: int) -> str:
    """Return what somebody typed with its empty lines and indents; raises BadName as `plain` does.

    Tabs and the ends of lines of all systems are kept as one kind each.
    """
    said = text.replace("\r\n", "\n").replace("\r", "\n").rstrip()
    if len(said) > longest:
        raise BadName(f"A text has {longest} characters at most.")
    if any(each not in "\n\t" and _is_refused(each) for each in said):
        raise BadName("A text has no control characters.")
    return said


def body(text: str) -> str:
    """Return the text of a mail as it may be sent: one kind of line end, no control characters.

    Nothing is refused: somebody may quote whatever came.
    """
    broken = _LINE_ENDS.sub("\n", text)
    return "".join(each for each in broken if each in "\n\t" or not _is_control(each))


def harmless(text: str, longest: int) -> str:
    """Return a foreign text on one line as `single` would take it: what it refuses is left out."""
    plain_ones = "".join(" " if each.isspace() else each for each in text if not _refuses(each))
    return " ".join(plain_ones.split())[:longest].rstrip()


def _refuses(character: str) -> bool:
    return not character.isspace() and _is_refused(character)


def _is_control(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs")
