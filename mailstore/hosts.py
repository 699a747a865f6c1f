"""Names of hosts as people and programs read them: numbers, alphabets, and whose they are."""

import ipaddress
import unicodedata
from functools import lru_cache

# Below these in a country, everybody can have a domain.
_SHARED = frozenset(
    (
        *("ac", "co", "com", "edu", "gob", "gouv", "gov", "govt", "gv", "mil", "ne", "net"),
        *("nom", "or", "org", "sch"),
    )
)
_COUNTRY = 2
_MOST_LABELS = 12


def site(host: str) -> str:
    """Return the domain of an organisation, as well as it can be told without asking."""
    if numeric(host):
        return host
    labels = host.lower().rstrip(".").split(".")[-_MOST_LABELS:]
    shared = len(labels) > _COUNTRY and len(labels[-1]) == _COUNTRY and labels[-2] in _SHARED
    return ".".join(labels[-3:] if shared else labels[-2:])


def is_public(domain: str) -> bool:
    """Whether below a domain everybody can have one: `ch`, `co.uk`."""
    match domain.split("."):
        case [_]:
            return True
        case [shared, country]:
            return len(country) == _COUNTRY and shared in _SHARED
    return False


def numeric(host: str) -> bool:
    """Return whether a host is an IP address, in any spelling that browsers take for one."""
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        pieces = host.rstrip(".").split(".")
        return len(pieces) <= 4 and all(map(_is_number, pieces))  # noqa: PLR2004 (bytes of an address)
    return True


def _is_number(text: str) -> bool:
    digits = text.removeprefix("0x")
    try:
        return bool(digits) and int(digits[:20], 16 if text.startswith("0x") else 10) >= 0
    except ValueError:
        return False


@lru_cache(maxsize=256)
def readable(host: str) -> str:
    """Return a host with its punycode labels (RFC 3492) as the letters they stand for."""
    return ".".join(_label(label) for label in host.split("."))


def mixes_alphabets(host: str) -> bool:
    """Return whether letters of two alphabets stand in one label, or foreign ones pose as Latin."""
    return any(_mixes(label) for label in readable(host).split("."))


def _label(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return label[4:64].encode("ascii").decode("punycode")
    except (UnicodeError, ValueError):
        return label


def _mixes(label: str) -> bool:
    if label.isascii():
        return False
    alphabets = {_alphabet(letter) for letter in label[:64] if letter.isalpha()}
    # Japanese and Korean are written in several alphabets together.
    return len(alphabets & {"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"}) > 1


def _alphabet(letter: str) -> str:
    return unicodedata.name(letter, "").partition(" ")[0]
