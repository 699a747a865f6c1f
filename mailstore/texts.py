"""Short texts that people type for others to read: what is kept of them, and what is refused."""

import unicodedata

from mailstore.errors import BadName

LONGEST_TEXT = 500
# Controls, halves of characters, and what breaks lines unseen or turns the direction of text.
_REFUSED = frozenset({"Cc", "Cs", "Zl", "Zp"})
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
