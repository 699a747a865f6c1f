"""The child's side of what deceives the eye in addresses: foreign letters, answers to elsewhere.

The filter weighs such mail; here each is only said, with the domain as programs read it.
"""

import unicodedata
from enum import StrEnum
from typing import Any

from mailstore.addresses import Address
from mailstore.charsets import one_line
from mailstore.errors import BadAddress
from mailstore.mime import Mail

MOST = 5
MOST_LETTERS = 300
PUNYCODE = "xn--"
# Scripts whose letters look alike; Chinese or Arabic beside Latin is how people there write.
ALIKE = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC"})


class Kind(StrEnum):
    """What is to be seen of an address."""

    LETTERS = "letters"
    MIXED = "mixed"
    ELSEWHERE = "elsewhere"


def of(mail: Mail) -> list[dict[str, Any]]:
    """Return what a reader is told of the addresses in From and Reply-To, each once."""
    answered = [_parsed(each) for each in mail.reply_to[:MOST]]
    people = [*mail.authors[:MOST], *(("", each) for each in answered if each)]
    found = [note for name, address in people for note in _of_one(name, address)]
    authors = [address.domain for _, address in mail.authors]
    for address in filter(None, answered):
        if authors and not any(_is_near(address.domain, each) for each in authors):
            found.append({"kind": Kind.ELSEWHERE, "shown": str(address), "plain": address.domain})
    return [each for at, each in enumerate(found) if each not in found[:at]]


def _of_one(name: str, address: Address) -> list[dict[str, Any]]:
    shown, plain = _read(address.domain), _ascii(address.domain)
    found = []
    if shown != plain:
        found.append({"kind": Kind.LETTERS, "shown": shown, "plain": plain})
    for each in (name, address.local, *shown.split(".")):
        if mixes(each):
            found.append({"kind": Kind.MIXED, "shown": each[:MOST_LETTERS], "plain": ""})
    return found


def mixes(text: str) -> bool:
    """Return whether one word has letters of several alphabets that look alike."""
    return any(len(_alphabets(word) & ALIKE) > 1 for word in text[:MOST_LETTERS].split())


def _alphabets(word: str) -> set[str]:
    if word.isascii():
        return set()
    return {unicodedata.name(each, "").partition(" ")[0] for each in word if each.isalpha()}


def _is_near(domain: str, other: str) -> bool:
    return domain == other or domain.endswith(f".{other}") or other.endswith(f".{domain}")


def _read(domain: str) -> str:
    """Return a domain in the letters that programs show for it (RFC 5891)."""
    return ".".join(map(_label_read, domain.split(".")))


def _ascii(domain: str) -> str:
    return ".".join(map(_label_ascii, domain.split(".")))


def _label_read(label: str) -> str:
    if not label.startswith(PUNYCODE):
        return label
    try:
        return one_line(label[len(PUNYCODE) :].encode("ascii").decode("punycode")) or label
    except UnicodeError:
        return label


def _label_ascii(label: str) -> str:
    return label if label.isascii() else PUNYCODE + label.encode("punycode").decode("ascii")


def _parsed(text: str) -> Address | None:
    try:
        return Address.parse(text)
    except BadAddress:
        return None
