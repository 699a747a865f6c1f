"""What an entry of a list may say: an address, a domain, or what stays of a changing address.

Bounce addresses of bulk senders change from mail to mail: they hold the recipient (VERP), a
signature (BATV), a forwarder's stamp (SRS) or a number. Their stable form has `#` where the
change was, so that one entry fits them all.
"""

import re

from mailstore.addresses import Address, parse_domain
from mailstore.errors import BadAddress, BadName

ANY = "#"
# A signature in front: `prvs=0123456789=bob`, as BATV and its relatives write it.
_SIGNED = re.compile(r"((?:ms)?prvs1?|btv1=?)=[^=]*=")
# A forwarder's stamp: the hash, and in SRS0 the day, before the domain that it stands for.
_STAMPED = re.compile(r"(srs[01])([=+-])")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# A recipient within: what stands before `=` and the domain after it.
_RECIPIENT = re.compile(r"[^-+=#]{1,64}=[^-+=.#]+(?:[-.][^-+=.#]+)*\.[^\W\d_]{2,24}")
_BETWEEN = re.compile(r"([-+=._/]+)")
_RUN = re.compile(r"#(?:[-+=._/]#)+")
_HEX = frozenset("0123456789abcdef")
SHORTEST_HEX, SHORTEST_RANDOM, FEWEST_DIGITS = 8, 10, 3


def stable(address: Address) -> str:
    """Return an address as a list looks it up, with `#` for all that changes from mail to mail."""
    local, _, domain = address.key.rpartition("@")
    return f"{_stable_local(local)}@{domain}"


def read_pattern(text: str) -> str:
    """Return what a person wrote as an entry keeps it, or raise BadName with the reason."""
    pattern = text.strip().lower().removeprefix("@")
    if "*" in pattern or "?" in pattern:
        raise BadName(f"'{text}': write an address or a domain; * and ? mean nothing here.")
    try:
        if "@" not in pattern:
            return parse_domain(pattern)
        return Address.parse(pattern).key
    except (BadAddress, BadName) as error:
        raise BadName(f"'{text}' is neither a mail address nor a domain.") from error


def _stable_local(local: str) -> str:
    signed = _SIGNED.match(local)
    if signed:
        return f"{signed[1]}={ANY}={_unchanging(local[signed.end() :])}"
    stamped = _STAMPED.match(local)
    if stamped:
        return _without_stamp(stamped[1], local[stamped.end() :])
    return _unchanging(local)


def _unchanging(local: str) -> str:
    local = _RECIPIENT.sub(ANY, _UUID.sub(ANY, local))
    pieces = (ANY if _changes(piece) else piece for piece in _BETWEEN.split(local))
    return _RUN.sub(ANY, "".join(pieces))


def _without_stamp(kind: str, rest: str) -> str:
    """Return an address that forwarders rewrote, without what they change each day.

    `SRS0=hash=day=domain=local`, and `SRS1=hash=first==hash=day=domain=local` after a second one.
    """
    if kind == "srs0":
        _hash, _, dated = rest.partition("=")
        _day, _, origin = dated.partition("=")
        return f"{kind}={ANY}={origin}"
    _hash, _, onward = rest.partition("=")
    first, _, inner = onward.partition("==")
    _hash, _, dated = inner.partition("=")
    _day, _, origin = dated.partition("=")
    return f"{kind}={ANY}={first}=={ANY}={origin}"


def _changes(piece: str) -> bool:
    """Whether a piece of an address looks like a number, a hash or a random name."""
    if not piece.isascii():
        return False
    digits = sum(char.isdigit() for char in piece)
    return (
        piece.isdigit()
        or (digits > 0 and len(piece) >= SHORTEST_HEX and _HEX.issuperset(piece))
        or (digits >= FEWEST_DIGITS and len(piece) >= SHORTEST_RANDOM and piece.isalnum())
    )
