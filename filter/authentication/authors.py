"""Who wrote it: the one author every mail program shows, or why there is none (RFC 5322 §3.6.2).

A forger writes From so that the filter reads one address and the reader sees another. Only what
can be read in one way counts; anything else is ambiguous, and proves nobody.
"""

import re
from collections.abc import Iterator

from mailstore.addresses import Address
from mailstore.mime import Mail, head_of, header_fields, one_line

FROM = b"from"
LONGEST = 2000
_ENCODED_WORD = re.compile(r"=\?[^?\s]{1,40}\?[bBqQ]\?[^?\s]{0,400}\?=")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_HIDDEN = re.compile(r"[<>@]")
# What stands for a quoted text or a comment once it is taken out.
QUOTED, COMMENT = "\x01", "\x02"


def author_of(mail: Mail) -> Address | None:
    """Return the one author of a mail, or None if there is none or it is ambiguous."""
    if ambiguity(mail):
        return None
    return next(iter(_authors(mail)), None)


def ambiguity(mail: Mail) -> str:
    """Return why From can be read in several ways, or an empty text."""
    reason, value = _field(mail.raw)
    if reason or value is None:
        return reason
    text = value.replace("\r\n", "").strip()
    if _CONTROLS.search(text) or len(text) > LONGEST:
        return "characters that do not belong in From"
    return _of_value(text, _authors(mail))


def _authors(mail: Mail) -> list[Address]:
    try:
        return [address for _, address in mail.authors]
    except RecursionError:  # Python 3.11 follows nested comments by recursion
        return []


def _field(raw: bytes) -> tuple[str, str | None]:
    """Return what is wrong with the field itself, and else its value; None without any."""
    head = head_of(raw)
    if not head:
        beyond = [name for _, _, name in header_fields(head_of(raw.lstrip(b"\r\n")))]
        return ("an empty line above From" if FROM in beyond else ""), None
    fields = [head[start:end] for start, end, name in header_fields(head) if name == FROM]
    if not fields:
        return "", None
    if len(fields) > 1:
        return "several From fields", None
    label, colon, value = fields[0].partition(b":")
    if not colon or label.lower() != FROM:
        return "blanks around the name of From", None
    return "", value.decode("utf-8", "replace")


def _of_value(text: str, authors: list[Address]) -> str:
    if len(authors) > 1:
        return "several authors"
    bare = _without_texts(text)
    if bare is None:
        return "a quote or comment that does not end"
    if any(sign in bare for sign in "\\;") or _angles(bare) > 1:
        return "signs that programs read in different ways"
    return _of_pieces(bare, text, authors)


def _of_pieces(bare: str, text: str, authors: list[Address]) -> str:
    """Return what is wrong with an address and the words around it, quotes and comments out."""
    phrase, angle, rest = bare.partition("<")
    address, closing, after = rest.partition(">")
    literal = address if angle else phrase
    if angle and (not closing or after.replace(COMMENT, "").strip()):
        return "text after the address"
    if any(sign in literal for sign in ",:") or (angle and COMMENT in literal):
        return "an address with a route or a comment"
    if QUOTED in literal and angle and "@" in _quoted_local(text):
        return "an address within an address"
    if any(sign in phrase for sign in ":>") and angle:
        return "a group or a list"
    return _of_words(phrase if angle else "", text, literal, authors)


def _of_words(phrase: str, text: str, literal: str, authors: list[Address]) -> str:
    shown = str(authors[0]).lower() if authors else ""
    if "@" in phrase and phrase.strip(" ,\t").lower() != shown:
        return "two addresses without quotes"
    hidden = "".join(map(one_line, _ENCODED_WORD.findall(text)))
    if not authors and "@" in hidden:
        return "an address in encoded words"
    if "<" in hidden and _HIDDEN.search(hidden.partition("<")[2]):
        return "an address in encoded words"
    if "@" in literal and _CONTROLS.sub("", literal).count("@") > 1:
        return "two addresses without quotes"
    return ""


def _angles(bare: str) -> int:
    return max(bare.count("<"), bare.count(">"))


def _quoted_local(text: str) -> str:
    inside = text.rpartition("<")[2]
    return inside.partition('"')[2].rpartition('"')[0]


def _without_texts(text: str) -> str | None:
    """Return a value with a sign for each quoted text and comment; None if one does not end."""
    out: list[str] = []
    depth, quoted = 0, False
    for char, literal in _characters(text):
        if quoted:
            quoted = literal or char != '"'
        elif not literal and char == "(":
            out.append(COMMENT if depth == 0 else "")
            depth += 1
        elif not literal and char == ")" and depth:
            depth -= 1
        elif depth == 0 and not literal and char == '"':
            quoted = True
            out.append(QUOTED)
        elif depth == 0:
            out.append(f"\\{char}" if literal else char)
    return None if depth or quoted else "".join(out)


def _characters(text: str) -> Iterator[tuple[str, bool]]:
    """Yield each character, and whether a backslash stands before it (RFC 5322 §3.2.1)."""
    characters = iter(text)
    for char in characters:
        if char == "\\":
            yield next(characters, ""), True
        else:
            yield char, False
